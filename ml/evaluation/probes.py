"""Rows that no training data hold: gaps everywhere, unknown categories, numbers far out of range."""

from __future__ import annotations

import numpy as np
import pandas as pd

_FAR = 10.0
UNKNOWN = "\N{REPLACEMENT CHARACTER}never seen"
LOOKED_AT = 200
"""So many of the newest training rows tell what is usual."""


def probe_rows(usual: pd.DataFrame) -> pd.DataFrame:
    """Return four rows like the conformed ``usual`` ones: no value anywhere; categories never seen; numbers ten times
    the usual range above it, and below it.
    """
    columns: dict[str, object] = {}
    for name, values in usual.items():
        if values.dtype == np.float64:
            numbers = values.to_numpy()
            numbers = numbers[np.isfinite(numbers)]
            low, high = (float(numbers.min()), float(numbers.max())) if len(numbers) else (0.0, 0.0)
            reach = _FAR * ((high - low) or max(abs(high), 1.0))
            columns[str(name)] = np.array([np.nan, (low + high) / 2.0, high + reach, low - reach])
        else:
            columns[str(name)] = np.array([None, UNKNOWN, UNKNOWN, UNKNOWN], dtype=object)
    return pd.DataFrame(columns)
