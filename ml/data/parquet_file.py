"""Parquet: judged by its footer first, read only where the window is, values in the few stored types."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ml.artifacts.arrow import MOMENT
from ml.artifacts.rows import ROW_GROUP
from ml.data.footer import RowGroup, as_file, footer_of, row_groups
from ml.data.moments import Moments, is_moment, moments_of
from ml.data.pieces import Piece, check_readable
from ml.data.source import refusal
from ml.domain.codes_dv import data_finding
from ml.domain.findings import Finding, Severity
from ml.domain.windows import Window

MAX_BYTES = 8 * 1024**3
"""Most bytes of text in a column."""
FREE_BYTES = 64 * 1024**2
MAX_RATIO = 1000
"""Most bytes in memory per byte of file, beyond ``FREE_BYTES``, by rows, columns and width."""
_WIDTH = 8
_CELLS = 2**21
"""Values of a large file that are read at a time: 16 MB of numbers."""
MAX_UNKNOWN = ROW_GROUP
"""Most rows without a readable moment that are held for the first one; looked at each time that rows were read."""
DAMAGED = (pa.ArrowException, OSError, EOFError, UnicodeError)
"""What pyarrow raises where a file is damaged."""


@dataclass(frozen=True, slots=True)
class ParquetFile:
    """An open Parquet file: its usable columns, and what was noticed about the others."""

    file: pq.ParquetFile
    footer: bytes
    name: str
    size: int
    columns: tuple[str, ...]
    zoned: frozenset[str]
    findings: tuple[Finding, ...]

    @classmethod
    def open(cls, file: Any, name: str, size: int, *, time_column: str) -> ParquetFile:
        """Read the footer.

        Raises:
            DataError: this is no Parquet file, its names are not unique, or it has no usable time column.
        """
        footer = footer_of(file, name)
        try:
            metadata = pq.read_metadata(pa.BufferReader(as_file(footer)))
            schema = metadata.schema.to_arrow_schema()
            shown = [f"{field.name} ({field.type})" for field in schema]
            zoned = frozenset(field.name for field in schema if getattr(field.type, "tz", None) is not None)
            texts = [field.name for field in schema if _is_text(field.type)]
            file.seek(0)
            opened = pq.ParquetFile(file, metadata=metadata, read_dictionary=texts)
        except DAMAGED as error:
            raise refusal("DV013", name, seen=damage(error), expected="a Parquet file") from error
        names = schema.names
        twice = sorted({one for one in names if names.count(one) > 1}) if len(set(names)) < len(names) else []
        if twice:
            raise refusal("DV005", name, seen=f"{', '.join(twice)} twice", expected="unique names")
        usable = tuple(field.name for field in schema if _is_usable(field.type))
        if time_column not in usable or not is_moment(schema.field(time_column).type):
            raise refusal("DV019", name, seen=", ".join(shown[:50]), expected=f"a column {time_column} with timestamps")
        left_out = tuple(_left_out(field) for field in schema if field.name not in usable)
        return cls(opened, footer, name, size, usable, zoned, left_out)

    @property
    def nbytes(self) -> int:
        """Bytes that the whole file fills in memory, by its footer."""
        return int(self.file.metadata.num_rows * len(self.columns) * _WIDTH)

    def groups(self, *, time_column: str) -> tuple[RowGroup, ...]:
        """Return the row groups: their rows, and the moments between which they lie.

        Raises:
            DataError: the footer contradicts itself.
        """
        zoned = time_column in self.zoned
        return row_groups(self.footer, self.name, schema=self.file.schema, time_column=time_column, zoned=zoned)

    def piece(self, groups: Mapping[int, RowGroup], *, time_column: str, zone: str) -> Piece:
        """Read row groups, given by their place.

        Raises:
            DataError: they are more than the file can hold, or it is damaged.
        """
        self._check_size(sum(group.rows for group in groups.values()))
        with self._damage_told():
            table = self.file.read_row_groups(list(groups), columns=list(self.columns), use_threads=False)
            _add_texts({}, table, self.name)
            piece = _piece(table, moments_of(table.column(time_column), zone))
        check_readable(piece, time_column, subject=self.name)
        return piece

    def pieces(self, groups: Mapping[int, RowGroup], *, time_column: str, zone: str) -> Iterator[Piece]:
        """Yield the rows of row groups, given by their place, some at a time; so they may be any number.

        Raises:
            DataError: they are more than the file can hold, or it is damaged; or it begins with more than
                :data:`MAX_UNKNOWN` rows without a readable moment, or has none at all (DV019).
        """
        self._check_size(sum(group.rows for group in groups.values()))
        texts: dict[str, int] = {}
        before: int | None = None
        held: list[pa.Table] = []  # those before the first known moment: they belong to it
        for table in self._tables(list(groups)):
            held.append(table)
            with self._damage_told():
                _add_texts(texts, table, self.name)
                moments = moments_of(table.column(time_column), zone, before=before)
            if before is None and not moments.known.any():
                if sum(one.num_rows for one in held) > MAX_UNKNOWN:
                    break
                continue
            with self._damage_told():
                together = pa.concat_tables(held)
                if len(held) > 1:
                    moments = moments_of(together.column(time_column), zone)
                piece = _piece(together, moments)
            before = int(moments.at[-1])
            held = []
            yield piece
        if held:
            times = pa.concat_tables([table.select([time_column]) for table in held])
            piece = Piece(times, moments_of(times.column(time_column), zone))
            check_readable(piece, time_column, subject=self.name)

    def _tables(self, groups: list[int]) -> Iterator[pa.Table]:
        rows = max(1, _CELLS // len(self.columns))
        for group in groups:  # each by itself: asked for several, pyarrow reads the pages of all before the first batch
            batches = self.file.iter_batches(rows, row_groups=[group], columns=list(self.columns), use_threads=False)
            while True:
                with self._damage_told():
                    batch = next(batches, None)
                if batch is None:
                    break
                yield pa.Table.from_batches([batch])

    @contextmanager
    def _damage_told(self) -> Iterator[None]:
        try:
            yield
        except DAMAGED as error:
            raise refusal("DV013", self.name, seen=damage(error), expected="a sound Parquet file") from error

    def _check_size(self, rows: int) -> None:
        nbytes = rows * len(self.columns) * _WIDTH
        allowed = max(FREE_BYTES, MAX_RATIO * self.size)
        if nbytes > allowed:
            seen = f"{rows} rows of {len(self.columns)} columns in {self.size} bytes"
            raise refusal("DV014", self.name, seen=seen, expected=f"at most {allowed} bytes, unpacked")


def damage(error: Exception) -> str:
    """Say what was noticed, in a line; a name that is no text would be shown as bytes, half of the footer long."""
    if isinstance(error, UnicodeError):
        return "a name or a time zone that is not UTF-8"
    return next(iter(str(error).splitlines()), type(error).__name__)


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


def needed(groups: Sequence[RowGroup], window: Window) -> dict[int, RowGroup]:
    """Return the row groups that may hold rows of the window, by their place.

    Where a moment is missing all groups are needed, as such a row belongs to the row before it.
    """
    if any(group.bounds is None for group in groups):
        return dict(enumerate(groups))
    return {
        place: group
        for place, group in enumerate(groups)
        if group.bounds is not None and group.bounds[0] < window.end and group.bounds[1] >= window.start
    }


def _piece(table: pa.Table, moments: Moments) -> Piece:
    return Piece(pa.table([_stored(column) for column in table.columns], names=table.column_names), moments)


def _add_texts(totals: dict[str, int], table: pa.Table, name: str) -> None:
    """Add up how long the texts of each column are; refuse some that are small as a dictionary and huge as a column.

    Raises:
        ArrowInvalid: they are no texts.
    """
    for column_name, column in zip(table.column_names, table.columns, strict=True):
        if not pa.types.is_dictionary(column.type):
            continue
        total = totals.get(column_name, 0)
        for chunk in column.chunks:
            chunk.validate(full=True)  # pyarrow reads rows that point beyond their dictionary, and texts that are none
            lengths = np.asarray(pc.fill_null(pc.binary_length(chunk.dictionary), 0).to_numpy(zero_copy_only=False))
            used = np.bincount(chunk.indices.drop_null().to_numpy(), minlength=len(lengths))
            total += int((lengths.astype(np.int64) * used).sum())
        if total > MAX_BYTES:
            seen = f"{total} bytes of text in {column_name}"
            raise refusal("DV014", name, seen=seen, expected=f"at most {MAX_BYTES}")
        totals[column_name] = total


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
