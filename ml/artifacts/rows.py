"""Rows of any number, some at a time: written as the same Parquet, to the byte, that a frame of them is stored as."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ml.artifacts.arrow import frame_of, table_of
from ml.artifacts.store import ArtifactStore
from ml.domain.errors import ArtifactError

ROW_GROUP = 262_144
"""Rows written at a time. It says where row groups end, so another number would give other digests."""
WHOLE = 2**24
"""So many cells are held in memory as one: a batch of up to 128 MB, at eight bytes a cell."""

_CELLS = 2**23
"""Cells of a stored table that are in memory at a time, as one of its frames, where all columns are asked for."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of one schema of the stored types (see :mod:`ml.artifacts.arrow`), in order.

    ``read`` gives them from the start, of all columns or of some, in tables of at most :data:`ROW_GROUP` rows that
    end at the same rows each time.
    """

    schema: pa.Schema
    count: int
    read: Callable[[Sequence[str] | None], Iterator[pa.Table]]

    @classmethod
    def of(cls, table: pa.Table) -> Rows:
        """Return the rows of a table that is in memory, as one."""
        return cls(table.schema, table.num_rows, lambda names: iter([table if names is None else table.select(names)]))

    @property
    def fit(self) -> bool:
        """Tell whether they are few enough to be held as one frame."""
        return self.count * len(self.schema) <= WHOLE

    def frame(self) -> pd.DataFrame:
        """Return them as one frame."""
        tables = list(self.read(None))
        return frame_of(pa.concat_tables(tables) if len(tables) > 1 else tables[0])

    def without(self, names: Sequence[str]) -> Rows:
        """Return them without some columns."""
        kept = [name for name in self.schema.names if name not in names]
        schema = pa.schema([self.schema.field(name) for name in kept])
        return Rows(schema, self.count, lambda asked: self.read(kept if asked is None else asked))

    def dtypes(self) -> dict[str, Any]:
        """Return the dtype that each column has in a frame."""
        return dict(_dtypes(self.schema))


@dataclass(frozen=True, slots=True)
class Frames:
    """A stored table as frames: whole where it is in memory, else some rows at a time.

    ``read`` yields some columns, or all of them for None, in frames that end at the same rows whichever columns are
    asked for. ``whole`` is the table in memory, ``path`` where it lies as a file; one of them is None.
    """

    dtypes: Mapping[str, Any]
    rows: int
    read: Callable[[Sequence[str] | None], Iterator[pd.DataFrame]]
    whole: pd.DataFrame | None = None
    path: Path | None = None

    @classmethod
    def of(cls, frame: pd.DataFrame) -> Frames:
        """Return a frame that is in memory."""
        dtypes = {str(name): dtype for name, dtype in frame.dtypes.items()}
        return cls(dtypes, len(frame), lambda names: iter([frame]), whole=frame)

    @property
    def columns(self) -> list[str]:
        """Names of the columns."""
        return list(self.dtypes)

    def __getitem__(self, name: str) -> pd.Series:
        """Return all values of one column."""
        return self.some([name])[name]

    def some(self, names: Sequence[str]) -> pd.DataFrame:
        """Return all rows: of these columns, and of the others too where they are in memory anyway."""
        return stacked(list(self.read(names)))

    def column(self, name: str) -> Iterator[pd.Series]:
        """Yield the values of one column, some rows at a time."""
        return (frame[name] for frame in self.read([name]))

    def take(self, places: npt.NDArray[np.int64]) -> pd.DataFrame:
        """Return the rows at some places, which ascend."""
        parts, start = [], 0
        for frame in self.read(None):
            first, last = places.searchsorted([start, start + len(frame)])
            parts.append(frame.iloc[places[first:last] - start])
            start += len(frame)
        return stacked(parts)


def stacked(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Return frames of the same columns as one; a column by itself, as pandas thinks again about types otherwise."""
    if len(parts) == 1:
        return parts[0]
    return pd.DataFrame({name: pd.concat([part[name] for part in parts], ignore_index=True) for name in parts[0]})


def put_rows(store: ArtifactStore, rows: Rows) -> str:
    """Store rows and return the SHA-256 over all of them: that of a frame of the same rows."""
    if not rows.fit:
        return store.put_from(lambda file: write_rows(rows.schema, rows.read(None), file))
    sink = io.BytesIO()
    write_rows(rows.schema, rows.read(None), sink)
    return store.put(sink.getvalue())


def rows_sha256(rows: Rows) -> str:
    """Return the digest under which rows would be stored."""
    sink = _Digest()
    write_rows(rows.schema, rows.read(None), sink)
    return sink.digest.hexdigest()


