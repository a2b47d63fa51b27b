"""What a measure of drift is: an effect size computed from the shares of two sides by bin."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml.monitoring.sides import ColumnSides, Places, Shares

Effect = Callable[[Shares, Shares, Places | None], NDArray[np.float64]]
"""(reference, current, places) → one effect a row; shares along the last axis, larger effects mean more drift."""

_LEAST_SHARE = 1e-4  # stands in for an empty bin where a logarithm is taken, as in Evidently


@dataclass(frozen=True, slots=True)
class Measure:
    """One way to say how far two distributions lie apart.

    ``effect`` is its effect size: 0 for equal sides, larger for more drift. ``p_value`` is given where Evidently's
    score of that name is the p-value of a test; else its score is the effect. ``quadratic`` effects grow with the
    square of a small difference, as divergences do; the others are distances.
    """

    name: str
    effect: Effect
    numeric: bool = True
    categorical: bool = True
    p_value: Callable[[ColumnSides], float] | None = None
    quadratic: bool = False

    def effect_of(self, column: ColumnSides) -> float:
        """Return the effect size of one column, whose sides both have values."""
        return float(self.effect(*column.shares, column.places))

    def score(self, column: ColumnSides) -> float:
        """Return what Evidently calls the drift score."""
        return self.effect_of(column) if self.p_value is None else self.p_value(column)


def without_zeros(shares: Shares) -> Shares:
    """Put a small share where there is none, as Evidently does, so that a logarithm can be taken."""
    least = np.min(np.where(shares > 0, shares, np.inf), axis=-1, keepdims=True)
    return np.where(shares == 0, np.where(least <= _LEAST_SHARE, least / 1e6, _LEAST_SHARE), shares)


def relative_entropy(p: Shares, q: Shares) -> NDArray[np.float64]:
    """Return the sum of p log(p / q) over the bins that p has."""
    found: NDArray[np.float64] = np.sum(p * np.log(np.where(p > 0, p, 1.0) / np.where(p > 0, q, 1.0)), axis=-1)
    return found
