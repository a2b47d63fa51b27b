"""Pieces of tables with the moments of their rows: cut to a window, put together, turned into a frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from ml.artifacts.frames import MOMENT, frame_of
from ml.data.moments import Moments, microseconds
from ml.data.source import refusal
from ml.domain.codes_dv import data_finding
from ml.domain.findings import Finding, Severity
from ml.domain.windows import Window

_EXAMPLES = 3
_SHOWN = 40


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
        if len(at) < 2 or bool((at[:-1] <= at[1:]).all()):  # noqa: PLR2004
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
            kinds[field.name] = _common(kinds.get(field.name, field.type), field.type)
    table = pa.concat_tables([_brought_to(table, kinds) for table in tables])
    return Piece(table, Moments.joined([piece.moments for piece in pieces])).in_order()


def _common(one: pa.DataType, other: pa.DataType) -> pa.DataType:
    if one == other or pa.types.is_null(other):
        return one
    if pa.types.is_null(one):
        return other
    numbers = (pa.types.is_integer, pa.types.is_floating)
    if all(any(test(kind) for test in numbers) for kind in (one, other)):
        return pa.float64()
    return pa.string()


def _brought_to(table: pa.Table, kinds: dict[str, pa.DataType]) -> pa.Table:
    columns = [
        pc.cast(table.column(name), kind) if name in table.column_names else pa.nulls(table.num_rows, kind)
        for name, kind in kinds.items()
    ]
    return pa.table(columns, names=list(kinds))


def frame_with_time(piece: Piece, time_column: str, *, subject: str) -> tuple[pd.DataFrame, tuple[Finding, ...]]:
    """Return the rows as a frame with the time column in UTC, and findings about the moments.

    Raises:
        DataError: not one row has a readable moment (DV019).
    """
    moments = piece.moments
    raw = piece.table.column(time_column)
    check_readable(raw, moments, time_column, subject=subject)
    findings = _findings(moments, raw, time_column)
    at = pa.array(moments.at, mask=~moments.known).cast(pa.timestamp("us")).cast(MOMENT)
    table = piece.table.set_column(piece.table.column_names.index(time_column), time_column, at)
    return frame_of(stored_types(table)), findings


def check_readable(raw: Any, moments: Moments, time_column: str, *, subject: str) -> None:
    """Refuse rows of which not one has a readable moment (DV019)."""
    if len(moments.at) and not moments.known.any():
        raise refusal(
            "DV019",
            subject,
            seen=f"{time_column} = {_examples(raw)}",
            expected="timestamps, or texts such as 2026-03-01T12:00:00Z",
            rows=len(moments.at),
        )


def stored_types(table: pa.Table) -> pa.Table:
    """Mark columns of whole numbers and truth values as never missing where that is so: see ml.artifacts.frames."""
    fields = [
        pa.field(name, column.type, nullable=column.null_count > 0 or not _plain(column.type))
        for name, column in zip(table.column_names, table.columns, strict=True)
    ]
    return pa.table(table.columns, schema=pa.schema(fields)) if fields else table


def _plain(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_boolean(kind))


def _findings(moments: Moments, raw: Any, time_column: str) -> tuple[Finding, ...]:
    findings = []
    unknown = ~moments.known
    if unknown.any():
        findings.append(
            data_finding(
                "DV020",
                Severity.WARNING,
                time_column,
                seen=_examples(raw.filter(pa.array(unknown))),
                expected="timestamps, or texts such as 2026-03-01T12:00:00Z",
                rows=int(unknown.sum()),
            )
        )
    if moments.twice.any():
        findings.append(
            data_finding(
                "DV021",
                Severity.WARNING,
                time_column,
                seen=_examples(raw.filter(pa.array(moments.twice))),
                expected="moments that occur once",
                rows=int(moments.twice.sum()),
            )
        )
    return tuple(findings)


def _examples(values: Any) -> str:
    """Show a few distinct values, shortened."""
    shown = [
        "no value" if value is None else repr(str(value)[:_SHOWN]) for value in values.unique()[:_EXAMPLES].to_pylist()
    ]
    return ", ".join(shown)
