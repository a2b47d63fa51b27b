"""P-values that hold where many cells are nearly empty; see docs/decisions/0010."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from ml.monitoring.discoveries import believable
from ml.monitoring.evidence import combined, p_values
from ml.monitoring.sides import OTHERS, ColumnSides, Side


def values(past: list[int], now: list[int], *, numeric: bool = False) -> float | None:
    places = np.arange(len(past)) * 1.0 if numeric else None
    ((found, _),) = p_values([ColumnSides("x", Side(np.array(past)), Side(np.array(now)), places=places)])
    return found


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 60), st.integers(0, 60))
def test_two_cells_give_the_exact_mid_p(past: int, now: int) -> None:
    found = values([60 - past, past], [60 - now, now])
    if past + now in (0, 120):
        assert found is None
        return
    law = stats.hypergeom(120, past + now, 60)
    mid = min(law.cdf(now), law.sf(now - 1)) - law.pmf(now) / 2
    assert found == pytest.approx(2 * min(mid, 0.5), rel=1e-9)


def test_large_tables_agree_with_the_chi_square_test() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        past, now = rng.multinomial(200_000, [0.1] * 10), rng.multinomial(50_000, [0.1] * 10)
        expected = stats.chi2_contingency([past, now]).pvalue
        assert values(past.tolist(), now.tolist()) == pytest.approx(expected, rel=0.02)


@pytest.mark.parametrize("shares", [[0.99, 0.01], [0.9, 0.05, 0.03, 0.01, 0.01], [1 / 30] * 30])
@pytest.mark.parametrize("numeric", [True, False])
def test_small_p_values_are_as_rare_as_they_say(shares: list[float], numeric: bool) -> None:
    rng = np.random.default_rng(1)
    places = np.arange(len(shares)) * 1.0 if numeric else None
    past, now = rng.multinomial(2000, shares, 3000), rng.multinomial(200, shares, 3000)
    columns = [ColumnSides("x", Side(p), Side(n), places=places) for p, n in zip(past, now, strict=True)]
    found = np.array([1.0 if one is None else one for one, _ in p_values(columns)])
    for level in (0.05, 0.01, 0.001):
        expected = 3000 * level
        assert (found <= level).sum() <= expected + 4 * np.sqrt(expected)


def test_what_was_never_there_is_evidence() -> None:
    found = values([5000, 5000, 0], [100, 100, 20])
    assert found is not None
    assert found < 1e-20


def test_missing_values_have_a_test_of_their_own() -> None:
    sides = ColumnSides("x", Side(np.array([900, 100]), 0), Side(np.array([270, 30]), 40))
    ((of_values, of_missing),) = p_values([sides])
    assert of_values is not None
    assert of_values > 0.5
    assert of_missing is not None
    assert of_missing < 1e-12
    assert combined(of_values, of_missing) == 2 * of_missing
    assert combined(None, of_missing) == of_missing
    assert combined(None, None) is None


def test_rare_categories_count_with_those_that_are_not_listed() -> None:
    labels = ("a", "b", OTHERS)
    sides = ColumnSides("x", Side(np.array([500, 3, 497])), Side(np.array([50, 0, 50])), labels=labels)
    ((found, _),) = p_values([sides])
    assert found == pytest.approx(values([500, 500], [50, 50]))


def test_nothing_to_test_has_no_p_value() -> None:
    assert p_values([]) == []
    assert values([10, 0], [5, 0]) is None
    assert values([10, 0], [0, 0]) is None


def test_what_is_believed_is_benjamini_and_hochbergs() -> None:
    ps = [0.001, 0.008, 0.039, 0.041, 0.042, 0.06, 0.074, 0.205]
    limit = believable(ps, 0.05)
    assert [p <= limit for p in ps] == (stats.false_discovery_control(ps) <= 0.05).tolist()
    assert believable([0.9], 0.05) < 0
    assert believable([], 0.05) < 0
