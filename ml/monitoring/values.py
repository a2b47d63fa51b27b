"""A column as plain values: finite numbers, or categories as text."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Values = NDArray[Any]


class NoValuesError(ValueError):
    """A column does not hold what it should; the message says what it holds, to be put after its name."""


def values_of(column: pd.Series, *, numeric: bool) -> Values:
    """Return the values without missing ones; infinite numbers count as missing.

    Raises:
        NoValuesError: the column holds other things than numbers, or things that are no categories.
    """
    return _numbers(column) if numeric else _texts(column)


def _numbers(column: pd.Series) -> Values:
    if column.dtype.kind in "mMc":
        raise NoValuesError(f"holds {column.dtype}, no numbers")
    if isinstance(column.dtype, np.dtype) and column.dtype.kind in "iuf":
        plain: Values = column.to_numpy(dtype=np.float64)
        return plain[np.isfinite(plain)]
    try:
        numbers: Values = pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError, OverflowError) as error:
        raise NoValuesError(f"holds values that are no numbers ({error})") from error
    odd = column[np.isnan(numbers) & column.notna().to_numpy()]
    if len(odd):
        raise NoValuesError(f"holds {len(odd)} values that are no numbers, for example {odd.iloc[0]!r}")
    return numbers[np.isfinite(numbers)]


def _texts(column: pd.Series) -> Values:
    try:
        codes, distinct = pd.factorize(column.to_numpy(dtype=object))
    except TypeError as error:
        raise NoValuesError(f"holds values that are no categories ({error})") from error
    texts = np.asarray([_text(value) for value in distinct], dtype=object)
    return texts[codes[codes >= 0]]


def _text(value: object) -> str:
    """1, 1.0 and "1" are the same category: a file with a gap in the column makes floats of whole numbers."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
