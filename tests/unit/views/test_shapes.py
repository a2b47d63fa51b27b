"""A batch's columns over those of the training rows: what is drawn accounts for every value."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.domain.schema import ColumnRole, ColumnSchema, ColumnType, TableSchema
from ml.profiles import freeze, profile_frame
from ml.views.console.shapes import Shape, Shapes, Sources, missing_of, shapes

SCHEMA = TableSchema(
    (
        ColumnSchema("price", ColumnType.NUMBER, ColumnRole.NUMERIC),
        ColumnSchema("shop", ColumnType.TEXT, ColumnRole.CATEGORICAL),
    )
)


def laid_over(past: pd.DataFrame, now: pd.DataFrame, *, limit: int = 60) -> Shapes:
    layout = freeze(past, SCHEMA, key=(), numeric_target=False)
    return shapes(profile_frame(past, layout), profile_frame(now, layout), 3, limit=limit)


def frame(prices: object, shops: object) -> pd.DataFrame:
    return pd.DataFrame({"price": pd.Series(prices, dtype="float64"), "shop": pd.Series(shops, dtype="object")})


def totals(shape: Shape) -> tuple[float, float]:
    past, now = shape.beyond
    return past + sum(bar.reference for bar in shape.bars), now + sum(bar.current for bar in shape.bars)


def test_a_shift_is_seen() -> None:
    random = np.random.default_rng(1)
    past = frame(random.normal(size=5000), random.choice(["a", "b"], 5000))
    now = frame(random.normal(loc=2.0, size=500), ["b"] * 250 + ["c"] * 250)
    price, shop = laid_over(past, now).columns
    middles = [(bar.low + bar.high) / 2 for bar in price.bars if bar.low is not None and bar.high is not None]
    assert 10 <= len(middles) <= 40
    before = np.average(middles, weights=[bar.reference for bar in price.bars])
    after = np.average(middles, weights=[bar.current for bar in price.bars])
    assert after - before == pytest.approx(2.0, abs=0.25)
    assert {bar.label: round(bar.current, 2) for bar in shop.bars} == {"a": 0.0, "b": 0.5, "c": 0.5}


@given(
    st.lists(st.floats(-1e6, 1e6) | st.none(), min_size=1, max_size=80),
    st.lists(st.floats(allow_nan=True, allow_infinity=True) | st.none(), max_size=80),
)
def test_bars_touch_each_other_and_lose_nothing(past: list[float | None], now: list[float | None]) -> None:
    price, _ = laid_over(frame(past, ["a"] * len(past)), frame(now, ["b"] * len(now))).columns
    for total, side in zip(totals(price), (past, now), strict=True):
        finite = [one for one in side if one is not None and np.isfinite(one)]
        assert total == pytest.approx(1.0 if finite else 0.0)
    ends = [(bar.low, bar.high) for bar in price.bars if bar.low is not None]
    assert all(first[1] == second[0] for first, second in pairwise(ends))


def test_a_few_whole_numbers_are_drawn_with_all_their_rows() -> None:
    whole = frame([float(place % 5 + 1) for place in range(500)], ["a"] * 500)
    price, _ = laid_over(whole, whole).columns
    assert price.beyond == (0.0, 0.0)
    assert totals(price) == pytest.approx((1.0, 1.0))


def test_many_categories_become_a_few_and_all_others() -> None:
    past = frame([0.0] * 300, [f"shop {place % 40}" for place in range(300)])
    _, shop = laid_over(past, past).columns
    assert len(shop.bars) == 13
    assert shop.bars[-1].label == "all others"
    assert totals(shop) == pytest.approx((1.0, 1.0))


def test_columns_in_other_bins_are_not_compared() -> None:
    first, second = frame([0.0, 1.0], ["a", "b"]), frame([5.0, 9.0], ["c", "d"])
    sides = [profile_frame(one, freeze(one, SCHEMA, key=(), numeric_target=False)) for one in (first, second)]
    found = shapes(sides[0], sides[1], 1, limit=60)
    assert found.columns == ()
    assert "other bins" in found.missing


def test_what_is_missing_is_named() -> None:
    assert "no profile" in missing_of(Sources(None, "r", 1))
    assert "no champion" in missing_of(Sources("b", None, None))
    assert "before profiles" in missing_of(Sources("b", None, 1))
    assert missing_of(Sources("b", "r", 1)) == ""
