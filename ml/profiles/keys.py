"""Count rows whose key an earlier row has, by a digest of 64 bits of every key.

Two different keys have the same digest once in 10^19 pairs. So no duplicate is missed, and none but by that chance is
made up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

Digests = npt.NDArray[np.uint64]

_ODD = np.uint64(0x9E3779B97F4A7C15)  # mixes the digests of several columns
MOST = 5_000_000
"""Digests that are held at a time: 40 MB, some times over while they are sorted. Keys of more rows are read again."""


def duplicates(read: Callable[[], Iterable[Digests]], rows: int) -> int:
    """Return how many of the rows have a key that an earlier one has; ``read`` gives the digests of all, in parts."""
    return sum(len(mine) - len(np.unique(mine)) for mine in _shares(read, rows))


def several_times(read: Callable[[], Iterable[Digests]], rows: int) -> Digests:
    """Return the digests that more than one of the rows has."""
    found = []
    for mine in _shares(read, rows):
        digests, times = np.unique(mine, return_counts=True)
        found.append(digests[times > 1])
    return np.concatenate(found)


def _shares(read: Callable[[], Iterable[Digests]], rows: int) -> Iterable[Digests]:
    """Yield all digests, in shares that are held at a time; equal ones are in one share."""
    shares = 1 + (rows - 1) // MOST if rows else 1
    for share in range(shares):
        mine = [part if shares == 1 else part[part % np.uint64(shares) == share] for part in read()]
        yield np.concatenate(mine) if mine else np.empty(0, dtype=np.uint64)


def digests_of(columns: Sequence[pd.Series]) -> Digests:
    """Return a digest of every row's key, of which these are the columns."""
    digests = _digests(columns[0])
    for column in columns[1:]:
        digests = digests * _ODD + _digests(column)
    return digests


def _digests(column: pd.Series) -> Digests:
    if isinstance(column.dtype, np.dtype) and column.dtype.kind in "iufb":
        return pd.util.hash_array(column.to_numpy(), categorize=False).astype(np.uint64, copy=False)
    return pd.util.hash_pandas_object(column, index=False).to_numpy().astype(np.uint64, copy=False)
