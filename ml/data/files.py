"""The source ``file``: one window out of CSV and Parquet files."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from typing import Any

import pyarrow as pa

from ml.data.cache import PARSED, Parsed
from ml.data.cells import Texts
from ml.data.csv_file import csv_batches
from ml.data.intake import GZIP, PARQUET
from ml.data.moments import moments_of
from ml.data.parquet_file import ParquetFile, needed
from ml.data.pieces import Piece, check_readable, joined
from ml.data.places import FoundFile, find_files, unavailable
from ml.data.source import Request, SourceRead, refusal, refuse
from ml.data.spool import Spool
from ml.domain.codes_dv import data_finding
from ml.domain.findings import Finding, Severity
from ml.specs.source import FileSource

_TEXT_ENDINGS = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".txt", ".txt.gz")
_PARQUET_ENDINGS = (".parquet", ".pq")
_OTHERS = {b"PK\x03\x04": "a ZIP archive or a spreadsheet", b"BZh": "a bzip2 file", b"\xfd7zXZ": "an xz file"}


def read_files(source: FileSource, request: Request) -> SourceRead:
    """Read a window out of all files of the source.

    Raises:
        DataError: a file's structure is not that of a table, or the window has no rows.
        SourceUnavailableError: there is no such file yet, or it cannot be read now.
    """
    found = find_files(source.path, request.data_root)
    findings: list[Finding] = []
    texts = Texts(source, time_column=request.time.column)
    spool = Spool(request.time.column, subject=source.path, texts=texts)
    used: list[set[str]] = []
    for file in found:
        kind = _kind(file, source)
        columns: set[str] = set()
        for piece in _pieces(file, kind, source, request, findings):
            columns |= set(piece.table.column_names)
            spool.add(piece, of_texts=kind == "csv")
            _check_rows(request, spool.rows, source.path)
        used += [columns] * bool(columns)
    description = found[0].name if len(found) == 1 else f"{source.path} ({len(used)} of {len(found)} files)"
    if not used:
        raise no_rows(source.path, request, findings)
    findings += _different_columns(used, source.path)
    rows, noticed = spool.settled()
    return SourceRead(rows, (*findings, *noticed), description)


def no_rows(subject: str, request: Request, findings: Sequence[Finding] = ()) -> Exception:
    """Build the error for a window without rows."""
    finding = data_finding(
        "DV003", Severity.ERROR, subject, seen=f"no row in {request.window}", expected="at least one row"
    )
    return refuse(subject, [*findings, finding], empty=True)


def _check_rows(request: Request, rows: int, subject: str) -> None:
    if rows > request.max_rows:
        raise refusal("DV015", subject, seen=f"{rows} rows or more", expected=f"at most {request.max_rows}")


def _pieces(
    file: FoundFile, kind: str, source: FileSource, request: Request, findings: list[Finding]
) -> Iterator[Piece]:
    """Yield one file's rows of the window, each piece in the order of time, and note findings."""
    key = _key(file, source, request)
    kept = PARSED.get(key) if key is not None else None
    try:
        for piece in _whole(kept, findings) if kept is not None else _read(file, kind, source, request, findings):
            part = piece.in_order().cut(request.window)
            if part.table.num_rows:
                yield part
    except OSError as error:
        raise unavailable(file.name, error) from error


def _key(file: FoundFile, source: FileSource, request: Request) -> Hashable:
    """Return what a parsed file is kept under, None if it cannot be told whether it has changed."""
    if file.identity is None:
        return None
    return (*file.identity, request.time.column, request.time.zone, source.format, source.delimiter)


def _whole(parsed: Parsed, findings: list[Finding]) -> Iterator[Piece]:
    findings += parsed.findings
    yield parsed.piece


