"""Splits in time: what is judged on, or scored in a fold, is always newer than what was learned from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from math import ceil

import numpy as np
import pandas as pd

from ml.domain.errors import DataError
from ml.specs.training import SinceWindow, SlidingWindow, TrainingWindow


@dataclass(frozen=True, slots=True)
class Split:
    """Rows to train on, and the newer rows to judge on: every held-out row is at or after ``holdout_from``."""

    train: pd.DataFrame
    holdout: pd.DataFrame
    holdout_from: datetime


def select_rows(frame: pd.DataFrame, *, time_column: str, window: TrainingWindow, as_of: datetime) -> pd.DataFrame:
    """Return the rows before ``as_of`` that the training window admits, in the order of time."""
    frame = _in_order(frame, time_column)
    times = frame[time_column]
    start = None
    if isinstance(window, SlidingWindow):
        start = as_of - window.length
    elif isinstance(window, SinceWindow):
        start = window.start
    first = 0 if start is None else _first_at(times, start)
    return frame.iloc[first : _first_at(times, as_of)].reset_index(drop=True)


def split_in_time(frame: pd.DataFrame, *, time_column: str, holdout: float, newer_than: datetime | None) -> Split:
    """Hold out the newest ``holdout`` share of the rows at or after ``newer_than`` (None: of all rows).

    Rows of one timestamp are never parted: they are held out together, or, if nothing would then be left to train on,
    trained on together. All older rows are for training, those before ``newer_than`` included.

    Raises:
        DataError: no row is new, or all rows have one timestamp.
    """
    frame = _in_order(frame, time_column)
    times = frame[time_column]
    first_new = 0 if newer_than is None else _first_at(times, newer_than)
    new = len(frame) - first_new
    if new == 0:
        since = (
            "" if newer_than is None else f" since {newer_than:%Y-%m-%d %H:%M}, where the champion's training data ends"
        )
        raise DataError(
            f"There is no labelled row{since}: nothing to judge a challenger on.", remedy="wait for labels."
        )
    cut = _first_at(times, times.iloc[len(frame) - max(1, ceil(holdout * new))])
    if cut == 0:
        cut = int(times.searchsorted(times.iloc[0], side="right"))
    if cut == len(frame):
        raise DataError(
            f"All {len(frame)} labelled rows have the time {times.iloc[0]}: none can be older than those to judge on.",
            remedy="check time.column, or wait for more batches.",
        )
    return Split(
        train=frame.iloc[:cut].reset_index(drop=True),
        holdout=frame.iloc[cut:].reset_index(drop=True),
        holdout_from=times.iloc[cut].to_pydatetime(warn=False),
    )


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
