"""Freeze the bins and categories of a model's columns: from its first batch, together with its schema."""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml.artifacts.rows import Frames
from ml.domain.schema import ColumnRole, ColumnSchema, ColumnType, TableSchema
from ml.profiles.columns import (
    Bins,
    CategoricalLayout,
    ColumnLayout,
    MomentLayout,
    NumericLayout,
    TextLayout,
)
from ml.profiles.columns.bins import PER_OCTAVE, Floats, cells_of, limited
from ml.profiles.profile import Layout
from ml.profiles.scan import arrow_of
from ml.profiles.tally import numbers_in, tally_categories

QUANTILES = 64
_FEW = 32  # so many different cells get a bin each
_SAMPLE = 100_000
_NUMBERS = (ColumnType.INTEGER, ColumnType.NUMBER, ColumnType.BOOLEAN)
_TAIL = np.array([1, 2, 4, 8], dtype=np.int64) * PER_OCTAVE  # 2, 4, 16 and 256 times as far out
_SCALES = np.array([-20, -10, -6, -3, -1, 0, 1, 3, 6, 10], dtype=np.int64) * PER_OCTAVE


def freeze(frame: pd.DataFrame | Frames, schema: TableSchema, *, key: Sequence[str], numeric_target: bool) -> Layout:
    """Return the layout for all batches of a model, from the first one.

    A column of numbers gets about 64 bins of equally many rows, and beyond the smallest and the largest number four
    more on either side, each reaching further by a multiple, so that what lies outside later is still told apart. Up to
    32 different numbers get a bin each. A column of categories gets its 64 most frequent ones. Of a large frame
    100,000 rows, evenly spread, are looked at.
    """
    if isinstance(frame, Frames):
        rows = frame.take(np.arange(0, frame.rows, max(1, frame.rows // _SAMPLE)))
    else:
        rows = frame.iloc[:: max(1, len(frame) // _SAMPLE)]
    columns = {column.name: _layout(rows, column, numeric_target) for column in schema.columns}
    return Layout(MappingProxyType(columns), tuple(key))


def _layout(frame: pd.DataFrame, column: ColumnSchema, numeric_target: bool) -> ColumnLayout:
    if _is_category(column, numeric_target):
        empty = CategoricalLayout(column.type, (), complete=False)
        if column.name not in frame.columns:
            return empty
        found = tally_categories(arrow_of(frame[column.name], empty), empty).others
        return CategoricalLayout(column.type, tuple(found.listed), complete=found.missed == 0)
    if _is_number(column):
        bins = Bins(0.0, (0,))
        layout = NumericLayout(column.type, bins)
        values = frame[column.name] if column.name in frame.columns else pd.Series(dtype=np.float64)
        numbers = numbers_in(arrow_of(values, layout), column.type).values
        return NumericLayout(column.type, bins_of(numbers[np.isfinite(numbers)]))
    return MomentLayout() if column.type is ColumnType.TIMESTAMP else TextLayout()


def _is_category(column: ColumnSchema, numeric_target: bool) -> bool:
    if column.role is ColumnRole.TARGET:
        return not (numeric_target and column.type in _NUMBERS)
    return column.role is ColumnRole.CATEGORICAL


def _is_number(column: ColumnSchema) -> bool:
    return column.role is ColumnRole.NUMERIC or column.type in _NUMBERS


def bins_of(numbers: Floats) -> Bins:
    """Return the bins for a column of finite numbers: for none at all, powers of two around 0."""
    center = float(np.partition(numbers, len(numbers) // 2)[len(numbers) // 2]) if len(numbers) else 0.0
    with np.errstate(over="ignore"):
        cells = np.sort(cells_of(np.clip(numbers + (0.0 - center), -3.4e38, 3.4e38)))
    inner = _inner(cells)
    return Bins(center, limited(np.concatenate((inner, _outer(inner, center)))))


def _inner(cells: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return the cuts around few different cells each, around equally many rows otherwise."""
    different = np.unique(cells)
    if len(different) > _FEW:
        places = np.linspace(0, len(cells) - 1, QUANTILES + 1).round().astype(np.int64)
        cuts, times = np.unique(cells[places], return_counts=True)
        crowded = cuts[times > 1]  # a number that many rows have gets a bin of its own
        different = np.concatenate((cuts, crowded + 1, cells[-1:] + 1))
        return np.unique(different)
    return np.unique(np.concatenate((different, different + 1)))


def _outer(inner: npt.NDArray[np.int64], center: float) -> npt.NDArray[np.int64]:
    """Return cuts beyond the inner ones, further out by multiples of the distance that the data has from its centre."""
    widest = int(np.abs(inner).max(initial=0))
    if widest <= 1:  # no number, or always the same
        scale = int(cells_of(np.array([abs(center) or 1.0]))[0]) + _SCALES
        return np.concatenate((scale, -scale))
    above, below = inner[-1] + _TAIL, inner[0] - _TAIL
    if inner[-1] <= 1:
        above = widest + np.concatenate(([0], _TAIL))
    if inner[0] >= 0:
        below = -(widest + np.concatenate(([0], _TAIL)))
    return np.concatenate((below, above))
