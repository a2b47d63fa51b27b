"""With which batches a batch is compared, and the samples of rows for what has to look at rows."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.domain.findings import Outcome
from ml.monitoring.classifier import tell_apart
from ml.monitoring.reference import reference_batches
from ml.monitoring.sample import stratified
from ml.specs.monitoring import FixedReference, LastReference, SeasonReference
from tests.builders import week

WEEKS = tuple(week(number) for number in range(60))


def test_the_last_batches_end_before_the_window() -> None:
    assert reference_batches(LastReference(kind="last", batches=3), week(10), WEEKS) == WEEKS[7:10]
    assert reference_batches(LastReference(kind="last", batches=3), week(0), WEEKS) == ()


def test_a_fixed_span_stays_and_a_later_window_adds_nothing() -> None:
    span = FixedReference(kind="fixed", start=week(2).start, end=week(5).end)
    assert reference_batches(span, week(30), WEEKS) == WEEKS[2:6]
    assert reference_batches(span, week(4), WEEKS) == WEEKS[2:4], "a backfill knows no later batch"


def test_a_season_is_the_weeks_around_the_same_moment_before() -> None:
    season = SeasonReference(kind="season", ago=timedelta(weeks=52), around=1)
    assert reference_batches(season, week(55), WEEKS) == WEEKS[2:5]
    assert reference_batches(season, week(10), WEEKS) == ()


@given(st.integers(1, 300), st.integers(1, 50), st.integers(0, 3))
def test_a_stratified_sample_is_bounded_ordered_and_loses_no_stratum(rows: int, size: int, seed: int) -> None:
    frame = pd.DataFrame({"x": np.arange(rows), "k": np.where(np.arange(rows) % 10 == 0, "rare", "often")})
    found = stratified(frame, ["k"], size, seed=seed)
    assert len(found) == min(rows, size)
    assert found["x"].is_monotonic_increasing
    assert found["x"].is_unique
    if size >= 2 and rows > 1:
        assert set(found["k"]) == set(frame["k"])
    pd.testing.assert_frame_equal(found, stratified(frame, ["k"], size, seed=seed))


def test_a_sample_is_spread_over_time() -> None:
    found = stratified(pd.DataFrame({"x": np.arange(10_000)}), [], 100, seed=0)
    assert np.histogram(found["x"], bins=10, range=(0, 10_000))[0].tolist() == [10] * 10


def table(rng: np.random.Generator, rows: int, rho: float) -> pd.DataFrame:
    x = rng.normal(size=(rows, 3))
    x[:, 1] = rho * x[:, 0] + np.sqrt(1 - rho * rho) * x[:, 1]
    return pd.DataFrame(x, columns=list("abc")).assign(k=rng.choice(["p", "q", None], rows))


@pytest.mark.parametrize(("rho", "outcome"), [(0.0, Outcome.PASSED), (0.9, Outcome.WARNING)])
def test_a_classifier_finds_a_correlation_that_no_column_shows(rho: float, outcome: Outcome) -> None:
    rng = np.random.default_rng(4)
    found = tell_apart(
        table(rng, 800, 0.0),
        table(rng, 400, rho),
        numeric=list("abc"),
        categorical=["k"],
        threshold=0.6,
        level=0.01,
        seed=0,
    )
    assert found.outcome is outcome
    assert found.auc is not None
    assert found.interval is not None
    assert found.interval[0] < found.auc < found.interval[1]


def test_a_classifier_with_few_rows_or_odd_values_cannot_tell() -> None:
    rng = np.random.default_rng(4)
    few = tell_apart(
        table(rng, 800, 0), table(rng, 20, 0), numeric=["a"], categorical=[], threshold=0.6, level=0.01, seed=0
    )
    assert (few.outcome, few.auc) == (Outcome.CANNOT_TELL, None)
    odd = table(rng, 80, 0).assign(k=[["a"]] * 80)
    found = tell_apart(odd, odd, numeric=["a"], categorical=["k"], threshold=0.6, level=0.01, seed=0)
    assert found.outcome is Outcome.CANNOT_TELL
    assert "no categories" in found.note
