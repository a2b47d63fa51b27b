"""Pieces of tables with the moments of their rows: cut to a window, put together, brought to the stored types."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ml.artifacts.arrow import MOMENT
from ml.artifacts.rows import as_stored
from ml.data.moments import Moments, microseconds
from ml.data.source import refusal
from ml.domain.codes_dv import data_finding
from ml.domain.findings import Finding, Severity
from ml.domain.windows import Window

_EXAMPLES = 3
_SHOWN = 40
_READABLE = "timestamps, or texts such as 2026-03-01T12:00:00Z"


@dataclass(frozen=True, slots=True)
class Piece:
    """Rows of a table, the time column among them as the source wrote it, and their moments."""

    table: pa.Table
    moments: Moments

    @property
    def nbytes(self) -> int:
        """Bytes in memory."""
        return int(self.table.nbytes + self.moments.at.nbytes * 2)

    def in_order(self) -> Piece:
        """Return the rows in the order of time; rows of one moment stay as they are."""
        at = self.moments.at
        if bool((at[:-1] <= at[1:]).all()):
            return self
        order = np.argsort(at, kind="stable")
        return Piece(self.table.take(pa.array(order)), self.moments.take(order))

    def cut(self, window: Window) -> Piece:
        """Return the rows of a window; the piece must be in order."""
        bounds = [microseconds(window.start), microseconds(window.end)]
        first, last = np.searchsorted(self.moments.at, bounds, side="left")
        return Piece(self.table.slice(first, last - first), self.moments.take(slice(first, last)))


def joined(pieces: Sequence[Piece]) -> Piece:
    """Put pieces together in the order of time; columns are brought to one type, a missing one has no values.

    Rows of one moment come in the order of the pieces.
    """
    if len(pieces) == 1:
        return pieces[0].in_order()
    tables = [piece.table for piece in pieces]
    kinds: dict[str, pa.DataType] = {}
    for table in tables:
        for field in table.schema:
            kinds[field.name] = common(kinds.get(field.name, field.type), field.type)
    table = pa.concat_tables([brought_to(table, kinds) for table in tables])
    return Piece(table, Moments.joined([piece.moments for piece in pieces])).in_order()


def common(one: pa.DataType, other: pa.DataType) -> pa.DataType:
    """Return the type that columns of two types are brought to."""
    if one == other or pa.types.is_null(other):
        return one
    if pa.types.is_null(one):
        return other
    numbers = (pa.types.is_integer, pa.types.is_floating)
    if all(any(test(kind) for test in numbers) for kind in (one, other)):
        return pa.float64()
    return pa.string()


def brought_to(table: pa.Table, kinds: Mapping[str, pa.DataType]) -> pa.Table:
    """Return exactly these columns, in these types; one that is not there has no value."""
    columns = [
        pc.cast(table.column(name), kind) if name in table.column_names else pa.nulls(table.num_rows, kind)
        for name, kind in kinds.items()
    ]
    return pa.table(columns, names=list(kinds))


def decoded(piece: Piece) -> Piece:
    """Write out texts that were kept as dictionaries."""
    table = piece.table
    columns = [pc.cast(column, pa.string()) if _is_encoded(column.type) else column for column in table.columns]
    return Piece(pa.table(columns, names=table.column_names), piece.moments)


def _is_encoded(kind: pa.DataType) -> bool:
    return bool(pa.types.is_dictionary(kind) or pa.types.is_large_string(kind))


def with_moments(piece: Piece, time_column: str) -> pa.Table:
    """Return the rows with the time column in UTC, without a value where the moment is not known."""
    moments = piece.moments
    at = pa.array(moments.at, mask=~moments.known).cast(pa.timestamp("us")).cast(MOMENT)
    return piece.table.set_column(piece.table.column_names.index(time_column), time_column, at)


@dataclass(frozen=True, slots=True)
class Told:
    """What is to be told of the time column as the source wrote it: numbers of rows, and a few examples of each."""

    rows: int = 0
    unknown: int = 0
    twice: int = 0
    examples: tuple[str, ...] = ()
    unknown_examples: tuple[str, ...] = ()
    twice_examples: tuple[str, ...] = ()

    @classmethod
    def of(cls, piece: Piece, time_column: str) -> Told:
        """Look at a piece."""
        raw, moments = piece.table.column(time_column), piece.moments
        unknown, twice = int((~moments.known).sum()), int(moments.twice.sum())
        return cls(
            len(moments.at),
            unknown,
            twice,
            () if unknown < len(moments.at) else _examples(raw),
            _examples(raw.filter(pa.array(~moments.known))) if unknown else (),
            _examples(raw.filter(pa.array(moments.twice))) if twice else (),
        )

    def and_of(self, piece: Piece, time_column: str) -> Told:
        """Look at one more piece."""
        other = Told.of(piece, time_column)
        return Told(
            self.rows + other.rows,
            self.unknown + other.unknown,
            self.twice + other.twice,
            _some(*self.examples, *other.examples),
            _some(*self.unknown_examples, *other.unknown_examples),
            _some(*self.twice_examples, *other.twice_examples),
        )

    def check_readable(self, time_column: str, *, subject: str) -> None:
        """Refuse rows of which not one has a readable moment (DV019)."""
        if self.rows and self.unknown == self.rows:
            raise refusal(
                "DV019",
                subject,
                seen=f"{time_column} = {', '.join(self.examples)}",
                expected=_READABLE,
                rows=self.rows,
            )

    def findings(self, time_column: str) -> tuple[Finding, ...]:
        """Tell of moments that cannot be read (DV020), or that occur twice (DV021)."""
        found = []
        for code, rows, examples, expected in (
            ("DV020", self.unknown, self.unknown_examples, _READABLE),
            ("DV021", self.twice, self.twice_examples, "moments that occur once"),
        ):
            if rows:
                seen = ", ".join(examples)
                found.append(data_finding(code, Severity.WARNING, time_column, seen=seen, expected=expected, rows=rows))
        return tuple(found)


def check_readable(piece: Piece, time_column: str, *, subject: str) -> None:
    """Refuse rows of which not one has a readable moment (DV019)."""
    Told.of(piece, time_column).check_readable(time_column, subject=subject)


def stored_types(table: pa.Table) -> pa.Table:
    """Bring a table to the types of a stored frame; see ml.artifacts.arrow."""
    there = {
        name: len(column) - column.null_count for name, column in zip(table.column_names, table.columns, strict=True)
    }
    fields = [stored_field(field.name, field.type, there[field.name], table.num_rows) for field in table.schema]
    return as_stored(table, pa.schema(fields))


def stored_field(name: str, kind: pa.DataType, there: int, rows: int) -> pa.Field:
    """Return how a column is stored of whose rows so many have a value."""
    if pa.types.is_string(kind) and not there:
        return pa.field(name, pa.null())
    plain = pa.types.is_integer(kind) or pa.types.is_boolean(kind)
    return pa.field(name, kind, nullable=not plain or there < rows)


def _examples(values: Any) -> tuple[str, ...]:
    """Show a few distinct values, shortened."""
    return tuple(
        "no value" if value is None else repr(str(value)[:_SHOWN]) for value in values.unique()[:_EXAMPLES].to_pylist()
    )


def _some(*shown: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(shown))[:_EXAMPLES]
