"""Make the features of any batch look as estimators expect them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml.domain.codes_dv import data_finding
from ml.domain.errors import DataError
from ml.domain.findings import Severity
from ml.domain.schema import ColumnRole, ColumnSchema, ColumnType, TableSchema
from ml.profiles.texts import BOOLEANS, as_numbers, text_array

_EXAMPLES = 3


def conform(frame: pd.DataFrame, schema: TableSchema) -> pd.DataFrame:
    """Return the features in the schema's order: numeric ones as float64, categories as text with None for *no value*.

    A feature that the frame does not have (only ``required: false`` lets that pass validation) has no value
    anywhere. Whole numbers that are categories read ``5``, other numbers ``5.0``, whatever type a batch happened
    to have. Shape: (rows, features); the index is the frame's.

    Raises:
        DataError: a text in a numeric feature is no number (validation would have quarantined its row).
    """
    columns: dict[str, Any] = {}
    for column in schema.columns:
        if column.role is ColumnRole.NUMERIC:
            columns[column.name] = _numbers(frame, column)
        elif column.role is ColumnRole.CATEGORICAL:
            columns[column.name] = _categories(frame, column)
    if columns and all(values.dtype == np.float64 for values in columns.values()):
        # Numbers alone lie in one block: estimators take it as it is, whoever asks for several predictions.
        return pd.DataFrame(np.vstack(list(columns.values())).T, frame.index, pd.Index(list(columns)), copy=False)
    return pd.DataFrame(columns, index=frame.index, copy=False)


def _numbers(frame: pd.DataFrame, column: ColumnSchema) -> npt.NDArray[np.float64]:
    if column.name not in frame.columns:
        return np.full(len(frame), np.nan)
    return numbers_of(frame[column.name], column.name)


def numbers_of(values: pd.Series, name: str) -> npt.NDArray[np.float64]:
    """Return a column as float64: truth values as 0 and 1, moments as seconds since 1970, texts as their numbers.

    Raises:
        DataError: a text is no number.
    """
    if values.dtype.kind == "M":
        moments = values.to_numpy(dtype="datetime64[us]")
        return np.where(np.isnat(moments), np.nan, moments.astype(np.int64) / 1e6)
    if values.dtype.kind in "iufb":
        return values.to_numpy(dtype=np.float64, na_value=np.nan)
    texts = text_array(values.map(_without_words, na_action="ignore"))
    numbers = as_numbers(texts)
    if numbers.wrong.any():
        examples = ", ".join(repr(text) for text in values[numbers.wrong].head(_EXAMPLES))
        finding = data_finding(
            "DV032", Severity.ERROR, name, seen=examples, expected="numbers", rows=int(numbers.wrong.sum())
        )
        raise DataError(
            f"The column {name!r} holds {examples}, where numbers are accepted.",
            remedy=finding.remedy,
            findings=(finding,),
        )
    return numbers.values


def _without_words(value: Any) -> Any:
    """Return 1 and 0 for the words true and false, all else as it is."""
    if isinstance(value, str):
        known = BOOLEANS.get(value.strip().lower())
        return value if known is None else str(int(known))
    return str(float(value)) if isinstance(value, bool | np.bool_) else value


def _categories(frame: pd.DataFrame, column: ColumnSchema) -> npt.NDArray[np.object_]:
    if column.name not in frame.columns:
        return np.full(len(frame), None, dtype=object)
    return texts_of(frame[column.name], column.type)


def texts_of(values: pd.Series, kind: ColumnType) -> npt.NDArray[np.object_]:
    """Return a column as texts, each value in the one form that it has under its type; None for *no value*."""
    codes, distinct = pd.factorize(values, use_na_sentinel=True)
    texts = np.empty(len(distinct) + 1, dtype=object)
    texts[:-1] = [category_of(value, kind) for value in distinct]
    return texts[codes]  # the sentinel -1 takes the last one, None


def category_of(value: Any, kind: ColumnType) -> str:
    """Return a value as the text that it is a category by."""
    if isinstance(value, str):
        return _canonical(value, kind)
    if isinstance(value, bool | np.bool_):
        return str(bool(value)).lower()
    if isinstance(value, int | np.integer):
        return repr(float(value)) if kind is ColumnType.NUMBER else str(int(value))
    if isinstance(value, float | np.floating):
        whole = kind is ColumnType.INTEGER and float(value).is_integer()
        return str(int(value)) if whole else repr(float(value))
    return str(value)


def _canonical(text: str, kind: ColumnType) -> str:
    """Give a text of a column of numbers or truth values the form that its value has in other batches."""
    if kind is ColumnType.BOOLEAN:
        return text.strip().lower()
    if kind not in (ColumnType.INTEGER, ColumnType.NUMBER):
        return text
    try:
        number = float(text)
    except ValueError:
        return text
    return category_of(
        int(text) if kind is ColumnType.INTEGER and number.is_integer() and text.strip("-").isdigit() else number, kind
    )
