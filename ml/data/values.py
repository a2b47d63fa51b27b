"""Values from a database driver as columns of the stored types."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence, Set
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

import pyarrow as pa

from ml.data.moments import microseconds

_AS_TEXT: Mapping[type, Callable[[Any], str]] = {
    str: str,
    UUID: str,
    time: time.isoformat,
    datetime: datetime.isoformat,
    date: date.isoformat,
    Decimal: str,
    float: repr,
    int: str,
    bool: lambda value: str(value).lower(),
}


def column_of_values(values: Sequence[Any]) -> pa.Array | None:
    """Return a column of whole numbers, numbers, truth values, moments or texts; None for anything else.

    A column of several types (SQLite allows it) becomes text; so do whole numbers beyond 64 bits, which would lose
    their last digits as floats.
    """
    kinds = {type(value) for value in values} - {type(None)}
    if not kinds:
        return pa.nulls(len(values))
    for accepted, build in _BUILDERS:
        if kinds <= accepted:
            return build(values)
    return None


def _whole(values: Sequence[Any]) -> pa.Array:
    try:
        return pa.array(values, pa.int64())
    except (pa.ArrowInvalid, OverflowError):
        return _texts(values)


def _numbers(values: Sequence[Any]) -> pa.Array:
    return pa.array([None if value is None else _number(value) for value in values], pa.float64())


def _number(value: float | Decimal) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.copysign(math.inf, value)


def _moments(values: Sequence[Any]) -> pa.Array:
    """Aware moments in UTC, naive ones as they are, both in one column as texts with and without an offset."""
    zones = {value.tzinfo is None for value in values if value is not None}
    if len(zones) > 1:
        return _texts(values)
    if True in zones:
        return pa.array(values, pa.timestamp("us"))
    # As numbers: pyarrow ignores offsets where somebody has set PYARROW_IGNORE_TIMEZONE.
    numbers = pa.array([None if value is None else microseconds(value) for value in values], pa.int64())
    return numbers.cast(pa.timestamp("us")).cast(pa.timestamp("us", tz="UTC"))


def _texts(values: Sequence[Any]) -> pa.Array:
    return pa.array([None if value is None else _AS_TEXT[type(value)](value) for value in values], pa.string())


_BUILDERS: tuple[tuple[Set[type], Callable[[Sequence[Any]], pa.Array]], ...] = (
    ({bool}, lambda values: pa.array(values, pa.bool_())),
    ({int}, _whole),
    ({int, float, Decimal}, _numbers),
    ({datetime}, _moments),
    ({date}, lambda values: pa.array(values, pa.date32())),
    (_AS_TEXT.keys(), _texts),
)
"""The first that accepts all types of a column builds it."""
