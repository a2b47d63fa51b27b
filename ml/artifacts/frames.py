"""Frames as deterministic Parquet: the same rows give the same bytes, so the digest speaks of every cell.

The types that a stored frame can have are few, and reading gives back what was written:

=================  =========================================
Parquet            pandas
=================  =========================================
int64              int64, or Int64 where values are missing
double             float64 with NaN
boolean            bool, or boolean where values are missing
string             object with None
timestamp (UTC)    datetime64[us, UTC]
null               object, all None
=================  =========================================
"""

from __future__ import annotations

import hashlib
import io
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from ml.artifacts.store import ArtifactStore
from ml.domain.errors import ArtifactError, DataError

MOMENT = pa.timestamp("us", tz="UTC")
_ROW_GROUP = 262_144
_BY_KIND = {"i": pa.int64(), "u": pa.int64(), "f": pa.float64(), "b": pa.bool_(), "M": MOMENT}


def put_frame(store: ArtifactStore, frame: pd.DataFrame) -> str:
    """Store a frame and return the SHA-256 over all its rows; the index is not kept.

    Raises:
        DataError: a column mixes types that no table can hold.
    """
    return store.put(_written(frame))


def frame_sha256(frame: pd.DataFrame) -> str:
    """Return the digest under which a frame would be stored."""
    return hashlib.sha256(_written(frame)).hexdigest()


def _written(frame: pd.DataFrame) -> bytes:
    sink = io.BytesIO()
    table = table_of(frame)
    pq.write_table(
        table,
        sink,
        row_group_size=_ROW_GROUP,
        compression="zstd",
        version="2.6",
        write_statistics=False,  # a frame is read as a whole: nobody asks them
        use_dictionary=[field.name for field in table.schema if pa.types.is_string(field.type)],
        data_page_version="1.0",
    )
    return sink.getvalue()


def get_frame(store: ArtifactStore, sha256: str) -> pd.DataFrame:
    """Return a stored frame with a fresh index.

    Raises:
        ArtifactError: the bytes are missing, altered, or no frame.
    """
    try:
        table = pq.read_table(pa.BufferReader(store.get(sha256)))
    except pa.ArrowException as error:
        raise ArtifactError(
            f"{store.url_of(sha256)} is no Parquet file: {error}.",
            remedy="the digest belongs to something else than a frame.",
        ) from error
    return frame_of(table)


def table_of(frame: pd.DataFrame) -> pa.Table:
    """Turn a frame into an Arrow table of the stored types, in one chunk.

    Raises:
        DataError: a column mixes types that no table can hold.
    """
    columns = [(str(name), values) for name, values in frame.items()]
    arrays = [_array(name, values) for name, values in columns]
    fields = [
        pa.field(name, array.type, nullable=not _is_plain(values.dtype))
        for (name, values), array in zip(columns, arrays, strict=True)
    ]
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields)).combine_chunks()


def frame_of(table: pa.Table) -> pd.DataFrame:
    """Turn an Arrow table of the stored types into a frame; see the module's table of types."""
    columns = {place: _values(table.column(place), table.schema.field(place)) for place in range(table.num_columns)}
    frame = pd.DataFrame(columns, index=pd.RangeIndex(table.num_rows), copy=False)
    frame.columns = pd.Index(table.column_names, dtype=object)
    return frame


def _is_plain(dtype: Any) -> bool:
    """Tell whether a column's dtype has no place for a missing value."""
    return isinstance(dtype, np.dtype) and dtype.kind in "iub"


def _array(name: str, values: pd.Series) -> pa.Array:
    if values.dtype in (np.float64, np.int64):
        return pa.array(values.to_numpy(), from_pandas=True)  # what most columns are, without a detour
    kind = _BY_KIND.get(values.dtype.kind)
    if kind is None and values.isna().all():
        return pa.nulls(len(values))
    try:
        if kind is MOMENT and values.dt.tz is None:
            values = values.dt.tz_localize("UTC")
        return pa.Array.from_pandas(values, type=kind or _object_type(values), safe=kind is not MOMENT)
    except (pa.ArrowException, OverflowError, TypeError) as error:
        raise DataError(
            f"The column {name!r} holds values that do not go together: {error}.",
            remedy="give the column one type at its source.",
        ) from error


def _object_type(values: pd.Series) -> pa.DataType:
    """Return the type of an object column: what its values all are, or text."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        return pa.string()
    kinds = {"integer": pa.int64(), "floating": pa.float64(), "boolean": pa.bool_()}
    return kinds.get(pd.api.types.infer_dtype(values, skipna=True), pa.string())


def _values(column: pa.ChunkedArray, field: pa.Field) -> Any:
    kind = field.type
    if pa.types.is_floating(kind):
        return column.to_numpy()
    if not (pa.types.is_integer(kind) or pa.types.is_boolean(kind)):
        return column.to_pandas()
    if not field.nullable and column.null_count == 0:
        return column.to_numpy()
    return column.to_pandas(types_mapper={pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype()}.get)
