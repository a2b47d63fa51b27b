"""CSV, strictly: every row has the header's fields, every field is the text that stands there."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from io import StringIO
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv

from ml.data.intake import Intake
from ml.data.source import refusal
from ml.specs.source import FileSource

MAX_COLUMNS = 10_000
MAX_FIELD = 1024**2
"""Most bytes of one field."""
_BLOCK = 8 * 1024**2
_EXAMPLES = 3
_SHOWN = 60


def csv_batches(file: BinaryIO, name: str, size: int, source: FileSource, *, packed: bool) -> Iterator[pa.Table]:
    """Yield the rows of a CSV file, block by block, all columns as texts; at least one table, which may have no rows.

    Raises:
        DataError: the file's structure is not that of a table; nothing of it should be used.
    """
    intake = Intake(file, name, size, packed=packed)
    names = _header(intake, name, source.delimiter)
    ragged: list[Any] = []
    blocks = _blocks(intake, name, source.delimiter, len(names), ragged)
    last: pa.Table | None = None
    header = True
    for block in blocks:
        if block.num_columns != len(names):
            seen = f"a header of {len(names)} names, or of {block.num_columns}"
            raise refusal("DV010", name, seen=seen, expected="a header that can be read in one way only")
        table = pa.Table.from_batches([block]).rename_columns(names)
        if header:
            table, header = table.slice(1), False
        _check_fields(table, name)
        yield table
        last = table if table.num_rows else last
    if ragged:
        raise _too_many_or_few(name, ragged, len(names))
    if last is not None and intake.quotes % 2:
        _check_quote(last, name)


def _header(intake: Intake, name: str, delimiter: str) -> list[str]:
    """Read the names of the columns without taking the header from the stream."""
    start = intake.ahead(_BLOCK)
    if not start.strip():
        raise refusal("DV001", name, seen="no content", expected="a header and rows")
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n")
    line = text.split(b"\n", 1)[0]
    if line.count(delimiter.encode()) >= MAX_COLUMNS:
        count = line.count(delimiter.encode()) + 1
        raise refusal("DV008", name, seen=f"{count} columns", expected=f"at most {MAX_COLUMNS}")
    if len(line) > MAX_COLUMNS * 300:
        raise refusal("DV009", name, seen=f"a first line of {len(line)} bytes or more", expected="a header")
    names = _names(text, name, delimiter)
    _check_names(names, name)
    return names


def _names(text: bytes, name: str, delimiter: str) -> list[str]:
    """Parse the first record; it may span lines if a name has a line break in quotes.

    Lines end as those of the rows do: a name goes on at a form feed or a paragraph separator, where ``splitlines`` ends
    a line too.
    """
    try:
        lines = StringIO(text.decode("utf-8", errors="strict" if len(text) < _BLOCK - 3 else "ignore"), newline="")
    except UnicodeDecodeError as error:
        seen = f"byte {error.start} is {text[error.start : error.start + 1]!r}"
        raise refusal("DV007", name, seen=seen, expected="UTF-8") from error
    try:
        return next(csv.reader(lines, delimiter=delimiter, strict=True))
    except (csv.Error, StopIteration) as error:
        raise refusal("DV010", name, seen=f"a header that does not end: {error}", expected="a header") from error


def _check_names(names: list[str], name: str) -> None:
    twice = sorted({one for one in names if names.count(one) > 1}) if len(set(names)) < len(names) else []
    if twice or any(not one.strip() for one in names):
        nameless = [f"column {place} without a name" for place, one in enumerate(names, 1) if not one.strip()]
        seen = ", ".join([f"{one!r} twice" for one in twice if one.strip()] + nameless[:_EXAMPLES])
        raise refusal("DV005", name, seen=seen, expected="a different name for every column")


def _blocks(intake: Intake, name: str, delimiter: str, width: int, ragged: list[Any]) -> Iterator[pa.RecordBatch]:
    def note(row: Any) -> str:
        if len(ragged) < _EXAMPLES:
            ragged.append(row)
        return "skip"

    try:
        yield from arrow_csv.open_csv(
            pa.PythonFile(intake, mode="r"),
            read_options=arrow_csv.ReadOptions(autogenerate_column_names=True, use_threads=False, block_size=_BLOCK),
            parse_options=arrow_csv.ParseOptions(
                delimiter=delimiter, newlines_in_values=True, invalid_row_handler=note
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types={f"f{place}": pa.string() for place in range(width)}, strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid as error:
        raise _refused(str(error), name) from error


def _refused(message: str, name: str) -> Exception:
    """Translate the reader's error."""
    if "UTF8" in message:
        return refusal("DV007", name, seen=message, expected="UTF-8")
    if "straddling" in message:
        return refusal(
            "DV009", name, seen=f"a row of more than {_BLOCK} bytes", expected=f"at most {MAX_FIELD} a field"
        )
    if "Empty CSV" in message:
        return refusal("DV001", name, seen="no content", expected="a header and rows")
    return refusal("DV013", name, seen=message, expected="a CSV file")


def _check_fields(table: pa.Table, name: str) -> None:
    if table.nbytes <= MAX_FIELD:
        return
    for column_name, column in zip(table.column_names, table.columns, strict=True):
        longest = pc.max(pc.binary_length(column)).as_py() or 0
        if longest > MAX_FIELD:
            seen = f"{longest} bytes in {column_name}"
            raise refusal("DV009", name, seen=seen, expected=f"at most {MAX_FIELD} bytes")


def _too_many_or_few(name: str, ragged: list[Any], width: int) -> Exception:
    lines = ", ".join(f"{row.actual_columns} in row {row.number} ({_short(row.text)})" for row in ragged)
    return refusal("DV004", name, seen=lines, expected=f"{width} fields in every row", rows=len(ragged))


def _check_quote(last: pa.Table, name: str) -> None:
    """Refuse a file with an odd number of quotes whose last field runs on to the last line break."""
    final = last.slice(last.num_rows - 1)
    for column_name, column in zip(final.column_names, final.columns, strict=True):
        text = column[0].as_py()
        if text.endswith("\n"):
            seen = f"{column_name} = {_short(text)} in the last row"
            raise refusal("DV010", name, seen=seen, expected="a closing quote")


def _short(text: str) -> str:
    return repr(text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…")
