"""Our measures against Evidently's own on the same bins, and the laws that every measure keeps."""

from __future__ import annotations

from typing import Any, get_args

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.monitoring.evidently_adapter import evidently_score
from ml.monitoring.intervals import Sized, intervals
from ml.monitoring.measures import MEASURES, Measure
from ml.monitoring.sides import ColumnSides, Side
from ml.specs.monitoring import CategoricalDriftMethod, NumericDriftMethod

RNG = np.random.default_rng(20260105)
SIZES = [(5000, 350), (300, 5000), (31, 30), (20_000, 400)]


def shares(kind: str, bins: int) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    flat = np.full(bins, 1 / bins)
    tilted = np.linspace(1, 3, bins) / np.linspace(1, 3, bins).sum()
    peak = np.eye(bins)[bins // 2]
    return {
        "same": (flat, flat),
        "shifted": (flat, tilted),
        "heavy tail": (tilted**4 / (tilted**4).sum(), flat),
        "constant before": (peak, tilted),
        "nothing in common": (np.eye(bins)[0], np.eye(bins)[-1]),
        "new at the end": (np.r_[flat[:-1] * bins / (bins - 1), 0.0], flat),
    }[kind]


KINDS = ["same", "shifted", "heavy tail", "constant before", "nothing in common", "new at the end"]


def made(kind: str, size: tuple[int, int], bins: int, *, numeric: bool) -> ColumnSides:
    sides = (Side(RNG.multinomial(n, p)) for n, p in zip(size, shares(kind, bins), strict=True))
    places = np.sort(RNG.normal(size=bins)) * 3 if numeric else None
    return ColumnSides("x", *sides, places=places)


def cases() -> list[Any]:
    return [
        pytest.param(measure, made(kind, size, bins, numeric=numeric), id=f"{name}-{numeric}-{kind}-{size}-{bins}")
        for name, measure in MEASURES.items()
        for numeric in (True, False)
        if (measure.numeric if numeric else measure.categorical)
        for kind in KINDS
        for size in SIZES
        for bins in (2, 25, 64)
    ]


@pytest.mark.parametrize(("measure", "column"), cases())
def test_the_score_is_evidentlys_on_the_same_bins(measure: Measure, column: ColumnSides) -> None:
    if measure.name == "linf":
        p, q = column.shares
        assert measure.score(column) == max(abs(a - b) for a, b in zip(p, q, strict=True)), "Evidently has none"
        return
    as_numbers = measure.name in {"wasserstein", "ks"}
    values = column.places if column.places is not None else np.arange(column.reference.counts.size)
    sides = [
        pd.Series(np.repeat(values if as_numbers else values.astype(str), side.counts))
        for side in (column.reference, column.current)
    ]
    theirs, _ = evidently_score(*sides, method=measure.name, numeric=as_numbers, threshold=0.1)
    assert measure.score(column) == pytest.approx(theirs, rel=1e-7, abs=1e-9)


def test_every_measure_of_the_specs_is_here() -> None:
    assert {one.name for one in MEASURES.values() if one.numeric} == set(get_args(NumericDriftMethod))
    assert {one.name for one in MEASURES.values() if one.categorical} == set(get_args(CategoricalDriftMethod))
    assert all(name == one.name for name, one in MEASURES.items())


counts = st.lists(st.integers(0, 1000), min_size=3, max_size=12)


@pytest.mark.parametrize("measure", MEASURES.values(), ids=MEASURES)
@given(data=st.data())
def test_an_effect_is_finite_not_negative_and_nothing_where_nothing_differs(measure: Measure, data: Any) -> None:
    past = data.draw(counts.filter(any))
    now = data.draw(st.lists(st.integers(0, 1000), min_size=len(past), max_size=len(past)).filter(any))
    places = np.arange(len(past)) * 1.0
    one = ColumnSides("x", Side(np.array(past)), Side(np.array(now)), places=places)
    same = ColumnSides("x", Side(np.array(past)), Side(np.array(past) * 3), places=places)
    assert np.isfinite(measure.effect_of(one))
    assert measure.effect_of(one) >= 0
    assert measure.effect_of(same) == pytest.approx(0, abs=1e-7)
    ((low, high),) = intervals([Sized(measure, one, measure.effect_of(one))])
    assert 0 <= low <= high


@pytest.mark.parametrize("measure", MEASURES.values(), ids=MEASURES)
@pytest.mark.parametrize("size", [(5000, 400), (400, 400)], ids=str)
@pytest.mark.parametrize("kind", ["same", "shifted"])
def test_the_interval_covers_the_true_effect(measure: Measure, size: tuple[int, int], kind: str) -> None:
    bins, rng, covered = 20, np.random.default_rng(3), 0
    p, q = shares(kind, bins)
    places = np.arange(bins) * 1.0
    truth = float(measure.effect(p, q, places))
    for _ in range(100):
        one = ColumnSides("x", Side(rng.multinomial(size[0], p)), Side(rng.multinomial(size[1], q)), places=places)
        ((low, high),) = intervals([Sized(measure, one, measure.effect_of(one))])
        covered += low <= truth <= high
    assert covered >= 88, f"{covered} of 100 intervals of 95 % hold the true effect"


@pytest.mark.parametrize("numeric", [True, False])
def test_an_interval_is_the_same_to_the_last_bit_whichever_columns_are_drawn_with_it(numeric: bool) -> None:
    asked = [
        Sized(measure, column, measure.effect_of(column))
        for measure in MEASURES.values()
        if (measure.numeric if numeric else measure.categorical)
        for bins in (2, 25, 64)
        for kind in KINDS
        for size in SIZES
        for column in [made(kind, size, bins, numeric=numeric)]
    ]
    alone = [intervals([one])[0] for one in asked]
    assert intervals(asked) == alone
    assert intervals(asked[::-1]) == alone[::-1]
    assert intervals(asked * 4) == alone * 4  # more than are drawn as one array
