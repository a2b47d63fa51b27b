"""The few types that a stored table can have, in Arrow and in pandas; reading gives back what was written.

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

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from ml.domain.errors import DataError

MOMENT = pa.timestamp("us", tz="UTC")
_BY_KIND = {"i": pa.int64(), "u": pa.int64(), "f": pa.float64(), "b": pa.bool_(), "M": MOMENT}


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
