"""Parquet: judged by its footer first, read only where the window is, values in the few stored types."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ml.artifacts.frames import MOMENT
from ml.data.moments import is_moment, moments_of
from ml.data.pieces import Piece, check_readable
from ml.data.source import refusal
from ml.domain.codes_dv import data_finding
from ml.domain.findings import Finding, Severity
from ml.domain.windows import Window

MAX_BYTES = 8 * 1024**3
"""Most bytes that the rows to be read may fill in memory, by rows, columns and width."""
FREE_BYTES = 64 * 1024**2
MAX_RATIO = 1000
"""Most bytes in memory per byte of file, beyond ``FREE_BYTES``."""
_WIDTH = 8
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class ParquetFile:
    """An open Parquet file: its usable columns, and what was noticed about the others."""

    file: pq.ParquetFile
    name: str
    size: int
    columns: tuple[str, ...]
    findings: tuple[Finding, ...]

    @classmethod
    def open(cls, file: Any, name: str, size: int, *, time_column: str) -> ParquetFile:
        """Read the footer.

        Raises:
            DataError: this is no Parquet file, its names are not unique, or it has no usable time column.
        """
        try:
            schema = pq.read_schema(file)
            texts = [field.name for field in schema if _is_text(field.type)]
            file.seek(0)
            opened = pq.ParquetFile(file, read_dictionary=texts)
        except (pa.ArrowException, OSError, EOFError) as error:
            raise refusal("DV013", name, seen=str(error).splitlines()[0], expected="a Parquet file") from error
        names = schema.names
        twice = sorted({one for one in names if names.count(one) > 1}) if len(set(names)) < len(names) else []
        if twice:
            raise refusal("DV005", name, seen=f"{', '.join(twice)} twice", expected="unique names")
        usable = tuple(field.name for field in schema if _is_usable(field.type))
        if time_column not in usable or not is_moment(schema.field(time_column).type):
            there = ", ".join(f"{field.name} ({field.type})" for field in list(schema)[:50])
            raise refusal("DV019", name, seen=there, expected=f"a column {time_column} with timestamps")
        left_out = tuple(_left_out(field) for field in schema if field.name not in usable)
        return cls(opened, name, size, usable, left_out)

    @property
    def nbytes(self) -> int:
        """Bytes that the whole file fills in memory, by its footer."""
        return int(self.file.metadata.num_rows * len(self.columns) * _WIDTH)

    def groups(self, window: Window, *, time_column: str) -> list[int]:
        """Return the row groups that may hold rows of the window, by the statistics of the time column.

        Where a moment is missing all groups are needed, as such a row belongs to the row before it.
        """
        metadata = self.file.metadata
        if metadata.num_row_groups == 0:
            return []
        first = metadata.row_group(0)
        place = next(at for at in range(first.num_columns) if first.column(at).path_in_schema == time_column)
        statistics = [metadata.row_group(group).column(place).statistics for group in range(metadata.num_row_groups)]
        bounds = [_bounds(item) for item in statistics]
        if any(bound is None for bound in bounds):
            return list(range(metadata.num_row_groups))
        return [
            group
            for group, bound in enumerate(bounds)
            if bound is not None and bound[0] < window.end and bound[1] >= window.start
        ]

    def piece(self, groups: list[int], *, time_column: str, zone: str) -> Piece:
        """Read row groups.

        Raises:
            DataError: they would fill the memory, or the file is damaged.
        """
        self._check_size(groups)
        try:
            table = self.file.read_row_groups(groups, columns=list(self.columns), use_threads=False)
            _check_texts(table, self.name)
            moments = moments_of(table.column(time_column), zone)
            columns = [_stored(column) for column in table.columns]
        except (pa.ArrowException, OSError) as error:
            seen = str(error).splitlines()[0]
            raise refusal("DV013", self.name, seen=seen, expected="a sound Parquet file") from error
        check_readable(table.column(time_column), moments, time_column, subject=self.name)
        return Piece(pa.table(columns, names=table.column_names), moments)

    def _check_size(self, groups: list[int]) -> None:
        rows = sum(self.file.metadata.row_group(group).num_rows for group in groups)
        nbytes = rows * len(self.columns) * _WIDTH
        allowed = min(MAX_BYTES, max(FREE_BYTES, MAX_RATIO * self.size))
        if nbytes > allowed:
            seen = f"{rows} rows of {len(self.columns)} columns in {self.size} bytes"
            raise refusal("DV014", self.name, seen=seen, expected=f"at most {allowed} bytes in memory")


def _left_out(field: pa.Field) -> Finding:
    expected = "numbers, texts or moments"
    return data_finding("DV016", Severity.WARNING, field.name, seen=str(field.type), expected=expected)


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _is_usable(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        return _is_usable(kind.value_type)
    tests = (
        pa.types.is_integer,
        pa.types.is_floating,
        pa.types.is_decimal,
        pa.types.is_boolean,
        pa.types.is_timestamp,
        pa.types.is_date,
        pa.types.is_null,
        _is_text,
    )
    return any(test(kind) for test in tests)


def _bounds(statistics: Any) -> tuple[datetime, datetime] | None:
    """Return the earliest and latest moment of a row group, widened where its zone is not known; None if unknown."""
    if statistics is None or not statistics.has_min_max or not statistics.has_null_count or statistics.null_count:
        return None
    low, high = _moment(statistics.min), _moment(statistics.max)
    return None if low is None or high is None else (low[0], high[1])


def _moment(value: Any) -> tuple[datetime, datetime] | None:
    if isinstance(value, datetime):
        if value.tzinfo is not None:
            return value, value
        value = value.replace(tzinfo=UTC)
    elif isinstance(value, date):
        value = datetime(value.year, value.month, value.day, tzinfo=UTC)
    else:
        return None
    try:
        return value - _DAY, value + _DAY
    except OverflowError:
        return None


def _check_texts(table: pa.Table, name: str) -> None:
    """Refuse texts that are small as a dictionary and huge as a column."""
    for column_name, column in zip(table.column_names, table.columns, strict=True):
        if not pa.types.is_dictionary(column.type):
            continue
        total = 0
        for chunk in column.chunks:
            lengths = np.asarray(pc.fill_null(pc.binary_length(chunk.dictionary), 0).to_numpy(zero_copy_only=False))
            used = np.bincount(chunk.indices.drop_null().to_numpy(), minlength=len(lengths))
            total += int((lengths.astype(np.int64) * used).sum())
        if total > MAX_BYTES:
            seen = f"{total} bytes of text in {column_name}"
            raise refusal("DV014", name, seen=seen, expected=f"at most {MAX_BYTES}")


def _stored(column: Any) -> Any:
    """Bring a column to one of the stored types; numbers too large for 64 bits become texts, as in a CSV."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return column if _is_text(kind.value_type) else _stored(pc.cast(column, kind.value_type))
    if pa.types.is_integer(kind):
        try:
            return pc.cast(column, pa.int64())
        except pa.ArrowInvalid:
            return pc.cast(column, pa.string())
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return pc.cast(column, pa.float64())
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return _utc(column)
    return column


def _utc(column: Any) -> Any:
    """Timestamps that are no time column: in UTC, those without a zone taken as UTC."""
    return pc.cast(pc.cast(column, pa.timestamp("us", tz=getattr(column.type, "tz", None)), safe=False), MOMENT)
