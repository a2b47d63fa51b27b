"""A column as plain values: finite numbers, or categories as text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Values = NDArray[Any]
_MOST_CATEGORIES = 250  # trees of scikit-learn can tell 255 apart


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


def coded(
    frame: pd.DataFrame, numeric: Sequence[str], categorical: Sequence[str]
) -> tuple[NDArray[np.float64], list[bool]]:
    """Return the columns as one array, categories by number and missing ones NaN, and which are categories.

    Of a column with more categories than trees can tell apart, the most frequent ones are kept, the others are one.

    Raises:
        NoValuesError: a column holds other things than it should.
    """
    columns = [_finite(frame[name]) for name in numeric] + [_codes(frame[name]) for name in categorical]
    table = np.column_stack(columns) if columns else np.empty((len(frame), 0))
    return table, [False] * len(numeric) + [True] * len(categorical)


def _finite(column: pd.Series) -> Values:
    values: Values = pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    return np.where(np.isfinite(values), values, np.nan)


def _codes(column: pd.Series) -> Values:
    try:
        codes, distinct = pd.factorize(column.to_numpy(dtype=object))
    except TypeError as error:
        raise NoValuesError(f"holds values that are no categories ({error})") from error
    counts = np.bincount(codes[codes >= 0], minlength=len(distinct))
    rank = np.empty(len(distinct), dtype=np.int64)
    rank[np.argsort(-counts, kind="stable")] = np.arange(len(distinct))
    ranked = np.minimum(rank, _MOST_CATEGORIES - 1)
    return np.where(codes < 0, np.nan, ranked[codes]) if len(distinct) else np.full(len(codes), np.nan)
