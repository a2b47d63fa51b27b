"""Two versions side by side on the batches that both scored and whose labels came: before promotion and after it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

import pandas as pd

from ml.domain.holds import ScoredBatch
from ml.domain.records import Quantity
from ml.domain.windows import Window
from ml.flows.predictions import predictions_of
from ml.flows.rows import batch_with_labels, is_labelled, places_by_time
from ml.flows.score import unable_at
from ml.flows.workspace import Workspace
from ml.problems import Metric, problem_of
from ml.registry import Batch, Reader
from ml.specs import ModelSpec


class SideBySide(NamedTuple):
    """The labelled rows of a batch in the order of time, and what two versions predicted for them."""

    rows: pd.DataFrame
    ours: pd.DataFrame
    theirs: pd.DataFrame


class Together(NamedTuple):
    """Some batches as one: the primary metric, the truth, and both predictions."""

    metric: Metric
    truth: pd.DataFrame
    ours: pd.DataFrame
    theirs: pd.DataFrame


class Pair(NamedTuple):
    """Whose gain is asked for, and over whom; by number."""

    ours: int
    theirs: int


def batches_since(reader: Reader, spec: ModelSpec, *, since: datetime, now: datetime) -> dict[Window, Batch]:
    """Return the batches from a moment on that are known at ``now``."""
    return {one.window: one for one in reader.batches(spec.model, as_of=now, start=since)}


def both_scored(reader: Reader, batch: Batch, pair: Pair) -> bool:
    """Tell whether both versions scored a batch."""
    return set(pair) <= {one.version for one in reader.scorings_of(batch.snapshot.id)}


def arrivals(
    reader: Reader, spec: ModelSpec, batches: dict[Window, Batch], pair: Pair, *, now: datetime
) -> Iterator[tuple[Window, datetime]]:
    """Say of the batches that both scored when labels of them came, as far as that is known at ``now``."""
    for one in reader.observations(spec.model, as_of=now):
        labelled = one.quantity is Quantity.LABELLED and bool(one.rows) and one.window in batches
        if labelled and both_scored(reader, batches[one.window], pair):
            yield one.window, one.as_of


def scored_batches(
    reader: Reader, spec: ModelSpec, batches: dict[Window, Batch], pair: Pair, *, now: datetime
) -> list[ScoredBatch]:
    """Return the batches that both scored, with how many of their rows have labels as far as is known at ``now``.

    One that the first version could not score is among them, as one without rows: there is nothing to wait for.
    """
    labelled = {
        one.window: one.rows
        for one in reader.observations(spec.model, as_of=now)
        if one.quantity is Quantity.LABELLED and one.window in batches
    }
    found = []
    for window, batch in batches.items():
        if both_scored(reader, batch, pair):
            found.append(ScoredBatch(window, batch.validation.rows_kept, labelled.get(window, 0)))
        elif pair.ours in unable_at(reader, spec, window):
            found.append(ScoredBatch(window, rows=0, labelled=0))
    return found


def side_by_side(
    reader: Reader, workspace: Workspace, spec: ModelSpec, batch: Batch, pair: Pair, *, now: datetime
) -> SideBySide:
    """Gather a batch with the labels known at ``now``."""
    frame = batch_with_labels(workspace, reader, spec, batch, as_of=now, needed=(spec.time.column,))
    places = places_by_time(frame, is_labelled(frame, spec), spec)
    scored = {one.version: one for one in reader.scorings_of(batch.snapshot.id)}
    ours, theirs = (predictions_of(workspace, scored[one]).iloc[places].reset_index(drop=True) for one in pair)
    return SideBySide(frame.iloc[places].reset_index(drop=True), ours, theirs)


def together(spec: ModelSpec, batches: Sequence[SideBySide]) -> Together:
    """Join batches; a replay does it by this function too. None at all are no rows."""
    problem = problem_of(spec.problem)
    metric = problem.metrics[spec.problem.metric]
    if not batches:
        return Together(metric, pd.DataFrame(), pd.DataFrame(), pd.DataFrame())
    return Together(
        metric,
        pd.concat([problem.truth(one.rows, spec.problem) for one in batches], ignore_index=True),
        pd.concat([one.ours for one in batches], ignore_index=True),
        pd.concat([one.theirs for one in batches], ignore_index=True),
    )
