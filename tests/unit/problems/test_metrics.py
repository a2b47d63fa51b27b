"""Our metrics are scikit-learn's, on whatever rows."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as reference

from ml.domain.errors import DataError
from ml.problems import PROBLEMS

CLASSIFICATION, REGRESSION = PROBLEMS["classification"].metrics, PROBLEMS["regression"].metrics


@st.composite
def classified(draw):
    """Truth and predictions of 2 to 4 classes, with ties among the probabilities; every class is in the truth."""
    classes = draw(st.integers(2, 4))
    rows = draw(st.integers(classes, 40))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    labels = draw(st.sampled_from([np.arange(classes), np.array(["a", "b", "c", "d"], dtype=object)[:classes]]))
    true = np.concatenate([np.arange(classes), rng.integers(0, classes, rows - classes)])
    weights = rng.integers(1, 4, (rows, classes)).astype(float)
    return labels, true, weights / weights.sum(axis=1, keepdims=True)


def tables(labels, true, probabilities):
    columns = {"prediction": labels[probabilities.argmax(axis=1)]}
    columns |= {f"p_{label}": probabilities[:, place] for place, label in enumerate(labels)}
    return pd.DataFrame({"y": labels[true]}), pd.DataFrame(columns)


@settings(max_examples=30, deadline=None)
@given(classified())
def test_classification_equals_scikit_learn(case):
    labels, true, probabilities = case
    truth, predictions = tables(labels, true, probabilities)
    y, guess = truth["y"], predictions["prediction"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = {
            "accuracy": reference.accuracy_score(y, guess),
            "balanced_accuracy": reference.balanced_accuracy_score(y, guess),
            "f1_macro": reference.f1_score(y, guess, average="macro"),
            "log_loss": reference.log_loss(y, probabilities, labels=labels),
            "roc_auc": reference.roc_auc_score(y, probabilities[:, 1])
            if len(labels) == 2
            else reference.roc_auc_score(y, probabilities, multi_class="ovr", labels=labels),
        }
    assert set(expected) == set(CLASSIFICATION)
    for name, value in expected.items():
        assert CLASSIFICATION[name].value(truth, predictions) == pytest.approx(value, abs=1e-12), name


finite = st.floats(-1e6, 1e6, allow_subnormal=False)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(finite, finite), min_size=2, max_size=40).filter(
        lambda pairs: np.ptp([p[0] for p in pairs]) > 1e-3
    )
)
def test_regression_equals_scikit_learn(pairs):
    y, guess = (np.array(side) for side in zip(*pairs, strict=True))
    truth, predictions = pd.DataFrame({"y": y}), pd.DataFrame({"prediction": guess})
    expected = {
        "mean_absolute_error": reference.mean_absolute_error(y, guess),
        "root_mean_squared_error": reference.root_mean_squared_error(y, guess),
        "r2": reference.r2_score(y, guess),
    }
    assert set(expected) == set(REGRESSION)
    for name, value in expected.items():
        assert REGRESSION[name].value(truth, predictions) == pytest.approx(value, rel=1e-6, abs=1e-9), name


@pytest.mark.parametrize("kind", sorted(PROBLEMS))
def test_the_mean_of_the_scores_per_row_is_the_metric(kind):
    rng = np.random.default_rng(0)
    if kind == "classification":
        weights = rng.random((50, 3))
        truth, predictions = tables(np.arange(3), rng.integers(0, 3, 50), weights / weights.sum(axis=1, keepdims=True))
    else:
        truth, predictions = pd.DataFrame({"y": rng.random(50)}), pd.DataFrame({"prediction": rng.random(50)})
    decomposable = set()
    for name, metric in PROBLEMS[kind].metrics.items():
        scores = metric.per_row(truth, predictions)
        if scores is not None:
            decomposable.add(name)
            assert len(scores) == 50
            assert scores.mean() == pytest.approx(metric.value(truth, predictions))
    assert decomposable == {"accuracy", "log_loss"} if kind == "classification" else {"mean_absolute_error"}


def two_columns(truth, predicted, likely):
    predictions = pd.DataFrame({"prediction": predicted, "p_no": 1 - np.array(likely), "p_yes": likely})
    return pd.DataFrame({"y": pd.Series(truth, dtype=object)}), predictions


def test_a_label_unseen_in_training_has_a_defined_value():
    truth, predictions = two_columns(["yes", "no", "maybe"], ["yes", "no", "no"], [0.9, 0.2, 0.1])
    assert CLASSIFICATION["accuracy"].value(truth, predictions) == pytest.approx(2 / 3)
    assert CLASSIFICATION["balanced_accuracy"].value(truth, predictions) == pytest.approx(2 / 3)
    worst = -np.log(np.finfo(float).eps)
    assert CLASSIFICATION["log_loss"].value(truth, predictions) == pytest.approx(
        (-np.log(0.9) - np.log(0.8) + worst) / 3
    )
    assert CLASSIFICATION["roc_auc"].value(truth, predictions) == 1.0  # of "yes" against the rest


def test_one_label_only_has_no_roc_auc_but_all_else():
    truth, predictions = two_columns(["yes"] * 3, ["yes", "no", "yes"], [0.9, 0.2, 0.8])
    with pytest.raises(DataError, match="one label"):
        CLASSIFICATION["roc_auc"].value(truth, predictions)
    assert CLASSIFICATION["balanced_accuracy"].value(truth, predictions) == pytest.approx(2 / 3)


def test_the_same_label_read_as_text_is_the_same_label():
    predictions = pd.DataFrame({"prediction": [0, 1], "p_0": [0.8, 0.4], "p_1": [0.2, 0.6]})
    assert CLASSIFICATION["accuracy"].value(pd.DataFrame({"y": ["0", "1"]}), predictions) == 1.0


def test_r2_of_a_constant_truth_is_undefined():
    with pytest.raises(DataError, match="does not vary"):
        REGRESSION["r2"].value(pd.DataFrame({"y": [0.1, 0.1]}), pd.DataFrame({"prediction": [0.1, 0.2]}))


def test_a_prediction_that_is_no_number_is_no_metric():
    with pytest.raises(DataError, match="no numbers"):
        REGRESSION["mean_absolute_error"].value(pd.DataFrame({"y": [1.0]}), pd.DataFrame({"prediction": [np.nan]}))
