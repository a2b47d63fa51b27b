"""Profile a table in one pass on this machine: a frame in memory, or a Parquet file of any number of rows.

A file is read a row group at a time, and of it a few columns at a time, so that memory depends on neither the number
of rows nor of columns. Both ways count with the same code.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from ml.domain.schema import ColumnType
from ml.profiles.columns import CategoricalLayout, ColumnLayout, ColumnProfile
from ml.profiles.columns.bins import PIECE
from ml.profiles.conform import texts_of
from ml.profiles.keys import Digests, digests_of, duplicates
from ml.profiles.profile import Layout, Profile
from ml.profiles.tally import tally
from ml.profiles.tally.joints import JointTally

_CELLS = 262_144
"""Values read at a time from a file: 2 MB of numbers, which a processor's cache holds."""


def profile_frame(frame: pd.DataFrame, layout: Layout) -> Profile:
    """Return the profile of a frame; NaN among its numbers means *no value*, as everywhere in pandas."""
    names = set(frame.columns)
    columns = {
        name: tally(arrow_of(frame[name], column), column) if name in names else _absent(column, len(frame))
        for name, column in layout.columns.items()
    }
    key = None
    if layout.key and names.issuperset(layout.key):
        key = duplicates(lambda: [digests_of([frame[name] for name in layout.key])], len(frame))
    joints = JointTally(layout.pairs, layout.columns)
    joints.add(
        {name: arrow_of(frame[name], layout.columns[name]) for name in joints.names if name in names}, len(frame)
    )
    return _profile(len(frame), columns, layout, key, joints)


def profile_table(table: Any, layout: Layout) -> Profile:
    """Return the profile of an Arrow table or record batch."""
    names = set(table.schema.names)
    columns = {
        name: tally(table.column(name), column) if name in names else _absent(column, table.num_rows)
        for name, column in layout.columns.items()
    }
    key = None
    if layout.key and names.issuperset(layout.key):
        key = duplicates(lambda: [_key_digests(table, layout)], table.num_rows)
    joints = JointTally(layout.pairs, layout.columns)
    joints.add({name: _one(table.column(name)) for name in joints.names if name in names}, table.num_rows)
    return _profile(table.num_rows, columns, layout, key, joints)


def profile_parquet(source: Any, layout: Layout) -> Profile:
    """Return the profile of a Parquet file: a path, or anything that Arrow opens as a file."""
    metadata = pq.read_metadata(source)
    coded = _categories(metadata, layout)
    with pq.ParquetFile(source, metadata=metadata, read_dictionary=coded, pre_buffer=True) as file:
        there = set(file.schema_arrow.names)
        known = [name for name in layout.columns if name in there]
        columns = dict[str, ColumnProfile]()
        joints = JointTally(layout.pairs, layout.columns)
        together = [name for name in joints.names if name in there]
        for group in range(file.num_row_groups):
            for names in _portions(known, file.metadata.row_group(group).num_rows):
                table = file.read_row_group(group, columns=names, use_threads=False)
                for name in names:
                    part = tally(_one(table.column(name)), layout.columns[name])
                    columns[name] = _added(columns.get(name), part)
        # Pairs need their columns side by side: those are read once more, some rows at a time.
        for batch in file.iter_batches(PIECE, columns=together, use_threads=False) if together else ():
            joints.add({name: batch.column(name) for name in together}, batch.num_rows)
        rows = file.metadata.num_rows
        key = None
        if layout.key and there.issuperset(layout.key):
            key = duplicates(lambda: _keys(file, layout), rows)
    for name, column in layout.columns.items():
        columns.setdefault(name, _absent(column, rows))
    return _profile(rows, {name: columns[name] for name in layout.columns}, layout, key, joints)


def arrow_of(values: pd.Series, layout: ColumnLayout) -> Any:
    """Return a column of a frame as an array that can be counted: numbers as they lie in memory."""
    kind = values.dtype.kind
    if isinstance(values.dtype, np.dtype) and kind in "iufb":
        return values.to_numpy()
    if kind != "O" or isinstance(values.dtype, pd.CategoricalDtype):
        return _one(pa.Array.from_pandas(values))
    try:
        return pa.Array.from_pandas(values, type=pa.string())
    except (pa.ArrowException, TypeError):
        of = layout.type if isinstance(layout, CategoricalLayout) else ColumnType.TEXT
        return pa.array(_texts(values, of), pa.string())


def _texts(values: pd.Series, kind: ColumnType) -> Any:
    """Return a column of mixed objects as texts; lists and the like, which cannot be looked up, as they are written."""
    try:
        return texts_of(values, kind)
    except TypeError:
        return values.map(str, na_action="ignore").where(values.notna(), None).to_numpy()


def _profile(
    rows: int, columns: dict[str, ColumnProfile], layout: Layout, key: int | None, joints: JointTally
) -> Profile:
    return Profile(rows, MappingProxyType(columns), layout.key, key, MappingProxyType(joints.found))


def _keys(file: pq.ParquetFile, layout: Layout) -> Iterator[Digests]:
    for group in range(file.num_row_groups):
        yield _key_digests(file.read_row_group(group, columns=list(layout.key), use_threads=False), layout)


def _key_digests(table: Any, layout: Layout) -> Digests:
    return digests_of([table.column(name).to_pandas() for name in layout.key])


def _absent(layout: ColumnLayout, rows: int) -> ColumnProfile:
    return replace(layout.empty(), rows=rows, nulls=rows)


def _added(known: ColumnProfile | None, part: ColumnProfile) -> ColumnProfile:
    if known is None:
        return part
    merged: ColumnProfile = known.merged(part)  # type: ignore[arg-type]
    return merged


def _one(column: Any) -> Any:
    """Return a column in one piece."""
    if not isinstance(column, pa.ChunkedArray):
        return column
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _categories(metadata: Any, layout: Layout) -> list[str]:
    """Name the columns of the file that are read as their distinct values and codes."""
    there = {metadata.schema.column(place).path for place in range(metadata.num_columns)}
    return [name for name, one in layout.columns.items() if isinstance(one, CategoricalLayout) and name in there]


def _portions(names: Sequence[str], rows: int) -> Iterator[list[str]]:
    size = max(1, _CELLS // max(rows, 1))
    for start in range(0, len(names), size):
        yield list(names[start : start + size])
