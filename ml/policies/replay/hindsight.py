"""The best that could have been done, had one known the future."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Best:
    """The cheapest sequence of models: its cost, and (batch after which, estimator) of each retraining."""

    cost: float
    errors: float
    switches: tuple[tuple[int, int], ...]


def cheapest_sequence(losses: Floats, available: NDArray[np.int64], *, start: int, price: float | Floats) -> Best:
    """Choose which estimator serves each batch so that errors and retrainings together cost least.

    Dynamic programme over the estimators, exact: after each batch one may go on with the estimator that serves, or
    change to any other that could have been trained by then, for the price.

    Args:
        losses: Cost of the errors of each estimator on each batch, shape (estimators, batches); NaN where an estimator
            had seen the batch or its labels never came: the latter must hold for all, and costs nothing.
        available: The first batch that each estimator may serve, shape (estimators,).
        start: The estimator that serves the first batch; its training is not charged.
        price: Cost of one retraining, or of that of each estimator.
    """
    count, batches = losses.shape
    prices: Floats = np.broadcast_to(np.asarray(price, dtype=np.float64), (count,))
    best: Floats = np.full(count, np.inf)
    best[start] = 0.0
    came_from = np.empty((batches, count), dtype=np.int64)
    itself = np.arange(count)
    for batch in range(batches):
        cheapest = int(np.argmin(best))
        may = available <= batch
        change = may & (best[cheapest] + prices < best) & (batch > 0)
        came_from[batch] = np.where(change, cheapest, itself)
        best = np.where(change, best[cheapest] + prices, best)
        lost = losses[:, batch]
        unknown = bool(np.isnan(lost[may]).all())
        best = best + (0.0 if unknown else np.where(may, np.where(np.isnan(lost), np.inf, lost), np.inf))
    return _traced(best, came_from, prices)


def _traced(best: Floats, came_from: NDArray[np.int64], prices: Floats) -> Best:
    last = int(np.argmin(best))
    cost = float(best[last])
    switches: list[tuple[int, int]] = []
    for batch in range(len(came_from) - 1, -1, -1):
        before = int(came_from[batch, last])
        if before != last:
            switches.append((batch - 1, last))
            last = before
    return Best(cost, cost - sum(float(prices[one]) for _, one in switches), tuple(reversed(switches)))
