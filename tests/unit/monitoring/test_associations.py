"""A changed relation between two columns is found where neither has drifted, and called only where it is there."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from ml.domain.errors import SpecError
from ml.domain.findings import Outcome
from ml.domain.schema import ColumnRole, ColumnSchema, ColumnType, TableSchema
from ml.monitoring.associations import measure_associations
from ml.monitoring.drift import ColumnDrift, measure_drift
from ml.monitoring.pairing import paired
from ml.monitoring.relations import changed_correlation, changed_pattern, cramers_v
from ml.profiles import freeze, profile_frame
from ml.profiles.joint import Pair
from ml.specs.monitoring import DriftSpec
from tests.tables import spec_for

SPEC = DriftSpec()


def correlated(rng: np.random.Generator, rows: int, rho: float) -> pd.DataFrame:
    """Two heavy-tailed columns of numbers that share a factor, and a third that does not."""
    x, noise = rng.normal(size=(2, rows))
    y = rho * x + math.sqrt(1 - rho * rho) * noise
    return pd.DataFrame({"x": np.sinh(2 * x), "y": np.exp(y), "z": rng.normal(size=rows)})


def kinds(rng: np.random.Generator, rows: int, *, swapped: float = 0.0) -> pd.DataFrame:
    """A category that follows a number, by a rule that is turned round in a share of the rows."""
    x = rng.normal(size=rows)
    up = (x > 0) ^ (rng.random(rows) < 0.2) ^ (rng.random(rows) < swapped)
    return pd.DataFrame({"x": x, "c": np.where(up, "up", "down"), "d": rng.choice(["p", "q", "r"], rows)})


def compared(past: pd.DataFrame, now: pd.DataFrame, *pairs: Pair, spec: DriftSpec = SPEC) -> tuple[ColumnDrift, ...]:
    layout = layout_of(past).with_pairs(pairs)
    return measure_associations(profile_frame(past, layout), profile_frame(now, layout), pairs, spec=spec, level=0.01)


def layout_of(frame: pd.DataFrame):
    number, text = (ColumnType.NUMBER, ColumnRole.NUMERIC), (ColumnType.TEXT, ColumnRole.CATEGORICAL)
    columns = [ColumnSchema(name, *(text if frame[name].dtype == object else number)) for name in frame]
    return freeze(frame, TableSchema(tuple(columns)), key=(), numeric_target=False)


def test_a_correlation_that_is_gone_is_found_though_no_column_drifted() -> None:
    rng = np.random.default_rng(0)
    past, now = correlated(rng, 5000, 0.7), correlated(rng, 400, 0.2)
    found = compared(past, now, *combinations("xyz", 2))
    assert [one.drifted for one in found] == [True, False, False]
    first = found[0]
    assert (first.column, first.method, first.outcome, first.rows) == ("x × y", "correlation", Outcome.WARNING, 400)
    assert first.effect is not None
    assert first.interval is not None
    assert first.interval[0] < 0.48 < first.interval[1]  # Spearman's: 0.683 - 0.191, a little less on groups
    assert first.p_value is not None
    assert first.p_value < 1e-6
    assert first.note.startswith("Pearson's correlation 0.")
    layout = layout_of(past)
    alone = measure_drift(
        paired(profile_frame(past, layout), profile_frame(now, layout), list("xyz")), spec=SPEC, level=0.01
    )
    assert not any(one.drifted for one in alone)


def test_categories_that_follow_another_rule_are_found() -> None:
    rng = np.random.default_rng(1)
    past, now = kinds(rng, 5000), kinds(rng, 1000, swapped=0.4)
    found = compared(past, now, ("x", "c"), ("c", "d"), ("x", "d"))
    assert [one.drifted for one in found] == [True, False, False]
    assert found[0].method == "cramers_v"
    assert found[0].note.startswith("Cramér's V 0.")


def test_a_rule_that_is_turned_round_has_the_same_strength_and_is_found() -> None:
    rng = np.random.default_rng(2)
    (found,) = compared(kinds(rng, 2000), kinds(rng, 2000, swapped=1.0), ("x", "c"))
    assert found.drifted
    assert found.effect is not None
    assert found.effect > 1.0


def test_a_change_too_small_to_matter_is_none() -> None:
    rng = np.random.default_rng(3)
    past, now = correlated(rng, 100_000, 0.50), correlated(rng, 100_000, 0.45)
    (found,) = compared(past, now, ("x", "y"))
    assert found.significant
    assert not found.drifted
    (strict,) = compared(past, now, ("x", "y"), spec=DriftSpec(association=0.02))
    assert strict.drifted


def test_what_cannot_be_told_is_said() -> None:
    rng = np.random.default_rng(4)
    past = correlated(rng, 500, 0.5).assign(one=1.0, gone=np.nan)
    layout = layout_of(past)
    pairs = [("x", "one"), ("x", "gone"), ("x", "nowhere"), ("x", "y")]
    known = profile_frame(past, layout.with_pairs(pairs))
    found = measure_associations(known, known, pairs, spec=SPEC, level=0.01)
    assert [one.outcome for one in found] == [
        Outcome.NOT_APPLICABLE,
        Outcome.CANNOT_TELL,
        Outcome.NOT_APPLICABLE,
        Outcome.PASSED,
    ]
    assert "hardly varies" in found[0].note
    assert "0 rows with both values" in found[1].note
    (old,) = measure_associations(profile_frame(past, layout), known, [("x", "y")], spec=SPEC, level=0.01)
    assert (old.outcome, old.effect) == (Outcome.CANNOT_TELL, None)
    assert "without this pair" in old.note
    other = layout_of(past * 2).with_pairs(pairs)
    (moved,) = measure_associations(known, profile_frame(past, other), [("x", "y")], spec=SPEC, level=0.01)
    assert "other bins" in moved.note


@pytest.mark.parametrize("shares", ["even", "skewed", "related"])
@pytest.mark.parametrize("rows", [(1000, 200), (5000, 5000)])
def test_small_p_values_are_as_rare_as_they_say(shares: str, rows: tuple[int, int]) -> None:
    rng = np.random.default_rng(5)
    law = {"even": np.full(6, 1 / 6), "skewed": np.array([0.7, 0.15, 0.08, 0.04, 0.02, 0.01])}
    if shares == "related":
        x, y = rng.multivariate_normal([0, 0], [[1, 0.8], [0.8, 1]], 100_000).T
        cells = [np.digitize(one, [-0.967, -0.43, 0, 0.43, 0.967]) for one in (x, y)]
        joint = np.bincount(cells[0] * 6 + cells[1], minlength=36) / 100_000
    else:
        joint = np.outer(law[shares], law[shares]).ravel()
    past, now = (rng.multinomial(n, joint, 1500).reshape(-1, 6, 6).astype(float) for n in rows)
    for test in (changed_correlation, changed_pattern):
        changes = [test(one, other) for one, other in zip(past, now, strict=True)]
        found = np.array([1.0 if one is None else one.p_value for one in changes])
        for level in (0.05, 0.01, 0.001):
            expected = len(found) * level
            assert (found <= level).sum() <= expected + 4 * np.sqrt(expected)
        assert (found <= 0.5).mean() > 0.4


def test_cramers_v_is_that_of_scipy() -> None:
    from scipy.stats.contingency import association

    table = np.array([[30, 10, 0], [5, 40, 0]], dtype=float)
    assert cramers_v(table) == pytest.approx(association(table[:, :2].astype(int), method="cramer"))
    assert cramers_v(np.array([[3.0, 4.0]])) is None
    assert cramers_v(np.zeros((2, 2))) is None


@pytest.mark.parametrize(
    ("pairs", "said"),
    [
        ([["a", "a"]], "pairs a with itself"),
        ([["a", "b"], ["b", "a"]], "pairs b and a twice"),
        ([[f"a{n}", f"b{n}"] for n in range(201)], "length of at most 200"),
    ],
)
def test_pairs_that_are_none_are_refused(pairs: list[list[str]], said: str) -> None:
    with pytest.raises(SpecError, match=said):
        spec_for(monitoring={"drift": {"associations": pairs}})
    assert spec_for(monitoring={"drift": {"associations": [["a", "b"]]}}).monitoring.drift.associations == (("a", "b"),)
    assert spec_for(monitoring={"drift": {"associations": True}}).monitoring.drift.associations is True