def _read(file: FoundFile, kind: str, source: FileSource, request: Request, findings: list[Finding]) -> Iterator[Piece]:
    """Yield the rows of a file: all of them, which are kept, where they are few enough; else at least the window's."""
    if kind == "csv":
        yield from _csv(file, source, request, findings)
        return
    time = request.time
    with file.open() as handle:
        if file.size == 0:
            raise refusal("DV001", file.name, seen="no content", expected="a Parquet file")
        parquet = ParquetFile.open(handle, file.name, file.size, time_column=time.column)
        every = parquet.groups(time_column=time.column)
        groups = needed(every, request.window)
        findings += parquet.findings
        if parquet.nbytes > PARSED.limit:
            yield from parquet.pieces(groups, time_column=time.column, zone=time.zone)
            return
        every_one = dict(enumerate(every)) if groups else {}
        piece = parquet.piece(every_one, time_column=time.column, zone=time.zone).in_order()
        key = _key(file, source, request)
        if groups and key is not None:
            PARSED.put(key, Parsed(piece, parquet.findings))
        yield piece


def _kind(file: FoundFile, source: FileSource) -> str:
    if source.format != "auto":
        return source.format
    name = file.name.lower()
    if name.endswith(_TEXT_ENDINGS):
        return "csv"
    if name.endswith(_PARQUET_ENDINGS):
        return "parquet"
    accepted = ", ".join((*_TEXT_ENDINGS, *_PARQUET_ENDINGS))
    raise refusal("DV013", file.name, seen="an ending that says nothing", expected=f"one of {accepted}")


def _csv(file: FoundFile, source: FileSource, request: Request, findings: list[Finding]) -> Iterator[Piece]:
    """Parse a whole file; what is too large to be kept is given on block by block."""
    key = _key(file, source, request)
    pieces: list[Piece] = []
    total, rows = 0, 0
    with file.open() as handle:
        packed = _is_packed(handle, file.name)
        for piece in _csv_pieces(csv_batches(handle, file.name, file.size, source, packed=packed), file.name, request):
            rows += piece.table.num_rows
            total += piece.nbytes
            pieces.append(piece)
            if total > PARSED.limit:
                yield from pieces
                pieces = []
    noticed = () if rows else (_header_only(file.name),)
    findings += noticed
    if total <= PARSED.limit:
        whole = joined(pieces)
        if key is not None:
            PARSED.put(key, Parsed(whole, noticed))
        yield whole


def _csv_pieces(batches: Iterator[pa.Table], name: str, request: Request) -> Iterator[Piece]:
    before: int | None = None
    for table in batches:
        column = request.time.column
        if column not in table.column_names:
            there = ", ".join(table.column_names[:50])
            raise refusal("DV019", name, seen=f"the columns {there}", expected=f"a column {column}")
        moments = moments_of(table.column(column), request.time.zone, before=before)
        piece = Piece(table, moments)
        if before is None:
            check_readable(piece, column, subject=name)
        before = int(moments.at[-1]) if table.num_rows else before
        yield piece


def _is_packed(handle: Any, name: str) -> bool:
    """Tell whether a text file is gzipped, by its first bytes; refuse what is no text at all."""
    start = handle.read(6)
    handle.seek(0)
    for magic, meaning in {**_OTHERS, PARQUET: "a Parquet file"}.items():
        if start.startswith(magic):
            raise refusal("DV013", name, seen=meaning, expected="CSV text, plain or gzipped")
    if name.lower().endswith(".gz") and not start.startswith(GZIP) and start:
        raise refusal("DV012", name, seen=f"a start of {start!r}", expected="a gzip file")
    return bool(start.startswith(GZIP))


def _header_only(name: str) -> Finding:
    return data_finding("DV002", Severity.WARNING, name, seen="a header", expected="a header and rows")


def _different_columns(sets: Sequence[set[str]], subject: str) -> tuple[Finding, ...]:
    partly = {name for columns in sets for name in columns if not all(name in one for one in sets)}
    if not partly:
        return ()
    seen = f"{', '.join(sorted(partly)[:5])} in some files only"
    return (data_finding("DV017", Severity.WARNING, subject, seen=seen, expected="the same columns in all files"),)
