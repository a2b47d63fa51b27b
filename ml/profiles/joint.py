"""What a profile holds of two columns together: a small table of counts, and the co-moments of numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ml.profiles.columns import Bins, CategoricalLayout, ColumnLayout, NumericLayout

Pair = tuple[str, str]
GROUPS = 6
"""Groups of a column: neighbouring bins of about equally many rows, or the five most frequent categories and others."""
_OUTER = 5  # bins on either side that lie beyond the first batch's range


@dataclass(frozen=True, slots=True)
class CoMoments:
    """Means, sums of squared distances from them, and the sum of their products, of rows that have both numbers."""

    mean_x: float
    mean_y: float
    m2_x: float
    m2_y: float
    products: float

    @property
    def correlation(self) -> float | None:
        """Pearson's correlation, None where a column is always the same."""
        scale = math.sqrt(self.m2_x) * math.sqrt(self.m2_y)
        return max(-1.0, min(1.0, self.products / scale)) if scale else None

    def merged(self, rows: int, other: CoMoments, others: int) -> CoMoments:
        """Return those of ``rows`` and ``others`` rows together: the update of Chan, Golub and LeVeque (1979)."""
        mine, theirs = rows / (rows + others), others / (rows + others)
        x, y, weight = other.mean_x - self.mean_x, other.mean_y - self.mean_y, mine * others
        return CoMoments(
            self.mean_x * mine + other.mean_x * theirs,
            self.mean_y * mine + other.mean_y * theirs,
            self.m2_x + other.m2_x + x * x * weight,
            self.m2_y + other.m2_y + y * y * weight,
            self.products + other.products + x * y * weight,
        )

    def or_none(self) -> CoMoments | None:
        """Return this, None if the numbers were too large for doubles."""
        each = (self.mean_x, self.mean_y, self.m2_x, self.m2_y, self.products)
        return self if all(math.isfinite(one) for one in each) else None


@dataclass(frozen=True, slots=True)
class Joint:
    """Rows that have a value in both columns, by the groups of the first (down) and of the second (across).

    ``cells`` is exact, row by row; ``shape`` its two sizes. ``moments`` are those of two columns of numbers, to the
    rounding of doubles; None without a row, where they exceed the doubles, and for categories.
    """

    shape: tuple[int, int]
    cells: tuple[int, ...]
    moments: CoMoments | None = None

    @property
    def rows(self) -> int:
        """Rows that have both values."""
        return sum(self.cells)

    def merged(self, other: Joint) -> Joint:
        """Return the counts of the rows of both."""
        mine, theirs = self.rows, other.rows
        if not mine or not theirs:
            return self if mine else other
        moments = None
        if self.moments is not None and other.moments is not None:
            moments = self.moments.merged(mine, other.moments, theirs).or_none()
        return replace(self, cells=tuple(map(sum, zip(self.cells, other.cells, strict=True))), moments=moments)

    def to_json(self) -> list[Any]:
        """Return plain JSON, read back by :meth:`from_json`."""
        moments = self.moments
        each = moments and [moments.mean_x, moments.mean_y, moments.m2_x, moments.m2_y, moments.products]
        return [list(self.shape), list(self.cells), each]

    @classmethod
    def from_json(cls, data: Sequence[Any]) -> Joint:
        """Build from what :meth:`to_json` gave."""
        (down, across), cells, each = data
        return cls((down, across), tuple(cells), None if each is None else CoMoments(*map(float, each)))


def countable(pairs: Sequence[Pair], columns: Mapping[str, ColumnLayout]) -> tuple[Pair, ...]:
    """Return the pairs of which both columns are there and hold numbers or categories."""
    return tuple(pair for pair in pairs if all(_has_groups(columns.get(name)) for name in pair))


def _has_groups(layout: ColumnLayout | None) -> bool:
    return isinstance(layout, NumericLayout | CategoricalLayout)


def empty_joint(first: ColumnLayout, second: ColumnLayout) -> Joint:
    """Return the counts of no rows."""
    shape = groups_in(first), groups_in(second)
    return Joint(shape, (0,) * (shape[0] * shape[1]))


def groups_in(layout: ColumnLayout) -> int:
    """Return how many groups a column has."""
    if isinstance(layout, NumericLayout):
        return len(group_cuts(layout.bins)) + 1
    return min(GROUPS, len(layout.categories) + 1) if isinstance(layout, CategoricalLayout) else 0


def group_cuts(bins: Bins) -> npt.NDArray[np.int64]:
    """Return those cuts of the bins at which a group ends and the next begins, at most five.

    Bins hold about equally many rows, but for the outer ones, and for the gaps where few numbers have a bin each.
    """
    widths = np.diff(bins.cuts)
    inner = np.zeros(len(bins.cuts) + 1)
    inner[1:-1] = widths == 1 if 2 * (widths == 1).sum() >= len(widths) - 2 * (_OUTER - 1) > 0 else 1
    if len(inner) > 2 * _OUTER:
        inner[:_OUTER] = inner[-_OUTER:] = 0
    if not inner.any():
        inner[:] = 1
    ends = np.cumsum(inner)
    groups = np.minimum(((ends - inner / 2) * GROUPS / ends[-1]).astype(np.int64), GROUPS - 1)
    return np.asarray(bins.cuts, dtype=np.int64)[np.flatnonzero(np.diff(groups))]
