"""Kolmogorov–Smirnov: the largest gap between the distribution functions, and the p-value of its test."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ml.monitoring.measures.base import Measure
from ml.monitoring.sides import ColumnSides, Places, Shares

_EXACT_ROWS = 10_000  # up to so many rows a side SciPy, and so Evidently, computes the p-value exactly


def effect(reference: Shares, current: Shares, places: Places | None) -> NDArray[np.float64]:
    """Largest absolute difference of the distribution functions, between 0 and 1."""
    found: NDArray[np.float64] = np.max(np.abs(np.cumsum(reference - current, axis=-1)), axis=-1)
    return found


def p_value(column: ColumnSides) -> float:
    """P-value of the two-sided, two-sample test on the binned values, as SciPy's ``ks_2samp`` gives it.

    Values that share a bin are ties, which make the test careful: the true p-value is not larger.
    """
    from scipy.stats import ks_2samp, kstwo

    n, m = column.reference.rows, column.current.rows
    if max(n, m) <= _EXACT_ROWS:
        bins = np.arange(column.reference.counts.size)
        past, now = (np.repeat(bins, side.counts) for side in (column.reference, column.current))
        return float(ks_2samp(past, now).pvalue)
    return float(np.clip(kstwo.sf(effect(*column.shares, column.places), round(n * m / (n + m))), 0.0, 1.0))


KS = Measure("ks", effect, categorical=False, p_value=p_value)
