"""What holds for every kind of problem and every estimator that a spec may name."""

from __future__ import annotations

import logging
from typing import get_args

import numpy as np
import pandas as pd
import pytest

from ml.artifacts.models import get_model, put_model
from ml.artifacts.store import ArtifactStore
from ml.domain.errors import DataError, SpecError
from ml.flows.exhibits import complaint_of
from ml.problems import PROBLEMS, problem_of
from ml.problems.base import PREDICTION
from ml.profiles import conform
from ml.specs.problem import ProblemSpec
from ml.specs.training import EstimatorName
from ml.training import fit, fit_dummy, refit
from tests.contract.skops_state import state_of, state_of_skops
from tests.tables import SCHEMA, TARGETS, mixed_rows, spec_for, strange_rows

KINDS = sorted(PROBLEMS)
_FAST = {"n_estimators": 8, "max_iter": 30, "hidden_layer_sizes": [6]}
_ANY_KIND = {
    "ElasticNet": "regression",
    "GaussianNB": "classification",
    "Lasso": "regression",
    "LogisticRegression": "classification",
    "Ridge": "regression",
}


def kind_of(estimator: str) -> str:
    if estimator in _ANY_KIND:
        return _ANY_KIND[estimator]
    return "classification" if estimator.endswith("Classifier") else "regression"


def fast(estimator: str) -> dict[str, object]:
    kind = kind_of(estimator)
    known = PROBLEMS[kind].estimator(estimator, {}, 0).get_params()
    return {name: value for name, value in _FAST.items() if name in known and known[name] is not None}


def spec_with(estimator: str, **parameters: object):
    candidate = {"estimator": estimator, "parameters": fast(estimator) | parameters}
    return spec_for(kind_of(estimator), training={"candidates": [candidate]})


def quick(kind: str, *, target: str = "", **parameters: object):
    """A spec whose fit takes milliseconds."""
    name = next(name for name in get_args(EstimatorName) if name.startswith("DecisionTree") and kind_of(name) == kind)
    return spec_for(kind, target=target, training={"candidates": [{"estimator": name, "parameters": parameters}]})


@pytest.fixture
def store(tmp_path):
    return ArtifactStore(str(tmp_path))


def test_every_kind_of_a_spec_has_a_problem():
    union = get_args(get_args(ProblemSpec)[0])
    assert {get_args(member.model_fields["kind"].annotation)[0] for member in union} == set(PROBLEMS)


@pytest.mark.parametrize("kind", KINDS)
def test_metrics_of_specs_and_problems_are_the_same(kind):
    spec = spec_for(kind).problem
    assert set(get_args(type(spec).model_fields["metric"].annotation)) == set(PROBLEMS[kind].metrics)
    assert set(PROBLEMS[kind].default_metrics) <= set(PROBLEMS[kind].metrics)
    assert all(name == metric.name for name, metric in PROBLEMS[kind].metrics.items())


@pytest.mark.parametrize("kind", KINDS)
def test_defaults_fit_their_own_problem(kind):
    problem = PROBLEMS[kind]
    problem.check_spec(spec_for(kind))
    fitted = fit(mixed_rows(), spec=spec_for(kind), schema=SCHEMA, problem=problem)
    assert fitted.candidate == problem.default_candidates()[0].estimator
    assert fitted.trials == ()


@pytest.mark.parametrize("kind", KINDS)
def test_truth_and_predictions_are_aligned_and_every_metric_has_a_value(kind):
    problem, spec, rows = PROBLEMS[kind], quick(kind), strange_rows().iloc[::-1]
    fitted = fit(mixed_rows(), spec=spec, schema=SCHEMA, problem=problem)
    truth = problem.truth(rows, spec.problem)
    predictions = problem.predict(fitted.estimator, conform(rows, SCHEMA))
    assert list(truth.index) == list(predictions.index) == list(range(len(rows)))
    assert PREDICTION in predictions
    assert list(truth.columns) == list(spec.problem.targets)
    assert list(problem.target_for_fit(truth)) == list(truth.iloc[:, 0])
    for metric in problem.metrics.values():
        assert np.isfinite(metric.value(truth, predictions))


@pytest.mark.parametrize("kind", KINDS)
def test_the_dummy_is_beaten_and_stored(kind, store):
    problem, spec, rows = PROBLEMS[kind], quick(kind, max_depth=4), mixed_rows(400)
    dummy = fit_dummy(rows, spec=spec, schema=SCHEMA, problem=problem)
    fitted = fit(rows, spec=spec, schema=SCHEMA, problem=problem)
    truth, features = problem.truth(rows, spec.problem), conform(rows, SCHEMA)
    for name, metric in problem.metrics.items():
        ours = metric.value(truth, problem.predict(fitted.estimator, features))
        assert metric.gain(ours, metric.value(truth, problem.predict(dummy, features))) > 0, name
    again = get_model(store, put_model(store, dummy))
    pd.testing.assert_frame_equal(problem.predict(again, features), problem.predict(dummy, features), check_exact=True)


@pytest.mark.parametrize("kind", KINDS)
def test_a_missing_target_is_named(kind):
    problem, spec = PROBLEMS[kind], spec_for(kind)
    with pytest.raises(DataError, match=TARGETS[kind]):
        problem.truth(mixed_rows().drop(columns=TARGETS[kind]), spec.problem)
    with pytest.raises(DataError, match="1 of 160 rows have no"):
        problem.truth(
            mixed_rows().assign(**{TARGETS[kind]: lambda rows: rows[TARGETS[kind]].where(rows.index > 0)}), spec.problem
        )


