"""Profiling a table: what the counts are, from a frame, a table and a file alike."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from ml.domain.schema import ColumnSchema, TableSchema
from ml.profiles import profile_frame, profile_parquet, profile_table
from ml.profiles.columns import CategoricalProfile, MomentProfile, NumericProfile, TextProfile
from ml.profiles.columns.bins import FEW
from ml.profiles.freeze import bins_of
from tests.unit.profiles.profiled import CATEGORICAL, NUMBER, NUMERIC, TEXT, close, layout, numbers, parquet, table


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
