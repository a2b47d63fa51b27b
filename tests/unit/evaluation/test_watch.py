"""A look at a new champion beside the one that it beat, and how much all looks may spend."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.domain.findings import Outcome
from ml.domain.watches import batches_of_look, is_over
from ml.domain.windows import Window
from ml.evaluation import Look, worse_than_beaten
from ml.evaluation.spending import look_level
from ml.problems import PROBLEMS
from ml.specs.gate import GateSpec, WatchSpec

METRICS = PROBLEMS["classification"].metrics
FIRST = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def look(right: float, beaten: float, rows: int = 200, *, metric: str = "accuracy", **gate: Any) -> Look:
    """The new champion is right on the first ``right`` of the rows, the beaten one on the last ``beaten``."""
    truth = pd.DataFrame({"y": np.arange(rows) % 2})
    place = np.random.default_rng(0).permutation(rows) / rows
    ours, theirs = place < right, place >= 1.0 - beaten
    sides = [pd.DataFrame({"prediction": np.where(one, truth["y"], 1 - truth["y"])}) for one in (ours, theirs)]
    for side in sides:
        side["p_1"] = np.where(side["prediction"] == 1, 0.8, 0.2)
        side["p_0"] = 1.0 - side["p_1"]
    spec = GateSpec.model_validate({"watch": {}, **gate}, strict=False)
    return worse_than_beaten(
        METRICS[metric], truth, *sides, batches=1, watch=spec.watch or WatchSpec(), gate=spec, seed=0
    )


def test_surely_worse_is_worse() -> None:
    found = look(0.6, 0.9)
    assert found.worse
    assert found.finding().outcome is Outcome.FAILED
    assert "accuracy -0.3 against the beaten champion" in found.sentence()
    assert "200 rows of 1 of the first 5 batches" in found.sentence()
    assert found.finding().remedy


def test_a_little_worse_may_be_chance() -> None:
    found = look(0.85, 0.9)
    assert not found.worse
    assert found.finding().outcome is Outcome.PASSED


def test_better_is_not_worse() -> None:
    assert not look(0.9, 0.6).worse


def test_the_margin_does_not_matter() -> None:
    assert not look(0.6, 0.9, margin=0.3).worse
    assert look(0.6, 0.9, margin=0.3, comparison="superior").worse, "it was promoted for being better"


def test_few_rows_cannot_tell() -> None:
    found = look(0.0, 1.0, rows=20)
    assert not found.worse
    assert found.finding().outcome is Outcome.CANNOT_TELL
    assert "fewer than 50 rows" in found.sentence()


def test_three_rows_are_enough_if_the_gate_says_so_and_still_tell_nothing() -> None:
    gate = GateSpec(watch=WatchSpec()).model_copy(update={"min_rows": 3})
    truth, wrong = pd.DataFrame({"y": [1, 0, 1]}), pd.DataFrame({"prediction": [0, 1, 0]})
    right = pd.DataFrame({"prediction": [1, 0, 1]})
    found = worse_than_beaten(METRICS["accuracy"], truth, wrong, right, batches=1, watch=WatchSpec(), gate=gate, seed=0)
    assert found.gain is not None
    assert found.gain.difference == -1.0
    assert found.gain.least(found.level) < found.gain.most(found.level)


def test_a_metric_that_is_not_defined_cannot_tell() -> None:
    truth = pd.DataFrame({"y": np.ones(100, dtype=int)})
    side = pd.DataFrame({"prediction": np.ones(100, dtype=int), "p_1": 0.8, "p_0": 0.2})
    found = worse_than_beaten(
        METRICS["roc_auc"], truth, side, side, batches=1, watch=WatchSpec(), gate=GateSpec(), seed=0
    )
    assert found.finding().outcome is Outcome.CANNOT_TELL


def test_it_is_asked_the_same_and_answers_the_same() -> None:
    one, two = look(0.7, 0.9, metric="log_loss"), look(0.7, 0.9, metric="log_loss")
    assert one.sentence() == two.sentence()


@given(st.floats(0.6, 0.999), st.integers(1, 100))
def test_all_looks_together_spend_the_level(confidence: float, looks: int) -> None:
    assert looks * look_level(confidence, looks) == pytest.approx(1.0 - confidence)


# -- when to look ----------------------------------------------------------------------------------------------------


def day(number: int) -> Window:
    return Window(FIRST + number * DAY, FIRST + (number + 1) * DAY)


def looked(arrived: list[tuple[int, int]], now: int, most: int = 3, *, last: int | None = None) -> list[int]:
    """``arrived`` are (batch, day on which labels of it came), ``last`` the day of the last look."""
    found = batches_of_look(
        [(day(batch), FIRST + moment * DAY) for batch, moment in arrived],
        since=FIRST,
        now=FIRST + now * DAY,
        most=most,
        looked=None if last is None else FIRST + last * DAY,
    )
    return [(one.start - FIRST).days for one in found]


def all_looks(arrived: list[tuple[int, int]], days: Iterable[int], most: int = 3) -> list[list[int]]:
    """What is looked at on each of some days, one after another."""
    looks: list[list[int]] = []
    last: int | None = None
    for now in days:
        looks.append(looked(arrived, now, most, last=last))
        last = now if looks[-1] else last
    return looks


def test_there_is_a_look_with_every_batch_that_got_labels() -> None:
    arrived = [(0, 1), (1, 2), (2, 3), (3, 4)]
    assert all_looks(arrived, range(6)) == [[], [0], [0, 1], [0, 1, 2], [], []]


def test_a_look_that_was_left_out_is_made_up_for() -> None:
    arrived = [(0, 1), (1, 2), (2, 3), (3, 4)]
    assert all_looks(arrived, (2, 3, 4)) == [[0, 1], [0, 1, 2], []]
    assert all_looks(arrived, (1, 4)) == [[0], [0, 1, 2]]
    assert all_looks(arrived, (0, 5)) == [[], [0, 1, 2]], "even the last one"


def test_batches_before_the_promotion_do_not_count() -> None:
    assert looked([(-1, 1), (0, 1)], 1) == [0]


def test_corrections_are_no_reason_to_look_again() -> None:
    assert looked([(0, 1), (0, 2)], 2, last=1) == []


def test_labels_that_come_together_are_one_look() -> None:
    assert looked([(0, 3), (1, 3)], 3) == [0, 1]


@given(st.lists(st.tuples(st.integers(0, 8), st.integers(1, 20)), max_size=40), st.integers(1, 5), st.integers(0, 21))
def test_there_is_no_look_after_the_last_one(arrived: list[tuple[int, int]], most: int, now: int) -> None:
    labels = [(day(batch), FIRST + moment * DAY) for batch, moment in arrived]
    if is_over(labels, looked=FIRST + now * DAY, most=most):
        assert looked(arrived, 21, most, last=now) == []


@given(st.lists(st.tuples(st.integers(0, 8), st.integers(1, 20)), max_size=40), st.integers(1, 5))
def test_there_are_never_more_looks_than_asked_for(arrived: list[tuple[int, int]], most: int) -> None:
    looks = [found for found in all_looks(arrived, range(22), most) if found]
    assert len(looks) <= most
    assert all(len(one) <= most for one in looks)
