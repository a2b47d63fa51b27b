"""Which batches two versions both scored in a play, and when labels of them came: as `ml.flows.beside` tells it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from ml.domain.holds import ScoredBatch
from ml.domain.windows import Window
from ml.policies.replay.world import Step


def places_of_both(
    steps: Sequence[Step], scored: Sequence[tuple[int, ...]], pair: set[int], *, since: datetime
) -> dict[Window, int]:
    """Return the batches from a moment on that both versions scored, with their places among the steps."""
    return {
        step.window: place
        for place, step in enumerate(steps)
        if step.window.start >= since and pair <= set(scored[place])
    }


def arrivals(steps: Sequence[Step], places: Mapping[Window, int]) -> list[tuple[Window, datetime]]:
    """Say of these batches when labels of them came."""
    return [
        (steps[other].window, step.as_of)
        for step in steps
        for other, rows in step.labelled
        if rows and steps[other].window in places
    ]


def scored_batches(steps: Sequence[Step], places: Mapping[Window, int]) -> list[ScoredBatch]:
    """Say of these batches how many of their rows have labels: the last word on each counts."""
    labelled = {other: rows for step in steps for other, rows in step.labelled}
    return [ScoredBatch(one, steps[other].rows, labelled.get(other, 0)) for one, other in places.items()]
