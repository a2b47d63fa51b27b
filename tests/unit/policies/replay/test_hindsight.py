"""The best sequence in hindsight, against trying all of them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from ml.policies.replay import Best, cheapest_sequence

Floats = NDArray[np.float64]


def cost_of(path: Sequence[int], losses: Floats, available: Sequence[int], prices: Sequence[float]) -> float:
    """Cost of one sequence of estimators; infinite where it is not possible."""
    total = 0.0
    for batch, one in enumerate(path):
        loss = losses[one, batch]
        nobody = all(np.isnan(losses[other, batch]) for other in range(len(losses)) if available[other] <= batch)
        if available[one] > batch or (np.isnan(loss) and not nobody):
            return float("inf")
        total += 0.0 if nobody else float(loss)
        if batch and path[batch - 1] != one:
            total += prices[one]
    return total


def brute_force(losses: Floats, available: Sequence[int], prices: Sequence[float]) -> float:
    count, batches = losses.shape
    paths = (path for path in product(range(count), repeat=batches) if path[0] == 0)
    return min(cost_of(path, losses, available, prices) for path in paths)


def path_of(best: Best, batches: int) -> list[int]:
    now, path, changes = 0, [], dict(best.switches)
    for batch in range(batches):
        now = changes.get(batch - 1, now)
        path.append(now)
    return path


@st.composite
def tables(draw: st.DrawFn) -> tuple[Floats, list[int], list[float]]:
    count, batches = draw(st.integers(1, 4)), draw(st.integers(1, 5))
    cells = st.floats(0.0, 10.0, width=32)
    losses = np.array([[draw(cells) for _ in range(batches)] for _ in range(count)])
    available = [0, *(draw(st.integers(0, batches)) for _ in range(count - 1))]
    for one in range(count):
        losses[one, : available[one]] = np.nan
    losses[:, draw(st.sets(st.integers(0, batches - 1), max_size=2).map(list))] = np.nan
    return losses, available, [draw(st.floats(0.0, 5.0, width=32)) for _ in range(count)]


@given(tables())
def test_it_is_as_cheap_as_the_cheapest_of_all_sequences(table: tuple[Floats, list[int], list[float]]) -> None:
    losses, available, prices = table
    best = cheapest_sequence(losses, np.array(available), start=0, price=np.array(prices))
    assert best.cost == pytest.approx(brute_force(losses, available, prices))
    path = path_of(best, losses.shape[1])
    assert cost_of(path, losses, available, prices) == pytest.approx(best.cost), "its switches are what it costs"
    assert best.errors == pytest.approx(best.cost - sum(prices[one] for _, one in best.switches))


@given(tables(), st.floats(0.0, 5.0, width=32))
def test_one_price_is_that_price_for_each(table: tuple[Floats, list[int], list[float]], price: float) -> None:
    losses, available, _ = table
    one = cheapest_sequence(losses, np.array(available), start=0, price=price)
    each = cheapest_sequence(losses, np.array(available), start=0, price=np.full(len(losses), price))
    assert one == each


def test_dear_retrainings_are_left_out_and_cheap_ones_done_at_once() -> None:
    losses = np.array([[1.0, 1.0, 4.0, 4.0, 4.0], [np.nan, np.nan, np.nan, 1.0, 1.0]])
    available = np.array([0, 3])
    assert cheapest_sequence(losses, available, start=0, price=7.0).switches == ()
    cheap = cheapest_sequence(losses, available, start=0, price=2.0)
    assert (cheap.cost, cheap.errors, cheap.switches) == (10.0, 8.0, ((2, 1),))


def test_nothing_to_serve_costs_nothing() -> None:
    assert cheapest_sequence(np.empty((2, 0)), np.array([0, 1]), start=1, price=1.0) == Best(0.0, 0.0, ())
