"""Chi-square: Cramér's V, and the p-value of Evidently's test."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ml.monitoring.measures.base import Measure
from ml.monitoring.sides import ColumnSides, Places, Shares


def effect(reference: Shares, current: Shares, places: Places | None) -> NDArray[np.float64]:
    """Cramér's V of the table of side by bin with equally many rows on both sides: 0 for equal ones, 1 for disjoint."""
    both = reference + current
    difference = (reference - current) ** 2
    found: NDArray[np.float64] = np.sqrt(np.sum(difference / np.where(both > 0, both, 1.0), axis=-1) / 2)
    return found


def p_value(column: ColumnSides) -> float:
    """P-value as Evidently computes it: the reference is taken for the truth, and what it never had gives 0."""
    from scipy.special import gammaincc

    there = (column.reference.counts > 0) | (column.current.counts > 0)
    p, q = (shares[there] for shares in column.shares)
    if np.any(p == 0):
        return 0.0
    statistic = column.current.rows * float(np.sum((q - p) ** 2 / p))
    return float(gammaincc((p.size - 1) / 2, statistic / 2))


CHISQUARE = Measure("chisquare", effect, numeric=False, p_value=p_value)
