from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import balanced_accuracy_score, f1_score, r2_score, roc_auc_score, root_mean_squared_error

from ml.evaluation import bootstrap
from ml.evaluation.bootstrap import percentile, resampled_means
from ml.problems import PROBLEMS


def draw(terms, resamples=4000, seed=0):
    return resampled_means(terms, resamples=resamples, generator=np.random.default_rng(seed))


@pytest.mark.parametrize("columns", [1, 3])
def test_the_same_seed_draws_the_same(columns):
    terms = np.random.default_rng(1).normal(size=(300, columns))
    np.testing.assert_array_equal(draw(terms), draw(terms))
    assert not np.array_equal(draw(terms), draw(terms, seed=1))


@pytest.mark.parametrize("way", ["few", "drawn", "normal"])
@pytest.mark.parametrize("columns", [1, 2])
def test_every_way_of_drawing_has_the_spread_of_the_bootstrap(way, columns, monkeypatch):
    rng = np.random.default_rng(2)
    terms = rng.integers(-1, 2, (400, columns)).astype(float) if way == "few" else rng.exponential(size=(400, columns))
    monkeypatch.setattr(bootstrap, "LARGE", 100 if way == "normal" else 1000)
    means = draw(terms)
    assert means.shape == (4000, columns)
    np.testing.assert_allclose(means.mean(axis=0), terms.mean(axis=0), atol=0.01)
    np.testing.assert_allclose(means.std(axis=0), terms.std(axis=0) / 20, rtol=0.08)


def test_columns_are_resampled_together():
    column = np.random.default_rng(3).normal(size=200)
    means = draw(np.column_stack([column, 2 * column]), 200)
    np.testing.assert_allclose(means[:, 1], 2 * means[:, 0])


REFERENCES = {
    "balanced_accuracy": lambda y, p: balanced_accuracy_score(y, p.prediction),
    "f1_macro": lambda y, p: f1_score(y, p.prediction, average="macro"),
    "roc_auc": lambda y, p: roc_auc_score(y, p.p_1),
    "root_mean_squared_error": lambda y, p: root_mean_squared_error(y, p.prediction),
    "r2": lambda y, p: r2_score(y, p.prediction),
}


@pytest.mark.parametrize("name", sorted(REFERENCES))
def test_a_metric_that_is_no_mean_spreads_as_when_scikit_learn_scores_every_resample(name):
    kind = "classification" if name in PROBLEMS["classification"].metrics else "regression"
    rng = np.random.default_rng(4)
    score = rng.random(300)
    if kind == "classification":
        truth = pd.DataFrame({"y": (score + rng.normal(scale=0.5, size=300) > 0.6).astype(int)})
        predictions = pd.DataFrame({"prediction": (score > 0.5).astype(int), "p_0": 1 - score, "p_1": score})
    else:
        truth = pd.DataFrame({"y": score + rng.normal(scale=0.4, size=300)})
        predictions = pd.DataFrame({"prediction": score})
    metric = PROBLEMS[kind].metrics[name]
    ours = metric.of_means(draw(metric.terms(truth, predictions)))
    places = rng.integers(0, 300, (200, 300))
    theirs = [REFERENCES[name](truth.y.to_numpy()[rows], predictions.iloc[rows]) for rows in places]
    assert np.mean(ours) == pytest.approx(np.mean(theirs), abs=0.2 * np.std(theirs))
    assert np.std(ours) == pytest.approx(np.std(theirs), rel=0.2)


def test_a_percentile_is_exceeded_as_often_as_it_says() -> None:
    """Of 99 draws the fifth smallest has a further draw below it in 5 of 100 cases, whatever the distribution."""
    assert percentile(np.arange(1.0, 100.0), 0.05) == pytest.approx(5.0)
    rng = np.random.default_rng(3)
    below = [rng.normal() < percentile(rng.normal(size=99), 0.02) for _ in range(20_000)]
    assert np.mean(below) == pytest.approx(0.02, abs=0.003)
