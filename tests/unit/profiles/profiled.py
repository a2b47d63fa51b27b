"""A table of every kind of column, its layout, and what makes two profiles the same."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ml.domain.schema import ColumnRole, ColumnSchema, ColumnType, TableSchema
from ml.profiles import Layout, Profile, freeze, profile_frame
from ml.profiles.columns import NumericProfile, Spread
from ml.profiles.joint import CoMoments

NUMBER, TEXT, WHOLE = ColumnType.NUMBER, ColumnType.TEXT, ColumnType.INTEGER
NUMERIC, CATEGORICAL, UNUSED = ColumnRole.NUMERIC, ColumnRole.CATEGORICAL, ColumnRole.UNUSED
SCHEMA = TableSchema(
    (
        ColumnSchema("ts", ColumnType.TIMESTAMP, ColumnRole.TIME),
        ColumnSchema("k", WHOLE, ColumnRole.KEY),
        ColumnSchema("x", NUMBER, NUMERIC),
        ColumnSchema("i", WHOLE, NUMERIC),
        ColumnSchema("b", ColumnType.BOOLEAN, NUMERIC),
        ColumnSchema("c", TEXT, CATEGORICAL),
        ColumnSchema("ic", WHOLE, CATEGORICAL),
        ColumnSchema("note", TEXT, UNUSED),
        ColumnSchema("y", WHOLE, ColumnRole.TARGET),
    )
)


def table(rows: int, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "ts": pd.date_range("2026-01-01", periods=rows, freq="37min", tz="UTC"),
            "k": np.arange(rows) // 2 * 2,
            "x": np.where(rng.random(rows) < 0.1, np.nan, rng.lognormal(size=rows)),
            "i": pd.array(np.where(rng.random(rows) < 0.1, None, rng.integers(-5, 1000, rows)), dtype="Int64"),
            "b": rng.random(rows) < 0.3,
            "c": np.where(rng.random(rows) < 0.1, None, rng.choice(["a", "b", "c", "7"], rows)).astype(object),
            "ic": rng.integers(0, 3, rows),
            "note": np.array(["x" * n for n in rng.integers(0, 40, rows)], dtype=object),
            "y": rng.integers(0, 2, rows),
        }
    )


def layout(frame: pd.DataFrame, schema: TableSchema = SCHEMA, key: Sequence[str] = ("k",)) -> Layout:
    return freeze(frame, schema, key=key, numeric_target=False)


def column(frame: pd.DataFrame, kind: ColumnType, role: ColumnRole, first: pd.DataFrame | None = None) -> Profile:
    """Profile the only column, called ``a``, with the layout of ``first``."""
    frozen = layout(frame if first is None else first, TableSchema((ColumnSchema("a", kind, role),)), key=())
    return profile_frame(frame, frozen)


def numbers(values: object, first: object = None) -> NumericProfile:
    frame = pd.DataFrame({"a": values})
    found = column(frame, NUMBER, NUMERIC, None if first is None else pd.DataFrame({"a": first})).columns["a"]
    assert isinstance(found, NumericProfile)
    return found


def parquet(frame: pd.DataFrame, row_group: int = 1000) -> io.BytesIO:
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), sink, row_group_size=row_group)
    return io.BytesIO(sink.getvalue())


def close(first: Profile, second: Profile) -> None:
    """Hold two profiles to each other: all exactly, but for the rounding of means and variances."""
    assert (first.rows, first.key, first.columns.keys()) == (second.rows, second.key, second.columns.keys())
    for name, one in first.columns.items():
        same(one, second.columns[name])
    assert first.associations.keys() == second.associations.keys()
    for pair, joint in first.associations.items():
        assert joint.cells == second.associations[pair].cells
        together(joint.moments, second.associations[pair].moments)


def together(one: CoMoments | None, other: CoMoments | None) -> None:
    """Hold the co-moments of a pair to each other, as far as their rounding goes."""
    if one is None or other is None:
        assert one is other
        return
    x, y = one.m2_x**0.5, one.m2_y**0.5
    assert (one.mean_x, one.mean_y) == pytest.approx((other.mean_x, other.mean_y), rel=1e-9, abs=1e-9 * (1 + x + y))
    assert one.m2_x == pytest.approx(other.m2_x, rel=1e-6, abs=1e-9)
    assert one.m2_y == pytest.approx(other.m2_y, rel=1e-6, abs=1e-9)
    assert one.products == pytest.approx(other.products, rel=1e-6, abs=1e-6 * x * y + 1e-9)


def same(one: object, other: object) -> None:
    assert type(one) is type(other)
    for field in one.__dataclass_fields__:  # type: ignore[attr-defined]
        mine, theirs = getattr(one, field), getattr(other, field)
        if isinstance(mine, Spread):
            assert (mine.count, mine.min, mine.max) == (theirs.count, theirs.min, theirs.max)
            if mine.count:
                scale = max(abs(mine.min), abs(mine.max), mine.deviation)
                assert mine.mean == pytest.approx(theirs.mean, rel=1e-9, abs=1e-9 * scale)
                assert mine.m2 == pytest.approx(theirs.m2, rel=1e-6, abs=1e-12 * scale**2 * mine.count)
        else:
            assert mine == theirs, field
