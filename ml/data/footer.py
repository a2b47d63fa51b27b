"""The footer of a Parquet file: how many rows each row group has, and between which moments they lie.

This is read here and not asked of pyarrow. Where a footer contradicts itself (an integer column that is said to be
of texts, a histogram of another size than its column's) pyarrow throws as soon as a column of a row group is asked
for, in a place where Python cannot catch it: the process would end. What pyarrow is still asked (the schema, rows)
answers with an error.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, BinaryIO

from ml.data.source import refusal
from ml.data.thrift import Each, MalformedError, Only, read_struct
from ml.domain.windows import EPOCH

_MAGIC = b"PAR1"
_END = 8
"""Bytes behind the footer: its length, and the magic ones."""
_TYPES = {"BOOLEAN": 0, "INT32": 1, "INT64": 2, "INT96": 3, "FLOAT": 4, "DOUBLE": 5, "BYTE_ARRAY": 6}
_UNITS = {"milliseconds": 1000, "microseconds": 1, "nanoseconds": -1000}
"""Microseconds in one; of a negative number, the other way round."""
_LATEST, _EARLIEST, _MISSING, _MAX_VALUE, _MIN_VALUE = 1, 2, 3, 5, 6
"""Fields of a column's statistics: the older pair of bounds, values that are missing, the newer pair."""

Bounds = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class RowGroup:
    """Its rows, and the moments between which they lie: None where that is not said, or a moment is missing."""

    rows: int
    bounds: Bounds | None


def footer_of(file: BinaryIO, name: str) -> bytes:
    """Return the footer's bytes.

    Raises:
        DataError: the file does not end as a Parquet file does.
        OSError: it cannot be read now.
    """
    size = file.seek(0, os.SEEK_END)
    file.seek(max(size - _END, 0))
    end = file.read(_END)
    if end[4:] != _MAGIC or size < len(_MAGIC) + _END:
        raise refusal("DV013", name, seen=f"no {_MAGIC.decode()} at its end", expected="a Parquet file")
    length = int.from_bytes(end[:4], "little")
    if length > size - len(_MAGIC) - _END:
        seen = f"a footer of {length} bytes in a file of {size}"
        raise refusal("DV013", name, seen=seen, expected="a whole Parquet file")
    file.seek(size - _END - length)
    return file.read(length)


def as_file(footer: bytes) -> bytes:
    """Return the footer as a file without pages, which is enough to read its schema from."""
    return _MAGIC + footer + len(footer).to_bytes(4, "little") + _MAGIC


def row_groups(footer: bytes, name: str, *, schema: Any, time_column: str, zoned: bool) -> tuple[RowGroup, ...]:
    """Return what the footer says of the row groups.

    ``schema`` is pyarrow's of the file's columns as they are stored. A moment that is not ``zoned`` is taken as up to
    a day earlier or later.

    Raises:
        DataError: the footer contradicts itself, or cannot be read.
    """
    columns = [schema.column(place) for place in range(len(schema.names))]
    place = next((at for at, column in enumerate(columns) if column.path == time_column), None)
    try:
        return _row_groups(footer, len(columns), None if place is None else _stored(place, columns[place], zoned))
    except MalformedError as error:
        raise refusal("DV013", name, seen=f"a damaged footer: {error}", expected="a sound Parquet file") from error


@dataclass(frozen=True, slots=True)
class _Stored:
    """The time column as it is stored: where, and how its values are to be read."""

    place: int
    path: str
    physical: str
    kind: str
    unit: int
    zoned: bool


def _stored(place: int, column: Any, zoned: bool) -> _Stored:
    logical = json.loads(column.logical_type.to_json())
    unit = _UNITS.get(logical.get("timeUnit", ""), 1)
    return _Stored(place, column.path, column.physical_type, logical.get("Type", ""), unit, zoned)


@lru_cache(maxsize=16)
def _row_groups(footer: bytes, columns: int, stored: _Stored | None) -> tuple[RowGroup, ...]:
    """Read the footer. Window for window one large file is asked again, and a footer of many columns takes a while."""
    statistics = dict.fromkeys((_LATEST, _EARLIEST, _MAX_VALUE, _MIN_VALUE), bytes) | {_MISSING: int}
    chunk = {3: {1: int, 3: Each(bytes), 12: statistics}}
    found = read_struct(footer, {4: Each({1: Only(stored.place if stored else 0, chunk), 3: int})})
    return tuple(_row_group(group, columns, stored) for group in found.get(4, []))


def _row_group(group: Mapping[int, Any], columns: int, stored: _Stored | None) -> RowGroup:
    (count, chunk), rows = group.get(1, (0, None)), group.get(3, -1)
    if count != columns:
        raise MalformedError(f"a row group has {count} columns, the schema {columns}")
    if rows < 0:
        raise MalformedError("a row group does not say how many rows it has")
    if stored is None:
        return RowGroup(rows, None)
    about = chunk.get(3, {})
    if b".".join(about.get(3, ())) != stored.path.encode() or about.get(1) != _TYPES.get(stored.physical):
        raise MalformedError(f"a row group has another column where {stored.path} should be, or another type of it")
    return RowGroup(rows, _bounds(about.get(12, {}), stored))


def _bounds(statistics: Mapping[int, Any], stored: _Stored) -> Bounds | None:
    if statistics.get(_MISSING) != 0:
        return None
    newer = statistics.get(_MIN_VALUE), statistics.get(_MAX_VALUE)
    low, high = newer if None not in newer else (statistics.get(_EARLIEST), statistics.get(_LATEST))
    if low is None or high is None:
        return None
    first, last = _moment(low, stored), _moment(high, stored)
    return None if first is None or last is None or first[0] > last[1] else (first[0], last[1])


def _moment(value: bytes, stored: _Stored) -> Bounds | None:
    """Return the earliest and the latest instant that a stored value may mean; None if it is no moment."""
    number, how = int.from_bytes(value, "little", signed=True), (stored.kind, stored.physical, len(value))
    day = timedelta(days=1)
    try:
        if how == ("Date", "INT32", 4):
            low = high = EPOCH + timedelta(days=number)
        elif how == ("Timestamp", "INT64", 8):
            low, high = _instants(number, stored.unit)
        else:
            return None
        return (low, high) if stored.zoned else (low - day, high + day)
    except OverflowError:
        return None


def _instants(number: int, unit: int) -> Bounds:
    """Return the instant in whole microseconds, rounded down and up."""
    low, high = (number * unit, number * unit) if unit > 0 else (number // -unit, -(-number // -unit))
    return EPOCH + timedelta(microseconds=low), EPOCH + timedelta(microseconds=high)