class _Digest(io.RawIOBase):
    """A file of which nothing is kept but its digest."""

    def __init__(self) -> None:
        self.digest = hashlib.sha256()

    def writable(self) -> bool:
        """Always."""
        return True

    def write(self, data: Any) -> int:
        """Take in some bytes."""
        self.digest.update(data)
        return len(data)


@contextmanager
def stored_frames(store: ArtifactStore, sha256: str) -> Iterator[Frames]:
    """Lend a stored table as frames of a few rows each.

    Raises:
        ArtifactError: the bytes are missing, altered, or no frame.
    """
    with store.on_disk(sha256) as path:
        try:
            metadata = pq.read_metadata(path)
        except pa.ArrowException as error:
            raise ArtifactError(
                f"{store.url_of(sha256)} is no Parquet file: {error}.",
                remedy="the digest belongs to something else than a frame.",
            ) from error

        size = max(1, _CELLS // max(1, metadata.num_columns))

        def read(names: Sequence[str] | None) -> Iterator[pd.DataFrame]:
            with pq.ParquetFile(path, metadata=metadata) as file:
                asked = None if names is None else list(names)
                for group in range(metadata.num_row_groups):
                    for batch in file.iter_batches(size, row_groups=[group], columns=asked, use_threads=False):
                        yield frame_of(pa.Table.from_batches([batch]))

        yield Frames(_dtypes(metadata.schema.to_arrow_schema()), metadata.num_rows, read, path=path)


@lru_cache(maxsize=64)
def _dtypes(schema: pa.Schema) -> Mapping[str, Any]:
    """Return the dtype that each column has in a frame; the batches of a model have one schema."""
    return {str(name): dtype for name, dtype in frame_of(schema.empty_table()).dtypes.items()}


def rows_from(frames: Callable[[], Iterator[pd.DataFrame]]) -> Rows:
    """Return the rows of frames that can be made as often as needed: once to see what types they have together."""
    fields: dict[str, pa.Field] = {}
    count = 0
    for frame in frames():
        table = table_of(frame)
        count += table.num_rows
        for field in table.schema:
            known = fields.get(field.name, field)
            kind = field.type if pa.types.is_null(known.type) else known.type
            fields[field.name] = pa.field(field.name, kind, nullable=known.nullable or field.nullable)
    schema = pa.schema(list(fields.values()))

    def read(names: Sequence[str] | None) -> Iterator[pa.Table]:
        for frame in frames():
            table = as_stored(table_of(frame).cast(schema), schema)
            yield table if names is None else table.select(names)

    return Rows(schema, count, read)


def write_rows(schema: pa.Schema, tables: Iterable[pa.Table], sink: Any) -> None:
    """Write tables of the stored types as Parquet; the same rows give the same bytes, however they are cut."""
    with pq.ParquetWriter(
        sink,
        schema,
        compression="zstd",
        version="2.6",
        write_statistics=False,  # a column is read as a whole: nobody asks them
        use_dictionary=[field.name for field in schema if pa.types.is_string(field.type)],
        data_page_version="1.0",
    ) as writer:
        for group in in_groups(schema, tables):
            writer.write_table(group, row_group_size=ROW_GROUP)


def in_groups(schema: pa.Schema, tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """Cut tables anew, into :data:`ROW_GROUP` rows each but for the last; of no rows at all, one table without any."""
    waiting: list[pa.Table] = []
    rows, none = 0, True
    for table in tables:
        waiting.append(table)
        rows += table.num_rows
        while rows >= ROW_GROUP:
            joined = pa.concat_tables(waiting)
            yield joined.slice(0, ROW_GROUP).combine_chunks()
            none = False
            rows -= ROW_GROUP
            waiting = [joined.slice(ROW_GROUP)]
    if rows or none:
        yield pa.concat_tables(waiting).combine_chunks() if waiting else schema.empty_table()


def as_stored(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """Bring a table to a stored schema of the same columns: NaN is no value."""
    columns = []
    for field in schema:
        column = table.column(field.name)
        if pa.types.is_null(field.type):
            column = pa.nulls(table.num_rows)
        elif pa.types.is_floating(field.type):
            column = pc.if_else(pc.is_nan(column), pa.scalar(None, pa.float64()), column)
        columns.append(column)
    return pa.table(columns, schema=schema)


def rows_of(frame: pd.DataFrame) -> Rows:
    """Return the rows of a frame.

    Raises:
        DataError: a column mixes types that no table can hold.
    """
    return Rows.of(table_of(frame))
