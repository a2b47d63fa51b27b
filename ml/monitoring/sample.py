"""A bounded sample of rows in which no stratum is lost, for what has to look at rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray


def stratified(frame: pd.DataFrame, strata: Sequence[str], size: int, *, seed: int) -> pd.DataFrame:
    """Return the frame, or ``size`` of its rows, in their order: see :func:`places_of`."""
    return frame if len(frame) <= size else frame.iloc[places_of(frame, strata, size, seed=seed)]


def places_of(frame: pd.DataFrame, strata: Sequence[str], size: int, *, seed: int) -> NDArray[np.int64]:
    """Return the places of all rows, or of ``size`` of them, in their order.

    Every combination of values of the columns ``strata`` has its share of the rows, and at least one while there is
    room; within it the rows are spread evenly over their order, which is that of time, from a start drawn with
    ``seed``.
    """
    if len(frame) <= size:
        return np.arange(len(frame))
    of = (
        frame.groupby(list(strata), dropna=False, sort=True).ngroup().to_numpy()
        if strata
        else np.zeros(len(frame), int)
    )
    counts = np.bincount(of)
    start = np.random.default_rng(seed).random()
    taken = [
        here[((np.arange(room) + start) * len(here) / room).astype(np.int64)]
        for stratum, room in enumerate(_rooms(counts, size))
        if room
        for here in (np.flatnonzero(of == stratum),)
    ]
    places: NDArray[np.int64] = np.sort(np.concatenate(taken))
    return places


def _rooms(counts: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """Divide the sample among strata: by their rows, one row each first, the largest remainders rounded up."""
    least = np.zeros_like(counts)
    least[np.argsort(-counts, kind="stable")[:size]] = 1
    left = counts - least
    exact = (size - least.sum()) * left / max(int(left.sum()), 1)
    rooms = least + exact.astype(np.int64)
    order = np.argsort(-(exact - exact.astype(np.int64)), kind="stable")
    rooms[order[: size - rooms.sum()]] += 1
    found: NDArray[np.int64] = np.minimum(rooms, counts)
    return found
