"""No column aborts a profile: empty, constant, mixed, of any type, of a million values, and ten thousand of them."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from ml.domain.schema import ColumnRole, ColumnSchema, ColumnType, TableSchema
from ml.profiles import Profile, merge, profile_frame, profile_parquet, profile_table
from ml.profiles.columns import CategoricalProfile
from tests.unit.profiles.profiled import (
    CATEGORICAL,
    NUMBER,
    NUMERIC,
    TEXT,
    UNUSED,
    close,
    column,
    layout,
    parquet,
    table,
)


@pytest.mark.parametrize(
    ("values", "kind", "role", "wrong"),
    [
        ([None] * 9, NUMBER, NUMERIC, 0),
        ([None] * 9, TEXT, CATEGORICAL, 0),
        ([None] * 9, ColumnType.TIMESTAMP, UNUSED, 0),
        ([None] * 9, TEXT, UNUSED, 0),
        ([5.0] * 9, NUMBER, NUMERIC, 0),
        ([math.nan] * 9, NUMBER, NUMERIC, 0),
        ([math.inf, -math.inf, math.nan, 1e300, -1e300], NUMBER, NUMERIC, 0),
        ([1, "two", 3.0, None, True, b"six"], NUMBER, NUMERIC, 2),
        ([1, "two", 3.0, None, True, b"six"], TEXT, CATEGORICAL, 0),
        ([1, "two", 3.0, None, True], TEXT, UNUSED, 0),
        (["1", "2", "x"], NUMBER, NUMERIC, 1),
        (["true", "False", "0", "x"], ColumnType.BOOLEAN, NUMERIC, 1),
        ([0, 1, 2], ColumnType.BOOLEAN, NUMERIC, 1),
        (["2026-01-01", "2026-01-01T05:00:00+02:00", "soon"], ColumnType.TIMESTAMP, ColumnRole.TIME, 1),
        (["2026-01-01", "soon"], ColumnType.TIMESTAMP, NUMERIC, 1),
        ([1.5, 2.5], ColumnType.TIMESTAMP, ColumnRole.TIME, 2),
        ([1.5, 2.5], ColumnType.TIMESTAMP, NUMERIC, 2),
        ([[1], [2, 3]], NUMBER, NUMERIC, 2),
        ([[1], [2, 3]], TEXT, CATEGORICAL, 0),
        ([{"a": 1}], TEXT, UNUSED, 0),
    ],
)
def test_any_column_gets_a_profile(values: list[object], kind: ColumnType, role: ColumnRole, wrong: int) -> None:
    frame = pd.DataFrame({"a": values})
    profile = column(frame, kind, role)
    found = profile.columns["a"]
    assert (found.rows, found.wrong) == (len(values), wrong)
    assert found.nulls == frame["a"].isna().sum()
    assert Profile.from_bytes(profile.to_bytes()) == profile
    assert merge(profile, profile).columns["a"].wrong == 2 * wrong


@pytest.mark.parametrize(
    "array",
    [
        pa.array([1.0, math.nan, None]),
        pa.array([1, None], pa.uint64()),
        pa.array([1, None], pa.decimal128(5, 2)),
        pa.array([1.5, None], pa.float32()),
        pa.array(np.array([1.5], dtype=np.float16)),
        pa.array([None, None]),
        pa.array(["1", None], pa.large_string()),
        pa.array([[1], None]),
        pa.array([1, None], pa.date32()),
        pa.array([1, None], pa.time64("us")),
        pa.array([1, None], pa.duration("s")),
        pa.array([b"x", None]),
        pa.array(["x", None, "x"]).dictionary_encode(),
    ],
)
@pytest.mark.parametrize("role", [NUMERIC, CATEGORICAL, UNUSED])
@pytest.mark.parametrize("kind", list(ColumnType))
def test_any_arrow_type_gets_a_profile(array: pa.Array, role: ColumnRole, kind: ColumnType) -> None:
    schema = TableSchema((ColumnSchema("a", kind, role),))
    frozen = layout(pd.DataFrame({"a": []}), schema, key=())
    found = profile_table(pa.table({"a": array}), frozen).columns["a"]
    assert (found.rows, found.nulls) == (len(array), array.null_count)


def test_a_column_that_is_not_there_has_no_value_anywhere() -> None:
    frame = table(50)
    found = profile_frame(frame.drop(columns=["x", "k", "c"]), layout(frame))
    assert (found.columns["x"].rows, found.columns["x"].nulls) == (50, 50)
    assert found.key_duplicates is None
    close(found, profile_parquet(parquet(frame.drop(columns=["x", "k", "c"])), layout(frame)))


def test_an_empty_table_has_a_profile() -> None:
    frame = table(20)
    frozen = layout(frame)
    close(profile_frame(frame.iloc[:0], frozen), frozen.empty())
    close(merge(profile_frame(frame, frozen), frozen.empty()), profile_frame(frame, frozen))
    close(profile_parquet(parquet(frame.iloc[:0]), frozen), frozen.empty())


def test_ten_thousand_columns_and_a_million_different_values() -> None:
    rng = np.random.default_rng(0)
    wide = pd.DataFrame(rng.normal(size=(20, 10_000)), columns=[f"n{n}" for n in range(10_000)])
    schema = TableSchema(tuple(ColumnSchema(name, NUMBER, NUMERIC) for name in wide.columns))
    assert len(profile_frame(wide, layout(wide, schema, key=())).columns) == 10_000
    many = pd.DataFrame({"a": pd.Series([f"value {n}" for n in range(1_000_000)], dtype=object)})
    found = column(many, TEXT, CATEGORICAL, many[:100]).columns["a"]
    assert isinstance(found, CategoricalProfile)
    assert found.distinct == pytest.approx(1_000_000, rel=0.066)
