"""Splits in time: what is judged on, or scored in a fold, is always newer than what was learned from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from math import ceil

import numpy as np
import pandas as pd

from ml.domain.errors import DataError
from ml.domain.windows import Window
from ml.specs.training import FixedWindow, PickedWindow, SinceWindow, SlidingWindow, candidates_of


@dataclass(frozen=True, slots=True)
class Split:
    """Labelled rows in the order of time, parted at a moment: the older may be trained on, the newer judge.

    ``rows`` are all of them, ``batches`` the windows that they come from. Every held-out row is at or after
    ``holdout_from``, every row that may be trained on before it and before ``trained_until``, the end of the newest
    batch among them.
    """

    rows: pd.DataFrame
    batches: tuple[Window, ...]
    time_column: str
    holdout: pd.DataFrame
    holdout_from: datetime
    trained_until: datetime


@dataclass(frozen=True, slots=True)
class TrainingSet:
    """The rows of one training window: those at positions ``first`` up to ``last``, exclusive, of the split's rows."""

    window: FixedWindow
    rows: pd.DataFrame
    first: int
    last: int


def split_batches(
    frame: pd.DataFrame,
    batches: Sequence[Window],
    *,
    time_column: str,
    holdout: float,
    holdout_rows: int,
    newer_than: datetime | None,
) -> Split:
    """Hold out the newest ``holdout`` share of the batches newer than ``newer_than`` (None: of all), at least one.

    Of the batches newer than a champion's data only as many are held out as have ``holdout_rows`` rows.
    ``batches`` are the windows of the labelled batches that ``frame`` consists of. A batch is held out as a whole;
    of one that ``newer_than`` parts, the newer rows. At least one batch is left to train on; where all rows are of one
    batch, the newest share of its rows is held out, rows of one timestamp together.

    Raises:
        DataError: no row is new, or all rows have one timestamp.
    """
    frame = _in_order(frame, time_column)
    times = frame[time_column]
    starts = [start for start in _new_starts(batches, newer_than) if _first_at(times, start) < len(times)]
    if not starts:
        since = (
            "" if newer_than is None else f" since {newer_than:%Y-%m-%d %H:%M}, where the champion's training data ends"
        )
        raise DataError(
            f"There is no labelled row{since}: nothing to judge a challenger on.", remedy="wait for labels."
        )
    held = starts[-max(1, round(holdout * len(starts))) :]
    if newer_than is not None:
        held = _enough(times, held, holdout_rows)
    cut, holdout_from = next(((place, at) for at in held if (place := _first_at(times, at)) > 0), (0, starts[0]))
    if cut == 0:
        cut = _cut_inside(times, holdout)
        holdout_from = times.iloc[cut].to_pydatetime(warn=False)
    ends = [batch.end for batch in batches if batch.start < holdout_from]
    return Split(
        rows=frame,
        batches=tuple(batches),
        time_column=time_column,
        holdout=frame.iloc[cut:].reset_index(drop=True),
        holdout_from=holdout_from,
        trained_until=min(holdout_from, max(ends)),
    )


def training_sets(
    split: Split, window: FixedWindow | PickedWindow, *, present: FixedWindow | None
) -> tuple[TrainingSet, ...]:
    """Return what each candidate window admits of the rows before the hold-out, in the order of preference.

    A window ends at ``split.trained_until``. That of the ``present`` champion comes first, if it is a candidate. Of
    windows that hold the same rows the first one is returned. A window may hold no row at all.
    """
    found = [training_set(split, one) for one in sorted(candidates_of(window), key=lambda one: one != present)]
    return tuple(one for place, one in enumerate(found) if one.first not in {other.first for other in found[:place]})


def training_set(split: Split, window: FixedWindow) -> TrainingSet:
    """Return what one window admits of the rows before the hold-out."""
    return _ended(split, window, len(split.rows) - len(split.holdout), split.trained_until)


def refit_set(split: Split, window: FixedWindow) -> TrainingSet:
    """Return what the same window admits when it ends with the newest labelled batch, the held-out rows included."""
    return _ended(split, window, len(split.rows), max(batch.end for batch in split.batches))


def _ended(split: Split, window: FixedWindow, last: int, until: datetime) -> TrainingSet:
    start = _start(window, split.batches, until)
    first = 0 if start is None else min(_first_at(split.rows[split.time_column], start), last)
    return TrainingSet(window, split.rows.iloc[first:last], first, last)


def _start(window: FixedWindow, batches: Sequence[Window], until: datetime) -> datetime | None:
    """Return the first moment of a window that ends at ``until``, None if it goes back to the beginning."""
    if isinstance(window, SinceWindow):
        return window.start
    starts = sorted({batch.start for batch in batches if batch.start < until})
    if isinstance(window, SlidingWindow) and window.batches is not None:
        return starts[-window.batches :][0]
    if isinstance(window, SlidingWindow) and window.length is not None and window.length < until - starts[0]:
        return until - window.length
    return None


def _new_starts(batches: Sequence[Window], newer_than: datetime | None) -> list[datetime]:
    """Return where each batch begins to be newer than ``newer_than``, oldest first."""
    if newer_than is None:
        return sorted({batch.start for batch in batches})
    return sorted({max(batch.start, newer_than) for batch in batches if batch.end > newer_than})


def _enough(times: pd.Series[pd.Timestamp], starts: list[datetime], rows: int) -> list[datetime]:
    """Return the newest of the batches that begin at ``starts``, as few as have so many rows; all if all have fewer."""
    found = [place for place, start in enumerate(starts) if len(times) - _first_at(times, start) >= rows]
    return starts[max(found, default=0) :]


def _cut_inside(times: pd.Series[pd.Timestamp], holdout: float) -> int:
    """Return the position of the first held-out row where all rows are of one batch."""
    cut = _first_at(times, times.iloc[len(times) - max(1, ceil(holdout * len(times)))])
    if cut == 0:
        cut = int(times.searchsorted(times.iloc[0], side="right"))
    if cut == len(times):
        raise DataError(
            f"All {len(times)} labelled rows have the time {times.iloc[0]}: none can be older than those to judge on.",
            remedy="check time.column, or wait for more batches.",
        )
    return cut


def folds_in_time(times: pd.Series[pd.Timestamp], folds: int) -> Iterator[tuple[slice, slice]]:
    """Yield positions (train, test) of a forward-chaining cross-validation over sorted times.

    The rows are cut into ``folds + 1`` parts of about equal size, never within a timestamp; each part but the first
    is scored by a fit on all parts before it. Fewer distinct times give fewer folds.
    """
    places = np.linspace(0, len(times), folds + 2)[1:-1].astype(int)
    after_first = int(times.searchsorted(times.iloc[0], side="right"))
    cuts = {max(after_first, _first_at(times, times.iloc[place])) for place in places}
    bounds = sorted(cuts | {len(times)})
    for start, end in pairwise(bounds):
        yield slice(0, start), slice(start, end)


def _in_order(frame: pd.DataFrame, time_column: str) -> pd.DataFrame:
    if frame[time_column].is_monotonic_increasing:
        return frame
    return frame.sort_values(time_column, kind="stable", ignore_index=True)


def _first_at(times: pd.Series[pd.Timestamp], moment: datetime) -> int:
    return int(times.searchsorted(pd.Timestamp(moment), side="left"))
