"""A first look at data for `evergreen init`: some rows, as text where the file has text, and how to read them."""

from __future__ import annotations

import csv
import gzip
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ml.domain.errors import DataError, SpecError

if TYPE_CHECKING:
    import pandas as pd

    from ml.data.places import FoundFile
    from ml.settings import Settings

ROWS = 50_000
_SNIFFED_BYTES = 64 * 1024
_READ_BYTES = 32 * 1024**2
_GZIP = b"\x1f\x8b"
_PARQUET = b"PAR1"
_TABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Sample:
    """The first rows of some data.

    ``source`` is what a spec says of it (for a table its name, as the query needs the time column). ``as_text`` tells
    that every cell is the text of a CSV file.
    """

    frame: pd.DataFrame
    source: Mapping[str, Any]
    name: str
    description: str
    as_text: bool
    whole: bool
    notes: tuple[str, ...] = field(default=())


def file_sample(settings: Settings, data: str) -> Sample:
    """Read the first rows behind a path, a glob or a URL.

    Raises:
        SourceUnavailableError: there is no such file.
        DataError: it is neither CSV nor Parquet, or has no rows.
    """
    from ml.data.places import find_files

    here = data if "://" in data or not _exists_here(data) else str(Path(data).absolute())
    files = find_files(here, settings.data_root)
    file = files[0]
    with file.open() as handle:
        head = handle.read(len(_PARQUET))
    described = file.name if len(files) == 1 else f"{file.name}, the first of {len(files)} files"
    source = {"kind": "file", "path": _path_in_spec(here, settings)}
    frame, more, whole = _parquet(file) if head == _PARQUET else _csv(file)
    if frame.empty:
        raise DataError(f"{file.name} has no rows.", remedy="name a file with some rows.")
    return Sample(frame, {**source, **more}, _stem(data), described, head != _PARQUET, whole and len(files) == 1)


def _exists_here(data: str) -> bool:
    """Tell whether a relative path or glob means something in the current folder, as a shell user expects."""
    path = Path(data)
    return path.exists() or (not path.is_absolute() and any(Path().glob(data)))


def _path_in_spec(path: str, settings: Settings) -> str:
    if "://" in path or "://" in settings.data_root:
        return path
    root = Path(settings.data_root).absolute()
    return str(Path(path).relative_to(root)) if Path(path).is_relative_to(root) else path


def _stem(data: str) -> str:
    """Name a model after its data: ``data/sales/*.csv`` is *sales*, ``bikes.csv.gz`` is *bikes*."""
    parts = [part for part in data.replace("\\", "/").split("/") if part and not set(part) & set("*?[")]
    return parts[-1].split(".")[0] if parts else "model"


def _parquet(file: FoundFile) -> tuple[pd.DataFrame, dict[str, Any], bool]:
    import pyarrow.parquet as pq

    from ml.data.parquet_file import DAMAGED, damage

    try:
        with file.open() as handle:
            parquet = pq.ParquetFile(handle)
            batch = next(parquet.iter_batches(batch_size=ROWS), None)
            # without the pandas metadata, which may be damaged too, and which the source reader does not heed either
            frame = None if batch is None else batch.replace_schema_metadata(None).to_pandas()
            whole = parquet.metadata.num_rows <= ROWS
    except (*DAMAGED, ValueError, KeyError) as error:  # the latter two of pandas: a year 24993, a time zone UTK
        raise DataError(
            f"{file.name} is no sound Parquet file: {damage(error)}.", remedy="write the file again, or name another."
        ) from error
    if frame is None:
        raise DataError(f"{file.name} has no rows.", remedy="name a file with some rows.")
    return frame, {}, whole


def _csv(file: FoundFile) -> tuple[pd.DataFrame, dict[str, Any], bool]:
    import pandas as pd

    with file.open() as handle:
        zipped = handle.read(len(_GZIP)) == _GZIP
        handle.seek(0)
        stream: Any = gzip.GzipFile(fileobj=handle) if zipped else handle
        content = stream.read(_READ_BYTES)
    try:
        text = content.decode("utf-8-sig", errors="strict" if len(content) < _READ_BYTES else "ignore")
    except UnicodeDecodeError as error:
        raise DataError(f"{file.name}: byte {error.start} is not UTF-8.", remedy="save the file as UTF-8.") from error
    lines = text.count("\n")
    delimiter = _delimiter(text[:_SNIFFED_BYTES])
    complete = text if len(content) < _READ_BYTES else text[: text.rfind("\n") + 1]
    try:
        frame = pd.read_csv(io.StringIO(complete), sep=delimiter, dtype=str, keep_default_na=False, nrows=ROWS)
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise DataError(f"{file.name} is no CSV file that can be read: {error}.") from error
    return frame, {} if delimiter == "," else {"delimiter": delimiter}, lines <= ROWS and complete is text


def _delimiter(text: str) -> str:
    """The delimiter that splits the first lines into the same number of columns, the more the better."""
    lines = text.splitlines()[:20]
    whole = lines[:-1] if len(lines) > 1 else lines

    def columns(delimiter: str) -> int:
        counts = {len(row) for row in csv.reader(whole, delimiter=delimiter)}
        return counts.pop() if len(counts) == 1 else 0

    return max((",", ";", "\t", "|"), key=columns)


def table_sample(settings: Settings, connection: str, table: str) -> Sample:
    """Read the first rows of a SQL table or view.

    Raises:
        SpecError: the name is no plain identifier, or the connection is not known.
        SourceUnavailableError: the database does not answer.
    """
    import pandas as pd

    from ml.data.connect import connect, scrubbed
    from ml.data.source import Request
    from ml.domain.windows import EPOCH, Window, parse_duration
    from ml.flows.workspace import connection_from_environment
    from ml.specs.source import SqlSource, TimeSpec

    if _TABLE.fullmatch(table) is None:
        raise SpecError(f"{table!r} cannot be a table: write name or schema.name, of letters, digits and _.")
    query = " ".join(["SELECT * FROM", table, "WHERE :start < :end LIMIT", str(ROWS)])
    source = SqlSource(kind="sql", connection=connection, query=query)
    window = Window(EPOCH, EPOCH + parse_duration("1d"))
    time = TimeSpec(column="unknown", batch=window.length)
    database = connect(source, Request(time, window, ROWS, settings.data_root, connection_from_environment))
    try:
        with scrubbed(database, f"{table} cannot be read"):
            result = database.select(source.query, window)
            frame = pd.DataFrame([tuple(row) for row in result], columns=list(result.keys()))
    finally:
        database.close()
    if frame.empty:
        raise DataError(f"The table {table} has no rows.", remedy="name a table with some rows.")
    body = {"kind": "sql", "connection": connection, "table": table}
    return Sample(frame, body, table.rsplit(".", 1)[-1], f"{table} in {database.shown}", False, len(frame) < ROWS)
