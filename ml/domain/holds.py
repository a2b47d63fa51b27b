"""A challenger that is held in the shadow before it may go live: until when, and what came of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from ml.domain.records import ASKED, GateResult
from ml.domain.windows import Window

HELD = "shadow"
"""Where a verdict's evidence says that the challenger is held, and for how many batches."""
LATE = "late"
"""Where a verdict's evidence says that a newer challenger was held when it was given: so this one never is."""
PATIENCE = 2
"""When so many times the batches that are asked for have had their time, the hold ends with what came."""


class ShadowEnding(StrEnum):
    """How a hold ended."""

    PASSED = "passed"  # it goes live, or a person is asked
    REJECTED = "rejected"  # the rows spoke against it, or could not tell and the spec keeps the champion; or a person
    STALE = "stale"  # the champion changed meanwhile: it was compared with another one
    SUPERSEDED = "superseded"  # a person asked for another retraining meanwhile


BY_HAND = "by_hand"
"""Where the evidence of how a hold ended says that a person ended it: who, by which way, and why."""


@dataclass(frozen=True, slots=True)
class ShadowVerdict:
    """What a challenger showed beside the champion while it was held; there is one a version.

    ``difference`` is its gain in the primary metric on ``rows`` labelled rows that neither had seen (positive is
    better) with its interval; None where it could not be told, or was not asked. ``as_of`` is the data's time: what
    passed serves from then on. ``evidence`` is small JSON: batches, method, level, from when to when the rows are, and
    on which terms a person is asked next, if one is; or who ended the hold by hand.
    """

    model: str
    version: int
    ending: ShadowEnding
    sentence: str
    difference: float | None
    interval: tuple[float, float] | None
    rows: int
    as_of: datetime
    created_at: datetime
    evidence: Mapping[str, Any] = field(default_factory=dict)

    @property
    def promotes(self) -> bool:
        """Whether the version goes live by this alone: it passed, and no person is asked."""
        return self.ending is ShadowEnding.PASSED and ASKED not in self.evidence

    @property
    def comes_first(self) -> bool:
        """Whether it comes before the decision of its moment, which knows of it. What a person does comes after it: a
        rejection by hand, and a hold that another retraining took the place of.
        """
        return self.ending is not ShadowEnding.SUPERSEDED and BY_HAND not in self.evidence


def hold_asked(result: GateResult | None) -> int | None:
    """Return for how many labelled batches a challenger is held; None if it is not, or did not pass the gate."""
    asked = None if result is None or not result.passed else result.evidence.get(HELD)
    return None if asked is None else int(asked["batches"])


def came_late(result: GateResult) -> bool:
    """Tell whether the gate judged a challenger when a newer one was held already: it neither is held nor goes live."""
    return LATE in result.evidence


def is_held(result: GateResult | None, ended: ShadowVerdict | None) -> bool:
    """Tell whether a challenger is in the shadow: the gate held it, and ``ended`` does not say how that ended."""
    return hold_asked(result) is not None and ended is None


class ScoredBatch(NamedTuple):
    """A batch that both versions scored: how many rows it has, and how many of them have labels as far as is known."""

    window: Window
    rows: int
    labelled: int

    def is_waited_for(self, now: datetime, grace: timedelta) -> bool:
        """Tell whether labels of it may still come, that are waited for: not longer than ``grace`` after its end."""
        return self.labelled < self.rows and now < self.window.end + grace


def batches_of_hold(
    scored: Iterable[ScoredBatch], *, since: datetime, now: datetime, most: int, grace: timedelta
) -> tuple[Window, ...] | None:
    """Return the batches to compare on at ``now``, in order; None while the hold goes on.

    A batch counts as soon as all its rows have labels, or those that it has when labels are not waited for any longer:
    labels that come first need not be like those that come last. The hold ends when ``most`` batches from ``since`` on
    count, with the first of them. It ends with fewer, perhaps with none, when no label is waited for of twice as many
    batches.
    """
    over = [one for one in scored if one.window.start >= since and not one.is_waited_for(now, grace)]
    counted = sorted(one.window for one in over if one.labelled)
    if len(counted) >= most:
        return tuple(counted[:most])
    return tuple(counted) if len(over) >= PATIENCE * most else None
