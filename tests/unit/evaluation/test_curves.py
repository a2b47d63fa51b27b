"""The curves of a version against scikit-learn's own, and what there is to draw where there is little."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import auc, roc_auc_score

from ml.evaluation import curves_of
from ml.problems.classification import Classification
from ml.problems.regression import Regression


def two_labels(rows: int = 4000) -> tuple[pd.DataFrame, pd.DataFrame]:
    random = np.random.default_rng(1)
    chance = random.uniform(size=rows).round(2)
    truth = pd.DataFrame({"y": np.where(random.uniform(size=rows) < chance, "yes", "no")})
    predictions = pd.DataFrame(
        {"prediction": np.where(chance > 0.5, "yes", "no"), "p_no": 1.0 - chance, "p_yes": chance}
    )
    return truth, predictions


def test_the_area_below_the_kept_points_is_that_of_all() -> None:
    truth, predictions = two_labels()
    found = curves_of(Classification(), truth, predictions)
    x, y = np.array(found["roc"]).T
    assert auc(x, y) == pytest.approx(roc_auc_score(truth["y"] == "yes", predictions["p_yes"]), abs=0.002)
    assert found["positive"] == "yes"
    assert found["share"] == pytest.approx((truth["y"] == "yes").mean(), abs=1e-4)
    assert found["precision_recall"][-1] == [1.0, pytest.approx(found["share"])]
    assert len(found["roc"]) <= 61


def test_probabilities_that_are_true_lie_on_the_diagonal() -> None:
    bins = curves_of(Classification(), *two_labels(40_000))["reliability"]
    assert sum(rows for _, _, rows in bins) == 40_000
    for sure, right, rows in bins:
        assert abs(sure - right) < 4 * np.sqrt(0.25 / rows)


def test_residuals_are_prediction_minus_truth() -> None:
    random = np.random.default_rng(2)
    truth = pd.DataFrame({"y": random.normal(size=5000)})
    predictions = pd.DataFrame({"prediction": truth["y"] + 2.0 + random.normal(scale=0.1, size=5000)})
    found = curves_of(Regression(), truth, predictions)
    low, high, counts = np.array(found["residuals"]).T
    assert np.average((low + high) / 2, weights=counts) == pytest.approx(2.0, abs=0.02)
    assert all(below < middle < above for _, below, middle, above in found["residuals_by_prediction"])


@pytest.mark.parametrize("label", ["yes", "no"])
def test_where_only_one_label_came_there_is_no_ranking(label: str) -> None:
    _, predictions = two_labels(50)
    found = curves_of(Classification(), pd.DataFrame({"y": [label] * 50}), predictions)
    assert set(found) == {"reliability"}


def test_without_rows_there_is_nothing_and_a_perfect_fit_has_no_bars() -> None:
    truth, predictions = two_labels(10)
    assert curves_of(Classification(), truth[:0], predictions[:0]) == {}
    exact = pd.DataFrame({"y": [1.0, 2.0, 3.0]})
    found = curves_of(Regression(), exact, exact.rename(columns={"y": "prediction"}))
    assert found["residuals"] == []
    json.dumps(found, allow_nan=False)
