"""How sure a gain is: against textbooks, against scikit-learn, and by how often the intervals are right."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, norm

from ml.evaluation.blocks import block_length, spread_of_mean
from ml.evaluation.gain import Gain, Method, measure_gain, value_interval
from ml.evaluation.proportions import score, score_bound, share_interval
from ml.evaluation.spending import doubt_level, proof_level
from ml.problems import PROBLEMS

CLASSES, NUMBERS = PROBLEMS["classification"].metrics, PROBLEMS["regression"].metrics
ACCURACY, AUC, ABSOLUTE = CLASSES["accuracy"], CLASSES["roc_auc"], NUMBERS["mean_absolute_error"]


def autoregressive(strength: float, rows: int, seed: int = 0) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(size=rows)
    series = np.zeros(rows)
    for place in range(rows):
        series[place] = (strength * series[place - 1] if place else 0.0) + noise[place]
    return series


def gain(metric, truth, ours, theirs, resamples: int = 1000) -> Gain:
    found = measure_gain(metric, metric.terms(truth, ours), metric.terms(truth, theirs), resamples=resamples, seed=0)
    assert isinstance(found, Gain)
    return found


def probabilities(truth: pd.DataFrame, noise: float, seed: int) -> pd.DataFrame:
    drawn = np.random.default_rng(seed).normal(scale=noise, size=len(truth))
    likely = 1.0 / (1.0 + np.exp(-(2.0 * truth["y"] - 1.0 + drawn)))
    return pd.DataFrame({"prediction": (likely > 0.5).astype(int), "p_0": 1.0 - likely, "p_1": likely})


# -- spending --------------------------------------------------------------------------------------------------------


@given(st.floats(0.6, 0.999))
def test_all_attempts_together_spend_no_more_than_the_tail(confidence: float) -> None:
    spent = sum(proof_level(confidence, attempt) for attempt in range(1, 2000))
    assert spent < (1.0 - confidence) / 2.0
    assert spent > 0.999 * (1.0 - confidence) / 2.0


def test_doubt_begins_at_the_plain_interval_and_ends_against_the_challenger() -> None:
    levels = [doubt_level(0.95, attempt) for attempt in (1, 2, 10, 29, 30, 100)]
    assert levels[0] == pytest.approx(0.025)
    assert levels == sorted(levels)
    assert levels[3] < 0.51
    assert levels[4] > 0.5
    assert proof_level(0.95, 1) > proof_level(0.95, 2) > proof_level(0.95, 100) > 0


@pytest.mark.parametrize("attempts", [1, 5, 100])
def test_what_the_first_attempt_hardly_lets_through_a_hundred_do_not_either(attempts: int) -> None:
    """A challenger worse by D: the chances of all attempts, each with its own doubt, sum to at most 0.025."""
    distance = norm.isf(0.025) + norm.isf(proof_level(0.95, 1))
    passes = [norm.sf(distance - norm.isf(doubt_level(0.95, attempt))) for attempt in range(1, attempts + 1)]
    assert sum(passes) <= 0.025
    assert passes[0] == pytest.approx(proof_level(0.95, 1))


# -- paired proportions ----------------------------------------------------------------------------------------------


@given(st.integers(0, 40), st.integers(0, 40))
def test_at_no_difference_the_score_is_mcnemars(wins: int, losses: int) -> None:
    expected = (wins - losses) / math.sqrt(wins + losses) if wins + losses else 0.0
    assert score(0.0, wins, losses, 200) == pytest.approx(expected, abs=1e-9)


@given(st.integers(0, 30), st.integers(0, 30), st.integers(60, 500), st.floats(0.001, 0.4))
def test_the_bound_is_where_the_score_is_the_quantile(wins: int, losses: int, rows: int, tail: float) -> None:
    bound = score_bound(wins, losses, rows)
    low, high = bound(tail), bound(1.0 - tail)
    assert -1.0 < low < (wins - losses) / rows < high < 1.0 or wins + losses == 0
    assert score(low, wins, losses, rows) == pytest.approx(norm.isf(tail), abs=1e-5)
    assert score_bound(losses, wins, rows)(tail) == pytest.approx(-high, abs=1e-9), "the other way round, mirrored"


def test_the_interval_of_paired_proportions_holds_its_confidence_on_few_rows() -> None:
    rng, outside = np.random.default_rng(0), 0
    for _ in range(2000):
        wins, losses, _ = rng.multinomial(60, [0.10, 0.05, 0.85])
        bound = score_bound(int(wins), int(losses), 60)
        outside += not bound(0.025) < 0.05 < bound(0.975)
    assert outside / 2000 < 0.06


# -- the area under the curve ----------------------------------------------------------------------------------------


def test_the_area_is_compared_as_delong_does() -> None:
    truth = pd.DataFrame({"y": np.random.default_rng(1).integers(0, 2, 400)})
    ours, theirs = probabilities(truth, 1.0, 2), probabilities(truth, 1.3, 3)
    positive = truth["y"].to_numpy() == 1
    parts = []
    for side in (ours, theirs):
        scores = side["p_1"].to_numpy()
        wins = (scores[positive][:, None] > scores[~positive][None, :]).astype(float)
        parts.append((wins.mean(axis=1), wins.mean(axis=0), wins.mean()))
    of_positives, of_negatives = parts[0][0] - parts[1][0], parts[0][1] - parts[1][1]
    error = math.sqrt(of_positives.var(ddof=1) / positive.sum() + of_negatives.var(ddof=1) / (~positive).sum())
    found = gain(AUC, truth, ours, theirs)
    assert found.method is Method.DELONG
    assert found.difference == pytest.approx(parts[0][2] - parts[1][2])
    low, high = found.interval(0.95)
    assert (high - low) / 2.0 == pytest.approx(norm.isf(0.025) * error, rel=0.005)


# -- the bootstrap ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["balanced_accuracy", "f1_macro", "log_loss"])
def test_everything_else_is_bootstrapped_and_agrees_with_the_same_rows_drawn_again(name: str) -> None:
    truth = pd.DataFrame({"y": np.random.default_rng(1).integers(0, 2, 500)})
    ours, theirs = probabilities(truth, 1.0, 2), probabilities(truth, 1.3, 3)
    found = gain(CLASSES[name], truth, ours, theirs)
    assert found.method is Method.BOOTSTRAP
    low, high = found.interval(0.95)
    assert low < found.difference < high
    assert found.bound(0.001) <= low, "further out than the resamples reach"
    assert found.bound(1e-6) < found.bound(1e-5) < found.bound(0.001)
    assert found.most(0.025) == pytest.approx(high)
    assert found.least(0.025) == pytest.approx(low)


def test_more_rows_show_smaller_differences() -> None:
    sizes = []
    for rows in (100, 400, 1600):
        truth = pd.DataFrame({"y": np.random.default_rng(1).integers(0, 2, rows)})
        found = gain(ACCURACY, truth, probabilities(truth, 1.0, 2), probabilities(truth, 1.0, 3))
        sizes.append(found.resolution(0.025))
    assert sizes[0] > 1.5 * sizes[1] > 2.5 * sizes[2]


def test_what_can_be_shown_is_shown_in_four_of_five_cases() -> None:
    rng, shown, cases = np.random.default_rng(5), 0, 400
    truth = pd.DataFrame({"y": np.zeros(600)})
    theirs = pd.DataFrame({"prediction": np.ones(600)})
    size = gain(ABSOLUTE, truth, pd.DataFrame({"prediction": 1 + rng.normal(scale=0.3, size=600)}), theirs).resolution(
        0.025
    )
    for _ in range(cases):
        ours = pd.DataFrame({"prediction": 1.0 - size + rng.normal(scale=0.3, size=600)})
        shown += gain(ABSOLUTE, truth, ours, theirs, resamples=400).least(0.025) > 0
    assert 0.72 < shown / cases < 0.88


# -- blocks ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("strength", "rows", "library"),
    [(0.3, 500, 7.265296777178204), (0.7, 500, 16.61317262689872), (-0.4, 800, 14.41772520242762)],
)
def test_the_length_of_blocks_is_that_of_arch(strength: float, rows: int, library: float) -> None:
    """``arch.bootstrap.optimal_block_length`` of version 8.0.0, circular; the seeds go on from series to series."""
    rng = np.random.default_rng(0)
    for one, length in ((0.0, 500), (0.3, 500), (0.7, 500), (0.5, 2000), (-0.4, 800)):
        noise, series = rng.normal(size=length), np.zeros(length)
        series[0] = noise[0]
        for place in range(1, length):
            series[place] = one * series[place - 1] + noise[place]
        if (one, length) == (strength, rows):
            assert block_length(series) == math.ceil(library)


@pytest.mark.parametrize("series", [np.ones(100), np.arange(5.0), np.zeros(0)])
def test_no_blocks_where_nothing_can_be_correlated(series: np.ndarray) -> None:
    assert block_length(series) == 1


def test_independent_rows_are_left_alone() -> None:
    found = [block_length(np.random.default_rng(seed).normal(size=400)) for seed in range(200)]
    assert np.mean([one == 1 for one in found]) > 0.95


def test_the_spread_is_seen_that_single_rows_hide() -> None:
    """The mean of an AR(1) of strength 0.6 spreads 2 times wider than that of as many independent rows."""
    series = autoregressive(0.6, 2000)
    error, waves = spread_of_mean(series, block_length(series))
    single = series.std() / math.sqrt(2000)
    assert 1.6 * single < error < 2.4 * single
    assert 20 < waves <= round(0.4 * 2000 ** (2 / 3))


def test_independent_rows_spread_by_the_textbook() -> None:
    noise = np.random.default_rng(0).normal(size=4000)
    error, waves = spread_of_mean(noise, 1)
    assert error == pytest.approx(noise.std() / math.sqrt(4000), rel=3.0 / math.sqrt(2 * waves))
    assert spread_of_mean(noise + 5.0, 1)[0] == pytest.approx(error)
    assert spread_of_mean(2.0 * noise, 1)[0] == pytest.approx(2.0 * error)


@pytest.mark.parametrize("strength", [0.6, 0.8])
def test_intervals_hold_where_errors_are_correlated(strength: float) -> None:
    outside, plain, runs = 0, 0, 400
    for seed in range(runs):
        noise = autoregressive(strength, 800, seed)
        truth = pd.DataFrame({"y": np.zeros(800)})
        ours, theirs = pd.DataFrame({"prediction": np.full(800, 50.0)}), pd.DataFrame({"prediction": 50.0 + noise})
        found = gain(ABSOLUTE, truth, ours, theirs)
        low, high = found.interval(0.95)
        outside += not low < 0.0 < high
        plain += abs(noise.mean()) > 1.96 * noise.std() / math.sqrt(800)
        assert found.method is Method.SERIAL
    assert plain / runs > 0.25, "taken one by one the rows look like far more evidence than they are"
    assert outside / runs < 0.05 + 3.0 * math.sqrt(0.05 * 0.95 / runs)


def test_the_interval_of_a_metric_allows_for_rows_that_resemble_their_neighbours() -> None:
    plain, outside, runs, rows = 0, 0, 400, 400
    for seed in range(runs):
        errors = autoregressive(0.8, rows, seed) + 10.0
        low, high = value_interval(ABSOLUTE, errors[:, None], 0.95)
        outside += not low < 10.0 < high
        plain += abs(errors.mean() - 10.0) > 1.96 * errors.std() / math.sqrt(rows)
    assert plain / runs > 0.35, "taken one by one the rows look like far more evidence than they are"
    assert outside / runs < 0.05 + 3.0 * math.sqrt(0.05 * 0.95 / runs)


@pytest.mark.parametrize("share", [0.9, 0.95, 0.99])
def test_the_interval_of_a_share_holds_near_its_ends(share: float) -> None:
    rng, runs, rows = np.random.default_rng(0), 2000, 100
    reach, hits = norm.ppf(0.975), np.arange(rows + 1)
    misses = [not low <= share <= high for low, high in (share_interval(one / rows, rows, reach) for one in hits)]
    exact = float(binom.pmf(hits, rows, share) @ misses)
    assert exact < 0.085, "whole numbers of rows cannot hold 0.05 exactly; the plain one misses 0.37 at 0.99"
    outside = 0
    for hits in rng.binomial(rows, share, runs):
        right = rng.permutation(np.arange(rows) < hits).astype(float)
        low, high = value_interval(ACCURACY, right[:, None], 0.95)
        assert low < high
        outside += not low <= share <= high
    assert outside / runs < exact + 3.0 * math.sqrt(exact * (1.0 - exact) / runs)
