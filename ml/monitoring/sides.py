"""A column on the two sides of a drift check, as counts over the same bins: all that any measure looks at."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.domain.findings import Outcome

Counts = NDArray[np.int64]
Shares = NDArray[np.float64]
Places = NDArray[np.float64]

OTHERS = "(others)"
"""The bin of the categories that a profile only counts together."""


@dataclass(frozen=True, slots=True)
class Side:
    """Rows of one side: those with a value, by bin, and those without one (null, NaN, infinite)."""

    counts: Counts
    missing: int = 0

    @property
    def rows(self) -> int:
        """Rows with a value."""
        return int(self.counts.sum())

    @property
    def missing_share(self) -> float:
        """Share of the rows that have no value; 0 where there is no row."""
        rows = self.rows + self.missing
        return self.missing / rows if rows else 0.0


@dataclass(frozen=True)
class ColumnSides:
    """One column, of the whole table or of a segment, on both sides.

    ``places`` are the numbers that stand for the bins, ascending, None for categories, whose names are ``labels``.
    """

    name: str
    reference: Side
    current: Side
    places: Places | None = None
    labels: tuple[str, ...] = ()
    segment: str = ""

    def __post_init__(self) -> None:
        """Refuse sides that are not over the same bins."""
        sizes = {self.reference.counts.size, self.current.counts.size}
        sizes |= {self.places.size} if self.places is not None else set()
        if len(sizes) != 1:
            raise ValueError(f"{self.name}: the sides have {sorted(sizes)} bins, both must have the same ones")

    @cached_property
    def shares(self) -> tuple[Shares, Shares]:
        """Shares of each side's values by bin; both sides must have values."""
        return shares_of(self.reference.counts), shares_of(self.current.counts)


@dataclass(frozen=True, slots=True)
class Incomparable:
    """A column that cannot be compared at all, and why."""

    name: str
    note: str
    segment: str = ""
    outcome: Outcome = Outcome.NOT_APPLICABLE


def shares_of(counts: NDArray[Any]) -> Shares:
    """Return counts as shares of their sum along the last axis."""
    found: Shares = counts / counts.sum(axis=-1, keepdims=True)
    return found
