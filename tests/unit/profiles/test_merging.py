"""A merge of parts is the whole, however they are cut and in whatever order; lists stay bounded."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.profiles import Profile, merge, merge_all, profile_frame
from ml.profiles.columns import CategoricalProfile
from tests.unit.profiles.profiled import CATEGORICAL, TEXT, close, column, layout, table


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


@settings(max_examples=25, deadline=None)
@given(
    different=st.integers(65, 3_000),
    seed=st.integers(0, 2**32 - 1),
    cuts=st.lists(st.integers(0, 4_000), max_size=6),
    order=st.randoms(use_true_random=False),
)
def test_many_new_categories_merge_within_the_stated_error(
    different: int, seed: int, cuts: list[int], order: object
) -> None:
    """What is listed is at most ``missed`` too few, and ``missed`` at most a 65th; within five deviations, 11 %."""
    values = pd.Series(np.random.default_rng(seed).zipf(1.3, 4_000) % different).map("v{}".format)
    first = pd.DataFrame({"a": ["a", "b"] * 10})
    bounds = list(zip([0, *sorted(cuts)], [*sorted(cuts), 4_000], strict=True))
    order.shuffle(bounds)  # type: ignore[attr-defined]
    parts = [column(pd.DataFrame({"a": values[start:end]}), TEXT, CATEGORICAL, first) for start, end in bounds]
    found = merge_all(parts).columns["a"]
    assert isinstance(found, CategoricalProfile)
    assert found.unseen == 4_000
    assert found.others.missed <= 4_000 / 65
    for name, rows in values.value_counts().items():
        listed = dict(found.others.listed).get(str(name), 0)
        assert rows - found.others.missed <= listed <= rows
    assert found.distinct == pytest.approx(values.nunique(), rel=0.11, abs=1)


def test_new_categories_are_counted_and_bounded() -> None:
    first = pd.DataFrame({"a": ["a", "b"] * 10})
    later = pd.DataFrame({"a": ["a"] * 5 + ["new"] * 30 + [f"v{n}" for n in range(1000)]})
    found = column(later, TEXT, CATEGORICAL, first).columns["a"]
    assert isinstance(found, CategoricalProfile)
    assert (found.counts, found.unseen) == ((5, 0), 1030)
    assert "new" in dict(found.top(2))
    assert found.distinct == pytest.approx(1002, rel=0.066)
    assert len(found.others.listed) <= 64
