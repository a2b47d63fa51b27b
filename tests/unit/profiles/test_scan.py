"""Profiling a table: what the counts are, that a merge of parts is the whole, and that nothing aborts it."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from ml.domain.schema import ColumnRole, ColumnSchema, ColumnType, TableSchema
from ml.profiles import Layout, Profile, freeze, merge, merge_all, profile_frame, profile_parquet, profile_table
from ml.profiles.columns import CategoricalProfile, MomentProfile, NumericProfile, Spread, TextProfile
from ml.profiles.columns.bins import FEW
from ml.profiles.freeze import bins_of

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


def test_the_counts_are_those_of_the_rows() -> None:
    frame = table(500)
    profile = profile_frame(frame, layout(frame))
    x, i, b = (profile.columns[name] for name in ("x", "i", "b"))
    c, ic, note, ts = (profile.columns[name] for name in ("c", "ic", "note", "ts"))
    assert isinstance(x, NumericProfile)
    assert isinstance(i, NumericProfile)
    assert isinstance(b, NumericProfile)
    assert isinstance(c, CategoricalProfile)
    assert isinstance(ic, CategoricalProfile)
    assert isinstance(note, TextProfile)
    assert isinstance(ts, MomentProfile)
    assert (x.rows, x.nulls, x.nan, x.values) == (500, frame["x"].isna().sum(), 0, frame["x"].notna().sum())
    assert (x.spread.min, x.spread.max) == (frame["x"].min(), frame["x"].max())
    assert x.spread.mean == pytest.approx(frame["x"].mean())
    assert x.spread.variance == pytest.approx(frame["x"].var(ddof=0))
    assert sum(x.counts) == x.values
    assert x.counts == tuple(np.histogram(frame["x"].dropna(), [-np.inf, *x.edges, np.inf])[0])
    assert i.nulls == frame["i"].isna().sum()
    assert [count for count in b.counts if count] == [(~frame["b"]).sum(), frame["b"].sum()]
    assert dict(c.top()) == frame["c"].value_counts().to_dict()
    assert (c.nulls, c.unseen, c.distinct) == (frame["c"].isna().sum(), 0, 4)
    assert (c.number_like, c.numbers) == ((frame["c"] == "7").sum(), 0)
    assert dict(ic.top()) == {str(name): count for name, count in frame["ic"].value_counts().items()}
    assert note.lengths.max == frame["note"].str.len().max()
    assert note.counts[0] == (frame["note"] == "").sum()
    assert note.counts[3] == frame["note"].str.len().between(4, 7).sum()
    assert (ts.first, ts.last) == (frame["ts"].min(), frame["ts"].max())
    assert ts.hours == tuple(frame["ts"].dt.hour.value_counts().sort_index())
    assert ts.weekdays == tuple(frame["ts"].dt.weekday.value_counts().sort_index())
    assert profile.key_duplicates == frame.duplicated("k").sum()


def test_a_frame_a_table_and_a_file_have_one_profile() -> None:
    frame = table(5_000)
    frozen = layout(frame)
    whole = profile_frame(frame, frozen)
    close(whole, profile_table(pa.Table.from_pandas(frame, preserve_index=False), frozen))
    found = profile_parquet(parquet(frame), frozen)
    close(whole, found)
    assert found.key_duplicates == whole.key_duplicates


def test_a_few_numbers_are_counted_as_many_are() -> None:
    some = np.concatenate((np.random.default_rng(1).normal(3, 2, FEW - 50), np.linspace(-1e6, 1e6, 50)))
    few, many = numbers(some, some), numbers(np.concatenate((some, some)), some)
    assert many.counts == tuple(2 * count for count in few.counts)


@settings(max_examples=60, deadline=None)
@given(
    rows=st.integers(1, 400),
    seed=st.integers(0, 2**32 - 1),
    cuts=st.lists(st.floats(0, 1), max_size=6),
    order=st.randoms(use_true_random=False),
)
def test_the_parts_of_a_table_merge_into_the_whole(rows: int, seed: int, cuts: list[float], order: object) -> None:
    frame = table(rows, seed)
    frozen = layout(table(200, 1))
    places = sorted(int(cut * rows) for cut in cuts)
    bounds = list(zip([0, *places], [*places, rows], strict=True))
    order.shuffle(bounds)  # type: ignore[attr-defined]
    parts = [profile_frame(frame.iloc[start:end], frozen) for start, end in bounds]
    whole = profile_frame(frame, frozen)
    close(merge_all(parts), whole)
    close(merge(merge_all(parts[1:]), parts[0]) if len(parts) > 1 else parts[0], whole)
    assert Profile.from_bytes(whole.to_bytes()) == whole


@settings(max_examples=150, deadline=None)
@given(
    values=hnp.arrays(np.float64, st.integers(1, 60), elements=st.floats(width=64)),
    first=hnp.arrays(np.float64, st.integers(0, 30), elements=st.floats(allow_nan=False, allow_infinity=False)),
)
def test_any_number_is_counted_once(values: np.ndarray, first: np.ndarray) -> None:
    found = numbers(values, first)
    finite = values[np.isfinite(values)]
    odd = (np.isnan(values).sum(), (values == -np.inf).sum(), (values == np.inf).sum())
    assert (found.nulls, found.negative_infinities, found.positive_infinities) == odd
    assert found.values == len(finite) == sum(found.counts)
    if len(finite):
        assert (found.spread.min, found.spread.max) == (finite.min(), finite.max())
        assert found.spread.m2 is not None
        assert found.spread.m2 >= 0
        for share in (0.0, 0.5, 1.0):
            bounds = found.quantile(share)
            assert bounds is not None
            true = float(np.quantile(finite, share, method="inverted_cdf"))
            slack = 1e-6 * (abs(true) + abs(found.layout.bins.center))
            assert bounds[0] - slack <= true <= bounds[1] + slack


def test_the_variance_survives_a_large_mean() -> None:
    some = 1e9 + np.random.default_rng(0).normal(size=10_000)
    found = numbers(some, [0.0, 1.0])
    assert found.spread.variance == pytest.approx(some.var(), rel=1e-6)
    constant = numbers(np.full(10_000, 0.1), [1e6])
    assert constant.spread.variance == pytest.approx(0.0, abs=1e-12)


def test_what_lies_far_outside_is_still_told_apart() -> None:
    first = np.random.default_rng(0).normal(size=1000)
    near, far, very_far = (numbers(first + shift, first) for shift in (0, 8, 1000))
    used = [max(place for place, count in enumerate(one.counts) if count) for one in (near, far, very_far)]
    assert used[0] < used[1] < used[2]


def test_new_categories_are_counted_and_bounded() -> None:
    first = pd.DataFrame({"a": ["a", "b"] * 10})
    later = pd.DataFrame({"a": ["a"] * 5 + ["new"] * 30 + [f"v{n}" for n in range(1000)]})
    found = column(later, TEXT, CATEGORICAL, first).columns["a"]
    assert isinstance(found, CategoricalProfile)
    assert (found.counts, found.unseen) == ((5, 0), 1030)
    assert "new" in dict(found.top(2))
    assert found.distinct == pytest.approx(1002, rel=0.066)
    assert len(found.others.listed) <= 64


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


def test_a_hundred_columns_take_fifty_kilobytes() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({f"number {n}": rng.normal(n, 1 + n, 100_000) for n in range(60)})
    words = np.array([f"category {n}" for n in range(40)], dtype=object)
    for n in range(40):
        frame[f"category {n}"] = words[rng.integers(0, 40, len(frame))]
    schema = TableSchema(
        tuple(
            ColumnSchema(name, *((NUMBER, NUMERIC) if name[0] == "n" else (TEXT, CATEGORICAL)))
            for name in frame.columns
        )
    )
    assert len(profile_frame(frame, layout(frame, schema, key=())).to_bytes()) <= 50_000


def test_bins_hold_about_equally_many_rows() -> None:
    some = np.random.default_rng(0).normal(50, 3, 20_000)
    found = numbers(some)
    assert 50 <= sum(count > 0 for count in found.counts) <= 80
    assert max(found.counts) <= 0.04 * len(some)
    assert bins_of(np.array([])).cuts == bins_of(np.array([])).cuts
