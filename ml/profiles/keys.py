"""Count rows whose key an earlier row has."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

Digests = npt.NDArray[np.uint64]

_ODD = np.uint64(0x9E3779B97F4A7C15)  # mixes the digests of several columns
MOST_ROWS = 20_000_000
"""Keys are counted up to so many rows: 160 MB of digests."""


class KeyHashes:
    """Collects a digest of 64 bits of every key; two different keys have the same one once in 10^19 pairs.

    So no duplicate is missed, and none but by that chance is made up.
    """

    def __init__(self) -> None:
        self._parts: list[Digests] = []
        self._rows = 0

    def add(self, columns: Sequence[pd.Series]) -> None:
        """Take in the keys of some rows: the columns of the key."""
        self._rows += len(columns[0])
        if self._rows > MOST_ROWS:
            self._parts.clear()
            return
        digests = _digests(columns[0])
        for column in columns[1:]:
            digests = digests * _ODD + _digests(column)
        self._parts.append(digests)

    def duplicates(self, rows: int) -> int | None:
        """Return how many of the rows have a key that an earlier one has; None if there were too many to be counted."""
        if self._rows != rows or rows > MOST_ROWS:
            return None
        return rows - len(np.unique(np.concatenate(self._parts))) if rows else 0


def _digests(column: pd.Series) -> Digests:
    if isinstance(column.dtype, np.dtype) and column.dtype.kind in "iufb":
        return pd.util.hash_array(column.to_numpy(), categorize=False).astype(np.uint64, copy=False)
    return pd.util.hash_pandas_object(column, index=False).to_numpy().astype(np.uint64, copy=False)
