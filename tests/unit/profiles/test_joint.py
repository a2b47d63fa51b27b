"""Two columns together: counts by group, co-moments, merging, and the bytes with and without pairs."""

from __future__ import annotations

from itertools import combinations, pairwise

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.domain.schema import ColumnSchema, TableSchema
from ml.profiles import Layout, Profile, merge, merge_all, profile_frame, profile_parquet, profile_table
from ml.profiles.joint import GROUPS, Joint, group_cuts, groups_in
from tests.unit.profiles.profiled import (
    CATEGORICAL,
    NUMBER,
    NUMERIC,
    TEXT,
    close,
    layout,
    parquet,
    table,
)

NAMES = ("x", "i", "b", "c", "ic")
PAIRS = tuple(combinations(NAMES, 2))


def paired(rows: int = 400) -> Layout:
    return layout(table(rows)).with_pairs(PAIRS)


def joint(frame: pd.DataFrame, *, first: pd.DataFrame | None = None) -> Joint:
    """Profile the columns ``a`` and ``b`` together: numbers where their type is one."""
    kinds = [(TEXT, CATEGORICAL) if frame[name].dtype == object else (NUMBER, NUMERIC) for name in ("a", "b")]
    schema = TableSchema(tuple(ColumnSchema(name, *kind) for name, kind in zip(("a", "b"), kinds, strict=True)))
    frozen = layout(frame if first is None else first, schema, key=()).with_pairs([("a", "b")])
    return profile_frame(frame, frozen).associations["a", "b"]


def test_numbers_have_pearsons_correlation_of_the_rows_that_have_both() -> None:
    rng = np.random.default_rng(0)
    a = rng.normal(1e6, 1, 100_000)
    b = 0.6 * (a - 1e6) + 0.8 * rng.normal(size=len(a))
    a[:300], b[200:500], a[900] = np.nan, np.nan, np.inf
    found = joint(pd.DataFrame({"a": a, "b": b}))
    there = np.isfinite(a) & np.isfinite(b)
    assert found.rows == there.sum()
    assert found.moments is not None
    assert found.moments.correlation == pytest.approx(np.corrcoef(a[there], b[there])[0, 1], abs=1e-9)
    assert (found.moments.mean_x, found.moments.mean_y) == pytest.approx((a[there].mean(), b[there].mean()))
    assert found.shape == (GROUPS, GROUPS)
    down = np.array(found.cells).reshape(found.shape).sum(axis=1) / found.rows
    assert down.min() > 0.08
    assert down.max() < 0.25


def test_categories_are_counted_one_by_one_and_the_rest_together() -> None:
    a = np.array(["p", "q", None, "p", "new"] * 40, dtype=object)
    b = np.array([0.0, 1.0, 1.0, 1.0, np.nan] * 40)
    found = joint(
        pd.DataFrame({"a": a, "b": b}),
        first=pd.DataFrame({"a": ["p", "p", "q"], "b": [0.0, 1.0, 1.0]}, dtype=object).astype({"b": float}),
    )
    cells = np.array(found.cells).reshape(found.shape)
    assert found.moments is None
    assert cells.sum(axis=1).tolist() == [80, 40, 0]
    assert cells[:, cells.sum(axis=0) > 0].tolist() == [[40, 40], [0, 40], [0, 0]]


def test_few_different_numbers_have_a_group_each() -> None:
    for different in (2, 3, 5, 6):
        values = np.tile(np.arange(different, dtype=float), 50)
        found = joint(pd.DataFrame({"a": values, "b": values}))
        cells = np.array(found.cells).reshape(found.shape)
        assert np.count_nonzero(cells) == different
        assert cells.max() == 50


def test_a_frame_a_table_and_a_file_count_alike() -> None:
    frame, frozen = table(3_000, seed=2), paired()
    whole = profile_frame(frame, frozen)
    assert tuple(whole.associations) == PAIRS
    close(profile_table(pa.Table.from_pandas(frame, preserve_index=False), frozen), whole)
    close(profile_parquet(parquet(frame, 700), frozen), whole)
    for pair, found in whole.associations.items():
        assert found.rows == frame[list(pair)].notna().all(axis=1).sum()
    texts = frame.assign(x=[None if np.isnan(one) else str(one) for one in frame["x"]])
    close(replaced(profile_frame(texts, frozen), whole), whole)


