"""How a model is, in one word with a reason: a pure function of a few facts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from ml.domain.findings import Finding, Severity
from ml.domain.windows import Window

_LATE_BATCHES = 2
_FELL = "PF001"
_DRIFTED = ("DR002", "DR004", "DR005")


class Word(StrEnum):
    """The words, in the order in which they need attention."""

    FAILING_DATA = "failing data"
    NO_CHAMPION = "no champion"
    DEGRADING = "degrading"
    STALE_LABELS = "stale labels"
    DRIFTING = "drifting"
    FRESH = "fresh"


URGENCY = {word: place for place, word in enumerate(Word)}
"""Place of each word in the order of attention, the most urgent 0."""


@dataclass(frozen=True, slots=True)
class Health:
    """One word, and the sentence that explains it."""

    word: Word
    reason: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What health is judged by.

    ``newest`` is the newest batch, ``stopped`` whether it could not be used, ``found`` the findings on it that are more
    than information. ``measured`` is the newest batch whose labels have arrived, ``fell`` the findings of a fallen
    metric of the run in which they did. ``due`` is how long labels may take.
    """

    champion: int | None
    champion_since: datetime | None
    metric: str
    newest: Window | None
    stopped: bool
    found: Sequence[Finding]
    measured: Window | None
    fell: Sequence[Finding]
    due: timedelta


def judge(facts: Facts) -> Health:
    """Judge by the most urgent thing that is wrong."""
    for check in (_data, _champion, _performance, _labels, _drift):
        found = check(facts)
        if found is not None:
            return found
    measured = "not measured yet" if facts.measured is None else f"{facts.metric} holds"
    return Health(Word.FRESH, f"{measured}, the newest batch is usable")


def _data(facts: Facts) -> Health | None:
    if not facts.stopped:
        return None
    errors = [finding for finding in facts.found if finding.severity is Severity.ERROR]
    why = errors[0].sentence() if errors else "validation has not passed"
    return Health(Word.FAILING_DATA, f"the newest batch was stopped: {why}")


def _champion(facts: Facts) -> Health | None:
    if facts.champion is not None:
        return None
    if facts.newest is None:
        return Health(Word.NO_CHAMPION, "no batch has come in yet")
    return Health(Word.NO_CHAMPION, "no version has passed the gate yet")


def _performance(facts: Facts) -> Health | None:
    fell = [finding for finding in facts.fell if finding.code == _FELL and finding.subject == facts.metric]
    if not fell:
        return None
    return Health(Word.DEGRADING, f"{facts.metric} fell: {fell[-1].seen}, expected {fell[-1].expected}")


def _labels(facts: Facts) -> Health | None:
    if facts.newest is None or facts.champion_since is None:
        return None
    since = facts.champion_since if facts.measured is None else facts.measured.end
    if facts.newest.end - since <= facts.due + _LATE_BATCHES * facts.newest.length:
        return None
    what = "no labels" if facts.measured is None else f"no labels after the batch of {facts.measured.start:%Y-%m-%d}"
    return Health(Word.STALE_LABELS, f"{what}, though they were due")


def _drift(facts: Facts) -> Health | None:
    drifted = [finding for finding in facts.found if finding.code in _DRIFTED]
    if not drifted:
        return None
    first = drifted[0]
    return Health(Word.DRIFTING, f"{first.subject} of the newest batch: {first.seen}, expected {first.expected}")
