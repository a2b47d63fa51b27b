"""Which candidate becomes the challenger: the first one, unless another is better beyond chance."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.evaluation import Pick, pick, terms_of
from ml.evaluation.pick import SURE
from ml.problems import PROBLEMS

CLASSES = PROBLEMS["classification"].metrics
NUMBERS = PROBLEMS["regression"].metrics
ACCURACY = CLASSES["accuracy"]


def right(truth, share, seed):
    """Predictions of which about ``share`` are right."""
    rng = np.random.default_rng(seed)
    guess = np.where(rng.random(len(truth)) < share, truth["y"], 1 - truth["y"])
    likely = np.where(guess == 1, 0.7, 0.3)
    return pd.DataFrame({"prediction": guess, "p_0": 1 - likely, "p_1": likely})


def labels(rows=400, seed=0):
    return pd.DataFrame({"y": np.random.default_rng(seed).integers(0, 2, rows)})


def picked(metric, truth, *predictions, least_rows=50, seed=0) -> Pick:
    return pick(metric, [terms_of(metric, truth, one) for one in predictions], least_rows=least_rows, seed=seed)


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_the_first_stays_unless_another_is_better_beyond_chance(name):
    truth = labels(1000)
    poor, good, best = right(truth, 0.7, 1), right(truth, 0.85, 2), right(truth, 0.9, 3)
    metric = CLASSES[name]
    assert picked(metric, truth, poor, good, best).place == 2
    assert picked(metric, truth, poor, best, good).place == 1
    assert picked(metric, truth, good, poor, good).place == 0
    found = picked(metric, truth, poor, best)
    assert found.values == (metric.value(truth, poor), metric.value(truth, best))
    assert found.chances[0] is None
    assert found.chances[1] < SURE


@pytest.mark.parametrize("name", sorted(NUMBERS))
def test_so_with_numbers(name):
    rng = np.random.default_rng(0)
    truth = pd.DataFrame({"y": rng.normal(size=300)})
    good, bad = (pd.DataFrame({"prediction": truth["y"] + rng.normal(scale=s, size=300)}) for s in (0.3, 0.6))
    assert picked(NUMBERS[name], truth, bad, good, bad).place == 1
    assert picked(NUMBERS[name], truth, good, bad).place == 0
    assert picked(NUMBERS[name], truth, good, good).chances == (None, 1.0)


def test_what_is_only_a_little_better_may_be_chance():
    truth = labels(400)
    wrong = np.arange(400) < 100
    first = pd.DataFrame({"prediction": np.where(wrong, 1 - truth["y"], truth["y"])})
    for better, place in ((5, 0), (10, 1)):  # won without a loss: 2^-5 = 0.03, 2^-10 = 0.001
        other = pd.DataFrame({"prediction": np.where(wrong & (np.arange(400) >= better), 1 - truth["y"], truth["y"])})
        found = picked(ACCURACY, truth, first, other)
        assert found.place == place
        assert found.chances == (None, pytest.approx(0.5**better))


def test_the_exact_test_is_the_binomial_one():
    from scipy.stats import binomtest

    truth = pd.DataFrame({"y": np.zeros(60, dtype=int)})
    first = pd.DataFrame({"prediction": (np.arange(60) < 23).astype(int)})
    other = pd.DataFrame({"prediction": (np.arange(60) >= 48).astype(int)})
    expected = binomtest(23, 35, alternative="greater").pvalue
    assert picked(ACCURACY, truth, first, other).chances[1] == pytest.approx(expected)


def test_more_comparisons_ask_for_more():
    truth = labels(400)
    wrong = np.arange(400) < 100
    first = pd.DataFrame({"prediction": np.where(wrong, 1 - truth["y"], truth["y"])})
    other = pd.DataFrame({"prediction": np.where(wrong & (np.arange(400) >= 7), 1 - truth["y"], truth["y"])})
    assert picked(ACCURACY, truth, first, other).place == 1, "0.0078 < 0.01"
    assert picked(ACCURACY, truth, first, other, first).place == 0, "0.0078 > 0.005"


def test_noise_is_hardly_ever_picked():
    left = sum(
        picked(
            CLASSES[name], labels(300, seed), *(right(labels(300, seed), 0.8, 3 * seed + one) for one in range(3))
        ).place
        != 0
        for seed in range(150)
        for name in ("accuracy", "log_loss")
    )
    assert left <= 9  # 1 % of 300 are expected


def test_few_rows_cannot_choose():
    truth = labels(49)
    found = picked(ACCURACY, truth, right(truth, 0.0, 1), right(truth, 1.0, 2))
    assert found == Pick(0, (0.0, 1.0), (None, None))


def test_a_metric_that_is_not_defined_chooses_nothing():
    truth = pd.DataFrame({"y": np.ones(80, dtype=int)})
    found = picked(CLASSES["roc_auc"], truth, right(truth, 0.7, 1), right(truth, 0.9, 2))
    assert found == Pick(0, (None, None), (None, None))
    assert terms_of(ACCURACY, truth.iloc[:0], right(truth, 0.7, 1).iloc[:0]) is None
    one = terms_of(ACCURACY, truth, right(truth, 0.1, 1))
    assert pick(ACCURACY, [one, None, one + 1.0], least_rows=50, seed=0).place == 2


def test_a_single_candidate_is_the_one():
    truth = labels()
    assert picked(ACCURACY, truth, right(truth, 0.8, 1)).place == 0


@settings(max_examples=25)
@given(st.sampled_from(sorted(CLASSES)), st.integers(0, 80), st.integers(1, 4), st.integers(0, 2**32 - 1))
def test_a_pick_is_a_function_of_its_inputs(name, rows, candidates, seed):
    truth = labels(rows, 5)
    given_ = [right(truth, 0.6 + place / 10, place) for place in range(candidates)]
    found = picked(CLASSES[name], truth, *given_, seed=seed)
    assert found == picked(CLASSES[name], truth, *given_, seed=seed)
    assert 0 <= found.place < candidates == len(found.values) == len(found.chances)
    if found.place:
        assert found.chances[found.place] * (candidates - 1) < SURE