def replaced(found: Profile, whole: Profile) -> Profile:
    """Return the profile with the columns of the other: only its pairs are of interest."""
    return Profile(found.rows, whole.columns, found.key, found.key_duplicates, found.associations)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 300),
    st.integers(0, 5),
    st.lists(st.floats(0, 1), min_size=1, max_size=4),
    st.permutations(range(5)),
)
def test_the_parts_merge_into_the_whole_in_any_order(rows: int, seed: int, cuts: list[float], order: list[int]) -> None:
    frame, frozen = table(rows, seed), paired()
    places = [0, *sorted(int(cut * rows) for cut in cuts), rows]
    parts = [profile_frame(frame.iloc[a:b], frozen) for a, b in pairwise(places)]
    shuffled = [parts[place] for place in order if place < len(parts)]
    merged = merge_all([frozen.empty(), *shuffled])
    whole = profile_frame(frame, frozen)
    for pair, found in whole.associations.items():
        assert merged.associations[pair].cells == found.cells
    close(merge_all(parts), merge_all([*parts[::-1]]))
    close(replaced(merged, whole), whole)


def test_a_merge_keeps_the_pairs_that_both_have() -> None:
    frame, frozen = table(50), layout(table(50))
    both = merge(
        profile_frame(frame, frozen.with_pairs([("x", "i"), ("x", "c")])),
        profile_frame(frame, frozen.with_pairs([("x", "c")])),
    )
    assert list(both.associations) == [("x", "c")]
    assert both.layout.covers(frozen.with_pairs([("x", "c")]))
    assert both.layout.covers(frozen)
    assert not both.layout.covers(frozen.with_pairs([("x", "i")]))


def test_moments_and_free_text_have_no_pairs() -> None:
    assert layout(table(50)).with_pairs([("ts", "x"), ("x", "note"), ("x", "nowhere"), ("x", "c")]).pairs == (
        ("x", "c"),
    )


def test_profiles_without_pairs_have_the_bytes_that_they_always_had() -> None:
    frame = table(200)
    plain, pairs = profile_frame(frame, layout(frame)), profile_frame(frame, layout(frame).with_pairs(PAIRS))
    assert plain.to_bytes()[4:6] == b"\x00\x01"
    assert pairs.to_bytes()[4:6] == b"\x00\x02"
    for one in (plain, pairs):
        assert Profile.from_bytes(one.to_bytes()) == one
    frozen = layout(frame).with_pairs(PAIRS)
    assert Layout.from_bytes(frozen.to_bytes()) == frozen


def test_numbers_beyond_the_doubles_have_no_moments() -> None:
    found = joint(pd.DataFrame({"a": [1e300, -1e300] * 20, "b": [1.0, 2.0] * 20}))
    assert found.rows == 40
    assert found.moments is None
    assert found.merged(found).moments is None


def test_a_hundred_and_ninety_pairs_fit_into_the_profile() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({f"n{n}": rng.normal(size=100_000) for n in range(20)})
    schema = TableSchema(tuple(ColumnSchema(name, NUMBER, NUMERIC) for name in frame.columns))
    frozen = layout(frame, schema, key=()).with_pairs(tuple(combinations(frame.columns, 2)))
    alone = profile_frame(frame, frozen.with_pairs(())).to_bytes()
    assert len(profile_frame(frame, frozen).to_bytes()) - len(alone) <= 50_000


def test_groups_are_cut_at_bins() -> None:
    for rows in (0, 1, 5, 30, 1000):
        for name, column in layout(table(max(rows, 1))).columns.items():
            if name in NAMES:
                assert 1 <= groups_in(column) <= GROUPS
        cuts = group_cuts(layout(table(max(rows, 1))).columns["x"].bins)
        assert set(cuts.tolist()) <= set(layout(table(max(rows, 1))).columns["x"].bins.cuts)