@pytest.mark.parametrize("kind", KINDS)
def test_no_rows_give_no_metric(kind):
    problem, spec = PROBLEMS[kind], quick(kind)
    fitted = fit(mixed_rows(), spec=spec, schema=SCHEMA, problem=problem)
    none = problem.predict(fitted.estimator, conform(mixed_rows(1), SCHEMA)).iloc[:0]
    truth = problem.truth(mixed_rows(1), spec.problem).iloc[:0]
    for metric in problem.metrics.values():
        with pytest.raises(DataError, match="no rows"):
            metric.value(truth, none)


@pytest.mark.parametrize("name", get_args(EstimatorName))
def test_every_estimator_fits_mixed_rows_and_is_stored_bit_for_bit(name, store, caplog):
    caplog.set_level(logging.ERROR)  # a small table does not let everything converge
    spec = spec_with(name)
    problem = problem_of(spec.problem)
    problem.check_spec(spec)
    fitted = fit(mixed_rows(), spec=spec, schema=SCHEMA, problem=problem)
    assert state_of(fitted.estimator) == state_of_skops(fitted.estimator)
    sha256 = put_model(store, fitted.estimator)
    features = conform(strange_rows(), SCHEMA)
    before = problem.predict(fitted.estimator, features)
    after = problem.predict(get_model(store, sha256), features)
    pd.testing.assert_frame_equal(before, after, check_exact=True)
    again = refit(fitted.candidate, fitted.parameters, mixed_rows(), spec=spec, schema=SCHEMA, problem=problem)
    assert put_model(store, again) == sha256


@pytest.mark.parametrize("name", get_args(EstimatorName))
def test_an_estimator_of_another_kind_is_refused(name):
    other = next(kind for kind in KINDS if kind != kind_of(name))
    with pytest.raises(SpecError, match=f"{name} is no estimator for {other}"):
        PROBLEMS[other].estimator(name, {}, 0)


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("GradientBoostingClassifier", {"loss": "exponential"}),
        ("GradientBoostingRegressor", {"loss": "huber"}),
        ("GradientBoostingRegressor", {"loss": "quantile", "init": "zero"}),
        ("HistGradientBoostingClassifier", {"early_stopping": True, "max_features": 0.5}),
        ("HistGradientBoostingRegressor", {"loss": "absolute_error"}),
        ("HistGradientBoostingRegressor", {"loss": "gamma"}),
        ("HistGradientBoostingRegressor", {"loss": "poisson"}),
        ("HistGradientBoostingRegressor", {"loss": "quantile", "quantile": 0.9}),
        ("KNeighborsClassifier", {"algorithm": "ball_tree", "metric": "manhattan"}),
        ("KNeighborsClassifier", {"algorithm": "kd_tree", "p": 3, "weights": "distance"}),
        ("KNeighborsRegressor", {"algorithm": "ball_tree", "metric": "chebyshev"}),
        ("KNeighborsRegressor", {"algorithm": "brute", "metric": "cosine"}),
        ("LogisticRegression", {"class_weight": "balanced", "solver": "saga"}),
        ("MLPClassifier", {"solver": "sgd", "early_stopping": True}),
        ("MLPRegressor", {"solver": "lbfgs"}),
        ("RandomForestClassifier", {"bootstrap": True, "oob_score": False, "class_weight": "balanced_subsample"}),
        ("RandomForestRegressor", {"criterion": "absolute_error"}),
        ("SGDClassifier", {"loss": "modified_huber", "average": True}),
        ("SGDRegressor", {"loss": "huber", "penalty": "elasticnet"}),
    ],
)
def test_parameters_that_change_what_is_stored(name, parameters, store, caplog):
    caplog.set_level(logging.ERROR)
    spec = spec_with(name, **parameters)
    problem = problem_of(spec.problem)
    problem.check_spec(spec)
    fitted = fit(mixed_rows(), spec=spec, schema=SCHEMA, problem=problem)
    assert state_of(fitted.estimator) == state_of_skops(fitted.estimator)
    sha256 = put_model(store, fitted.estimator)
    features = conform(strange_rows(), SCHEMA)
    before = problem.predict(fitted.estimator, features)
    pd.testing.assert_frame_equal(before, problem.predict(get_model(store, sha256), features), check_exact=True)


@pytest.mark.parametrize(("target", "labels"), [("sold", ["no", "yes"]), ("grade", [0, 1, 2]), ("flag", [False, True])])
def test_labels_keep_their_type(target, labels, store):
    spec = quick("classification", target=target)
    problem = problem_of(spec.problem)
    fitted = fit(mixed_rows(), spec=spec, schema=SCHEMA, problem=problem)
    estimator = get_model(store, put_model(store, fitted.estimator))
    predictions = problem.predict(estimator, conform(strange_rows(), SCHEMA))
    assert list(predictions.columns) == [PREDICTION, *(f"p_{label}" for label in labels)]
    assert set(predictions[PREDICTION]) <= set(labels)
    truth = problem.truth(strange_rows(), spec.problem)
    assert truth[target].dtype == predictions[PREDICTION].dtype


@pytest.mark.parametrize("estimator", get_args(EstimatorName))
def test_every_estimator_bears_rows_like_none_that_it_learned_from(estimator):
    """The gate asks for that by default (PG012), so no estimator that a spec may name can fail it by its nature."""
    spec, rows = spec_with(estimator), mixed_rows()
    fitted = fit(rows, spec=spec, schema=SCHEMA, problem=problem_of(spec.problem))
    assert complaint_of(spec, SCHEMA, fitted.estimator, rows) == ""
