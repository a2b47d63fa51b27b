"""A challenger beside the champion on the rows that came while it was held, and when these are enough."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from ml.domain.findings import Outcome, Severity
from ml.domain.holds import PATIENCE, ScoredBatch, batches_of_hold
from ml.domain.windows import Window
from ml.evaluation import ShadowLook, stands_in_shadow
from ml.evaluation.spending import proof_level
from ml.problems import PROBLEMS
from ml.specs.gate import GateSpec

METRICS = PROBLEMS["classification"].metrics
FIRST = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def look(ours: float, theirs: float, rows: int = 300, *, metric: str = "accuracy", **gate: Any) -> ShadowLook:
    """The challenger is right on the first ``ours`` of the rows, the champion on the last ``theirs``."""
    truth = pd.DataFrame({"y": np.arange(rows) % 2})
    place = np.random.default_rng(0).permutation(rows) / max(rows, 1)
    right = (place < ours, place >= 1.0 - theirs)
    sides = [pd.DataFrame({"prediction": np.where(one, truth["y"], 1 - truth["y"])}) for one in right]
    for side in sides:
        side["p_1"] = np.where(side["prediction"] == 1, 0.8, 0.2)
        side["p_0"] = 1.0 - side["p_1"]
    spec = GateSpec.model_validate({"shadow": 3, **gate}, strict=False)
    return stands_in_shadow(METRICS[metric], truth, *sides, batches=3, most=3, gate=spec, seed=0)


def test_surely_worse_is_rejected() -> None:
    found = look(0.6, 0.9)
    assert not found.passed
    assert (found.finding().outcome, found.finding().severity) == (Outcome.FAILED, Severity.WARNING)
    assert "accuracy -0.3 against the champion on 300 rows of 3 batches" in found.sentence()
    assert found.sentence().endswith("surely worse")
    assert found.finding().remedy


def test_the_doubt_speaks_for_it_by_default_and_against_it_if_the_spec_says_so() -> None:
    assert look(0.88, 0.9).passed
    assert not look(0.88, 0.9, unsure="keep", margin=0.01).passed
    assert look(0.9, 0.9, unsure="keep", margin=0.2).passed
    assert not look(0.9, 0.9, comparison="superior").passed
    assert look(0.95, 0.6, comparison="superior").passed


def test_the_margin_does_not_matter() -> None:
    assert look(0.6, 0.9, margin=0.4).passed


@pytest.mark.parametrize(
    ("gate", "passed"),
    [({}, True), ({"unsure": "keep", "margin": 0.1}, False), ({"comparison": "superior"}, False)],
    ids=["promote", "keep", "superior"],
)
@pytest.mark.parametrize("rows", [0, 20], ids=["no label", "few rows"])
def test_what_cannot_be_told_is_the_spec_s_to_say(gate: dict[str, Any], passed: bool, rows: int) -> None:
    found = look(0.0, 1.0, rows=rows, **gate)
    assert found.passed is passed
    assert found.finding().outcome is Outcome.CANNOT_TELL
    assert ("no label came" if rows == 0 else "fewer than 50 rows") in found.sentence()
    assert ("goes live by gate.unsure" in found.sentence()) is passed


def test_a_metric_that_is_not_defined_cannot_tell() -> None:
    truth = pd.DataFrame({"y": np.ones(100, dtype=int)})
    side = pd.DataFrame({"prediction": np.ones(100, dtype=int), "p_1": 0.8, "p_0": 0.2})
    found = stands_in_shadow(METRICS["roc_auc"], truth, side, side, batches=3, most=3, gate=GateSpec(), seed=0)
    assert found.finding().outcome is Outcome.CANNOT_TELL


def test_it_is_asked_the_same_and_answers_the_same() -> None:
    one, two = look(0.7, 0.9, metric="log_loss"), look(0.7, 0.9, metric="log_loss")
    assert (one.sentence(), one.evidence()) == (two.sentence(), two.evidence())


@pytest.mark.parametrize(
    ("gate", "loss"),
    [({"comparison": "superior"}, 0.0), ({"unsure": "keep", "margin": 0.05}, 0.05)],
    ids=["superior at no gain", "keep at the margin"],
)
def test_worse_ones_go_live_no_more_often_than_the_level_allows(gate: dict[str, Any], loss: float) -> None:
    """Truly no better (worse by just the margin), on fresh rows each time: an exact bound at 1 in 1,000."""
    spec, rng, tries, rows = GateSpec.model_validate(gate, strict=False), np.random.default_rng(5), 600, 400
    passed = 0
    for _ in range(tries):
        truth = pd.DataFrame({"y": rng.integers(0, 2, rows)})
        place = rng.random(rows)
        won, lost = place < 0.15 - loss / 2, place > 0.85 - loss / 2
        sides = [pd.DataFrame({"prediction": np.where(one, 1 - truth["y"], truth["y"])}) for one in (lost, won)]
        found = stands_in_shadow(METRICS["accuracy"], truth, *sides, batches=3, most=3, gate=spec, seed=0)
        passed += found.passed
    assert passed <= binom.ppf(0.999, tries, proof_level(spec.confidence, 1)), passed


# -- when it is over --------------------------------------------------------------------------------------------------


def day(number: int) -> Window:
    return Window(FIRST + number * DAY, FIRST + (number + 1) * DAY)


def over(
    arrived: list[tuple[int, int]], now: int, *, scored: int = 30, grace: int = 3, most: int = 2, rows: int = 1
) -> Any:
    """``arrived`` are (batch, day on which a label of it came), of ``rows`` rows; the first ``scored`` batches were
    scored by both.
    """
    came = [batch for batch, moment in arrived if moment <= now]
    found = batches_of_hold(
        [ScoredBatch(day(number), rows, min(rows, came.count(number))) for number in range(-1, min(scored, now))],
        since=FIRST,
        now=FIRST + now * DAY,
        most=most,
        grace=grace * DAY,
    )
    return None if found is None else [(one.start - FIRST).days for one in found]


def test_it_ends_when_enough_batches_have_labels() -> None:
    arrived = [(0, 1), (1, 2), (2, 3)]
    assert [over(arrived, now) for now in (0, 1, 2, 3)] == [None, None, [0, 1], [0, 1]]


def test_batches_before_it_was_trained_do_not_count() -> None:
    assert over([(-1, 1), (0, 1)], 1) is None


def test_late_and_corrected_labels() -> None:
    assert over([(1, 4), (1, 5)], 5, grace=9) is None, "one batch, twice"
    assert over([(1, 4), (0, 5)], 5, grace=9) == [0, 1]


def test_a_few_early_labels_are_waited_with() -> None:
    early = [(0, 1), (1, 2)]
    assert [over(early, now, rows=2, grace=9) for now in (2, 9)] == [None, None], "half of the labels of each"
    assert over([*early, (1, 5), (0, 6)], 5, rows=2, grace=9) is None
    assert over([*early, (1, 5), (0, 6)], 6, rows=2, grace=9) == [0, 1], "all rows have labels"
    assert over(early, 10, rows=2, grace=9) is None, "the first one has had its time"
    assert over(early, 11, rows=2, grace=9) == [0, 1], "both have had their time"
    assert over([(0, 1), (1, 2), (1, 3), (2, 3), (2, 4)], 4, rows=2, grace=9) == [1, 2], "one that is late is passed by"


def test_labels_that_never_come_end_it_with_what_there_is() -> None:
    assert over([], 6) is None
    assert over([], 7) == [], "four batches have had their time: ended on day 4, and three days more"
    assert over([(0, 1)], 7) == [0]
    assert over([], 7, scored=3) is None, "only three were scored by both"
    assert over([], 4, grace=0) == []


@given(
    st.lists(st.tuples(st.integers(0, 20), st.integers(1, 40)), max_size=40),
    st.integers(1, 5),
    st.integers(0, 4),
    st.integers(1, 3),
)
def test_it_ends_once_and_in_time(arrived: list[tuple[int, int]], most: int, grace: int, rows: int) -> None:
    asked = {"grace": grace, "most": most, "scored": 60, "rows": rows}
    ends = [found for now in range(60) if (found := over(arrived, now, **asked)) is not None]
    assert len(ends) >= 60 - (PATIENCE * most + grace)
    assert all(len(one) <= most for one in ends)
