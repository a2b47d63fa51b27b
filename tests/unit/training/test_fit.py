from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from ml.domain.errors import DataError
from ml.domain.schema import ColumnRole, ColumnSchema, ColumnType, TableSchema
from ml.problems import problem_of
from ml.profiles import conform
from ml.training import fit
from tests.tables import SCHEMA, mixed_rows, spec_for, strange_rows

TREE = {"estimator": "DecisionTreeClassifier", "search": {"max_depth": {"low": 1, "high": 6}}}
LINEAR = {"estimator": "LogisticRegression", "search": {"C": {"low": 0.01, "high": 100.0, "log": True}}}


def fitted(rows=None, *, spec, schema=SCHEMA, **more):
    rows = mixed_rows() if rows is None else rows
    return fit(rows, spec=spec, schema=schema, problem=problem_of(spec.problem), **more)


def searching(**training):
    return spec_for(training={"candidates": [TREE, LINEAR], "search": {"trials": 6, "folds": 2}} | training)


def test_the_search_is_recorded_and_repeatable():
    first, second = fitted(spec=searching()), fitted(spec=searching())
    assert (first.candidate, first.parameters, first.trials) == (second.candidate, second.parameters, second.trials)
    assert 2 <= len(first.trials) <= 6
    json.dumps(first.trials, allow_nan=False)
    best = max(first.trials, key=lambda trial: trial["score"])
    assert (best["candidate"], best["parameters"]) == (first.candidate, first.parameters)
    features = conform(strange_rows(), SCHEMA)
    problem = problem_of(searching().problem)
    pd.testing.assert_frame_equal(
        problem.predict(first.estimator, features), problem.predict(second.estimator, features), check_exact=True
    )
    assert first.seconds > 0


def test_the_order_of_rows_does_not_matter():
    spec = searching()
    assert fitted(spec=spec).trials == fitted(mixed_rows().sample(frac=1.0, random_state=0), spec=spec).trials


def test_progress_is_told():
    told = []
    fitted(spec=searching(), on_trial=lambda done, of: told.append((done, of)))
    assert len(told) == 6
    assert told[-1][1] == 6


def test_two_candidates_without_search_are_compared():
    spec = spec_for(training={"candidates": [{"estimator": "GaussianNB"}, {"estimator": "DecisionTreeClassifier"}]})
    found = fitted(spec=spec)
    assert [trial["candidate"] for trial in found.trials] == ["GaussianNB", "DecisionTreeClassifier"]


def test_one_label_is_refused_before_anything_is_fitted():
    with pytest.raises(DataError, match="All 160 training rows have one sold, 'yes'"):
        fitted(mixed_rows().assign(sold="yes"), spec=spec_for())


def test_a_fold_without_a_second_label_is_passed_over():
    rows = mixed_rows()
    rows.loc[:60, "sold"] = "no"
    assert all(trial["score"] is not None for trial in fitted(rows, spec=searching()).trials)


def test_folds_that_all_lack_a_label_are_an_error_with_the_reason():
    rows = mixed_rows()
    rows["sold"] = "no"
    rows.loc[159, "sold"] = "yes"
    with pytest.raises(DataError, match="needs two labels"):
        fitted(rows, spec=searching())


def test_a_table_without_features_is_refused():
    bare = TableSchema((ColumnSchema("empty", ColumnType.NUMBER, ColumnRole.NUMERIC),))
    with pytest.raises(DataError, match="no feature to learn from"):
        fitted(spec=spec_for(), schema=bare)


def test_what_an_estimator_refuses_is_explained():
    spec = spec_for("regression", training={"candidates": [{"estimator": "PoissonRegressor"}]})
    with pytest.raises(DataError, match="PoissonRegressor cannot be fitted on these 160 rows"):
        fitted(mixed_rows().assign(price=-1.0), spec=spec)


def test_warnings_are_logged_once(caplog):
    spec = spec_for(training={"candidates": [{"estimator": "MLPClassifier", "parameters": {"max_iter": 2}}]})
    fitted(spec=spec)
    assert [record.message for record in caplog.records if "converged" in record.message or "onverge" in record.message]
    assert len(caplog.records) == 1


def test_numbers_that_need_nothing_are_not_prepared():
    schema = TableSchema((ColumnSchema("age", ColumnType.INTEGER, ColumnRole.NUMERIC),))
    found = fitted(spec=spec_for(training={"candidates": [{"estimator": "DecisionTreeClassifier"}]}), schema=schema)
    assert list(found.estimator.named_steps) == ["estimator"]


def test_infinite_features_of_a_linear_model_are_an_error_not_a_prediction():
    spec = spec_for(training={"candidates": [{"estimator": "LogisticRegression"}]})
    found = fitted(spec=spec)
    features = conform(strange_rows(), SCHEMA)
    features.loc[0, "size"] = np.inf
    with pytest.raises(DataError, match="refuses the features"):
        problem_of(spec.problem).predict(found.estimator, features)
