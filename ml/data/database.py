"""The source ``sql``: one window out of a database, by one SELECT that can do nothing else."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import pyarrow as pa

from ml.data.connect import Guarded, connect, scrubbed
from ml.data.moments import is_moment, microseconds, moments_of
from ml.data.pieces import Piece, check_readable
from ml.data.select import check_select
from ml.data.source import Request, SourceRead, refusal, refuse
from ml.data.spool import Spool
from ml.data.values import column_of_values
from ml.domain.codes_dv import data_finding
from ml.domain.errors import DataError
from ml.domain.findings import Finding, Severity
from ml.specs.source import SqlSource

_FETCH = 20_000


def read_query(source: SqlSource, request: Request) -> SourceRead:
    """Run the query with ``:start`` and ``:end`` bound to the window.

    Raises:
        DataError: the query is not one SELECT, the database refuses it, or it gives no rows, or rows outside the
        window. SourceUnavailableError: no connection, or no answer within the spec's timeout.
    """
    check_select(source.query)
    with closing(connect(source, request)) as database:
        names, rows = _fetch(database, source, request)
        subject = database.shown
        findings = database.findings
    if len(set(names)) < len(names):
        twice = ", ".join(sorted({name for name in names if names.count(name) > 1}))
        raise refusal("DV005", subject, seen=f"{twice} twice", expected="a different name for every column")
    if not rows:
        finding = data_finding(
            "DV003", Severity.ERROR, subject, seen=f"no row in {request.window}", expected="at least one row"
        )
        raise refuse(subject, [*findings, finding], empty=True)
    table, left_out = _table(names, rows)
    piece = _in_window(table, request, subject)
    spool = Spool(request.time.column, subject=subject)
    spool.add(piece)
    stored, noticed = spool.settled()
    return SourceRead(stored, (*findings, *left_out, *noticed), f"{subject}: {' '.join(source.query.split())}")


def _fetch(database: Guarded, source: SqlSource, request: Request) -> tuple[list[str], list[Any]]:
    """Return the names of the columns and all rows, at most ``max_rows`` of them."""
    rows: list[Any] = []
    with closing(database.select(source.query, request.window)) as result, scrubbed(database, "the query failed"):
        names = [str(name) for name in result.keys()]  # noqa: SIM118  (a result is no mapping)
        while block := result.fetchmany(_FETCH):
            rows += block
            if len(rows) > request.max_rows:
                seen = f"{len(rows)} rows or more"
                raise refusal("DV015", database.shown, seen=seen, expected=f"at most {request.max_rows}")
    return names, rows


def _table(names: list[str], rows: list[Any]) -> tuple[pa.Table, tuple[Finding, ...]]:
    columns: dict[str, pa.Array] = {}
    left_out = []
    for name, values in zip(names, zip(*rows, strict=True), strict=True):
        column = column_of_values(values)
        if column is None:
            kinds = ", ".join(sorted({type(value).__name__ for value in values if value is not None}))
            left_out.append(
                data_finding("DV016", Severity.WARNING, name, seen=kinds, expected="numbers, texts or moments")
            )
        else:
            columns[name] = column
    return pa.table(columns), tuple(left_out)


def _in_window(table: pa.Table, request: Request, subject: str) -> Piece:
    """Return the rows in the order of time; refuse some that were not asked for."""
    name = request.time.column
    if name not in table.column_names or not is_moment(table.column(name).type):
        seen = f"{name} of another type" if name in table.column_names else ", ".join(table.column_names[:50])
        raise refusal("DV019", subject, seen=seen, expected=f"a column {name} with timestamps")
    moments = moments_of(table.column(name), request.time.zone)
    piece = Piece(table, moments)
    check_readable(piece, name, subject=subject)
    start, end = microseconds(request.window.start), microseconds(request.window.end)
    outside = moments.known & ((moments.at < start) | (moments.at >= end))
    if outside.any():
        example = table.column(name).filter(pa.array(outside))[0].as_py()
        raise _outside(subject, request, str(example), int(outside.sum()))
    return piece.in_order()


def _outside(subject: str, request: Request, example: str, rows: int) -> DataError:
    seen = f"{request.time.column} = {example}"
    return refusal("DV022", subject, seen=seen, expected=f"rows in {request.window} only", rows=rows)
