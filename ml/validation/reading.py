"""Read a column as the type that it should have, and mark what cannot be read so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml.domain.schema import ColumnType
from ml.profiles.conform import texts_of
from ml.profiles.texts import BOOLEANS, as_numbers, text_array
from ml.validation.rules import Rule

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Reading:
    """A column as it should be; ``wrong`` marks values of another type, ``beyond`` numbers out of all range.

    Neither has a value in ``values``. ``missing`` marks rows that had none to begin with.
    """

    values: pd.Series
    missing: Mask
    wrong: Mask
    beyond: Mask


def read_column(values: pd.Series, rule: Rule) -> Reading:
    """Read a column by its rule."""
    missing = np.asarray(values.isna(), dtype=np.bool_)
    nothing = np.zeros(len(values), dtype=np.bool_)
    if rule.type in (ColumnType.INTEGER, ColumnType.NUMBER):
        return _numbers(values, missing, rule)
    if rule.type is ColumnType.BOOLEAN:
        return _booleans(values, missing)
    if rule.type is ColumnType.TIMESTAMP:
        return _moments(values, missing)
    shown = values
    if rule.categories is not None:
        shown = pd.Series(texts_of(values, rule.type), index=values.index, dtype=object)
    return Reading(shown, missing, nothing, nothing)


def _numbers(values: pd.Series, missing: Mask, rule: Rule) -> Reading:
    if values.dtype.kind == "M":
        return _all_wrong(values, missing)
    if values.dtype.kind in "iufb":
        numbers = np.array(values.to_numpy(dtype=np.float64, na_value=np.nan))
        wrong, beyond = np.zeros(len(numbers), dtype=np.bool_), np.isinf(numbers)
    else:
        found = as_numbers(text_array(values))
        numbers, wrong, beyond = found.values, found.wrong, found.beyond
    if rule.whole:
        wrong = wrong | (np.isfinite(numbers) & (numbers != np.trunc(numbers)))
    numbers[wrong | beyond] = np.nan
    return Reading(pd.Series(_shown(numbers, rule), index=values.index), missing, wrong, beyond)


def _shown(numbers: npt.NDArray[np.float64], rule: Rule) -> Any:
    """Return the numbers, as texts where categories are listed."""
    return numbers if rule.categories is None else texts_of(pd.Series(numbers), rule.type)


def _booleans(values: pd.Series, missing: Mask) -> Reading:
    if values.dtype.kind == "M":
        return _all_wrong(values, missing)
    words = {**BOOLEANS, "0": False, "1": True, "0.0": False, "1.0": True}
    read = values.map(lambda value: words.get(str(value).strip().lower()), na_action="ignore").astype(object)
    wrong = np.asarray(read.isna(), dtype=np.bool_) & ~missing
    return Reading(read, missing, wrong, np.zeros(len(values), dtype=np.bool_))


def _moments(values: pd.Series, missing: Mask) -> Reading:
    nothing = np.zeros(len(values), dtype=np.bool_)
    if values.dtype.kind == "M":
        return Reading(values, missing, nothing, nothing)
    if values.dtype.kind in "iufb":
        return _all_wrong(values, missing)
    read = pd.to_datetime(values, format="ISO8601", utc=True, errors="coerce")
    return Reading(read, missing, np.asarray(read.isna(), dtype=np.bool_) & ~missing, nothing)


def _all_wrong(values: pd.Series, missing: Mask) -> Reading:
    empty = pd.Series(np.nan, index=values.index)
    return Reading(empty, missing, ~missing, np.zeros(len(values), dtype=np.bool_))
