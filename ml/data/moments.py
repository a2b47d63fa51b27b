"""The time column as instants: UTC microseconds, whatever the source calls a moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from ml.domain.windows import EPOCH, as_utc
from ml.profiles.texts import matches

Instants = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

_ISO = r"^\s*[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ][0-9]{2}.*)?$"
_NAIVE = r"^[0-9-]+(?:[T ][0-9:.,]*)?$"
"""Nothing that pandas could take for an offset, such as the Z of ``12:00Z?`` and the sign of ``12:00+1``."""
_AWARE = r"(?i)[T ][0-9]{2}.*(?:Z|[+-][0-9]{2}(?::?[0-9]{2})?)\s*$"
_MISSING = np.iinfo(np.int64).min


@dataclass(frozen=True, slots=True)
class Moments:
    """The moments of some rows.

    ``at`` are microseconds since 1970. A row that is not ``known`` (no moment, or none that can be read) takes the
    moment of the row before it, so that it belongs to exactly one batch, where it is quarantined. ``twice`` marks
    local times that occur twice on the day when clocks are set back.
    """

    at: Instants
    known: Mask
    twice: Mask

    def take(self, rows: Any) -> Moments:
        """Return those of some rows, given by a slice, a mask or positions."""
        return Moments(self.at[rows], self.known[rows], self.twice[rows])

    @staticmethod
    def joined(parts: list[Moments]) -> Moments:
        """Return the moments of several runs of rows, one behind the other."""
        return Moments(
            np.concatenate([part.at for part in parts]),
            np.concatenate([part.known for part in parts]),
            np.concatenate([part.twice for part in parts]),
        )


def microseconds(moment: datetime) -> int:
    """Return an aware instant as whole microseconds since 1970."""
    passed = as_utc(moment) - EPOCH
    return (passed.days * 86_400 + passed.seconds) * 1_000_000 + passed.microseconds


def is_moment(kind: pa.DataType) -> bool:
    """Tell whether a column of this type can be the time column."""
    return any(
        test(kind) for test in (pa.types.is_timestamp, pa.types.is_date, pa.types.is_string, pa.types.is_large_string)
    ) or (pa.types.is_dictionary(kind) and is_moment(kind.value_type))


def moments_of(column: Any, zone: str, *, before: int | None = None) -> Moments:
    """Read an Arrow column of timestamps, dates or ISO 8601 texts; those without an offset are in ``zone``.

    ``before`` is the moment of the row before the first. Digits beyond microseconds are dropped.
    """
    if pa.types.is_dictionary(column.type):
        column = pc.cast(column, column.type.value_type)
    if pa.types.is_timestamp(column.type) or pa.types.is_date(column.type):
        at, twice = _from_timestamps(column, zone)
    else:
        at, twice = _from_texts(column, zone)
    known = at != _MISSING
    return Moments(_filled(at, known, before), known, twice)


def _from_timestamps(column: Any, zone: str) -> tuple[Instants, Mask]:
    aware = pa.types.is_timestamp(column.type) and column.type.tz is not None
    whole = pc.cast(column, pa.timestamp("us", tz="UTC" if aware else None), safe=False)
    numbers = np.asarray(pc.fill_null(pc.cast(whole, pa.int64()), _MISSING).to_numpy(), dtype=np.int64)
    if aware:
        return numbers, np.zeros(len(numbers), dtype=bool)
    return _localised(pd.DatetimeIndex(numbers.view("datetime64[us]")), zone)


def _from_texts(column: Any, zone: str) -> tuple[Instants, Mask]:
    iso = pc.fill_null(pc.match_substring_regex(column, _ISO), False)
    texts = pc.utf8_trim_whitespace(pc.if_else(iso, column, pa.scalar(None, pa.string())))
    aware = matches(texts, _AWARE)
    values = np.asarray(texts.to_pandas(), dtype=object)
    at = np.full(len(values), _MISSING, dtype=np.int64)
    twice = np.zeros(len(values), dtype=bool)
    if aware.any():
        at[aware] = _numbers(pd.to_datetime(values[aware], format="ISO8601", utc=True, errors="coerce"))
    if not aware.all():
        plain = values.copy()
        plain[~matches(texts, _NAIVE)] = None
        naive = pd.to_datetime(plain[~aware], format="ISO8601", errors="coerce")
        at[~aware], twice[~aware] = _localised(pd.DatetimeIndex(naive), zone)
    for row in np.flatnonzero((at == _MISSING) & ~pd.isna(values)):
        at[row] = _far(values[row], zone)
    return at, twice


def _far(text: str, zone: str) -> int:
    """Read a moment too far off for pandas, as the 9999-12-31 that means *never*."""
    try:
        moment = datetime.fromisoformat(text)
        if pd.Timestamp.min.year < moment.year < pd.Timestamp.max.year:
            return _MISSING  # near enough, and refused: an hour that was skipped when clocks were set forward
        return microseconds(moment if moment.tzinfo is not None else moment.replace(tzinfo=ZoneInfo(zone)))
    except (ValueError, OverflowError):
        return _MISSING


def _localised(naive: pd.DatetimeIndex, zone: str) -> tuple[Instants, Mask]:
    """Take local times as instants; the first of the two where one occurs twice, none where it never occurs."""
    if zone == "UTC":
        return _numbers(naive.tz_localize("UTC")), np.zeros(len(naive), dtype=bool)
    first = naive.tz_localize(zone, ambiguous=np.ones(len(naive), dtype=bool), nonexistent="NaT")
    only = naive.tz_localize(zone, ambiguous="NaT", nonexistent="NaT")
    return _numbers(first), np.asarray(only.isna(), dtype=np.bool_) & ~np.asarray(first.isna(), dtype=np.bool_)


def _numbers(moments: pd.DatetimeIndex) -> Instants:
    return np.asarray(moments.as_unit("us").asi8, dtype=np.int64)


def _filled(at: Instants, known: Mask, before: int | None) -> Instants:
    """Give unknown moments that of the last known row, those at the very start that of the first known row."""
    if known.all() or not len(at):
        return at
    last = np.maximum.accumulate(np.where(known, np.arange(len(at)), -1))
    filled = at[np.maximum(last, 0)]
    if before is None:
        before = int(at[known][0]) if known.any() else _MISSING
    filled[last < 0] = before
    return filled
