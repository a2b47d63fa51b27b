"""One word with a reason, the most urgent thing first."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from ml.domain.findings import Finding, Severity
from ml.views.console.health import URGENCY, Facts, Word, judge
from tests.builders import week

ERROR = Finding("DV044", Severity.ERROR, "batch", "all rows", "at most 5 %", "correct the source")
FELL = Finding("PF001", Severity.WARNING, "accuracy", "0.80", "at least 0.85", "look")
MANY = Finding("DR002", Severity.WARNING, "features", "50 % drifted", "less than 30 %", "look")
FINE = Facts(
    champion=2,
    champion_since=week(0).end,
    metric="accuracy",
    newest=week(10),
    stopped=False,
    found=(),
    measured=week(10),
    fell=(),
    due=timedelta(0),
)


def test_nothing_wrong_is_fresh() -> None:
    assert judge(FINE).word is Word.FRESH
    assert "not measured yet" in judge(replace(FINE, measured=None, champion_since=week(9).end)).reason


@pytest.mark.parametrize(
    ("changes", "word", "reason"),
    [
        ({"stopped": True, "found": (ERROR,)}, Word.FAILING_DATA, "DV044"),
        ({"stopped": True}, Word.FAILING_DATA, "validation"),
        ({"champion": None}, Word.NO_CHAMPION, "gate"),
        ({"champion": None, "newest": None}, Word.NO_CHAMPION, "no batch"),
        ({"fell": (FELL,)}, Word.DEGRADING, "0.80, expected at least 0.85"),
        ({"measured": week(7)}, Word.STALE_LABELS, "after the batch of"),
        ({"measured": None}, Word.STALE_LABELS, "no labels"),
        ({"found": (MANY,)}, Word.DRIFTING, "50 % drifted"),
    ],
)
def test_what_is_wrong_is_named(changes: dict[str, object], word: Word, reason: str) -> None:
    found = judge(replace(FINE, **changes))
    assert found.word is word
    assert reason in found.reason


def test_labels_that_may_come_late_are_not_stale() -> None:
    assert judge(replace(FINE, measured=week(8))).word is Word.FRESH
    assert judge(replace(FINE, measured=week(6), due=timedelta(days=14))).word is Word.FRESH


def test_a_fall_of_another_metric_does_not_degrade() -> None:
    assert judge(replace(FINE, fell=(replace(FELL, subject="log_loss"),))).word is Word.FRESH


def test_the_most_urgent_thing_wins() -> None:
    everything = replace(FINE, stopped=True, champion=None, fell=(FELL,), measured=None, found=(ERROR, MANY))
    assert judge(everything).word is Word.FAILING_DATA
    assert list(URGENCY) == list(Word)
