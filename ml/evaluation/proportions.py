"""Right or wrong: in how many rows a model is right, and how far two differ in that on the same rows."""

from __future__ import annotations

import math
from collections.abc import Callable

_HALVINGS = 50


def share_interval(share: float, rows: int, reach: float) -> tuple[float, float]:
    """Return where a share of independent rows lies: Wilson's score interval (1927), ``reach`` in standard errors."""
    widened = rows + reach * reach
    centre = (share * rows + reach * reach / 2.0) / widened
    half = reach * math.sqrt(share * (1.0 - share) * rows + reach * reach / 4.0) / widened
    return centre - half, centre + half


def score_bound(wins: int, losses: int, rows: int) -> Callable[[float], float]:
    """Return for a confidence the bound below which the true difference lies with it.

    ``wins`` are the rows that only ours gets right, ``losses`` those that only theirs does. The bound inverts the score
    test of Tango (1998) for paired proportions, which at a difference of 0 is McNemar's (1947). Unlike an interval
    around the estimate it holds for few rows, far in the tails, and where no row differs at all.
    """

    def bound(confidence: float) -> float:
        from statistics import NormalDist

        wanted = -NormalDist().inv_cdf(confidence)
        low, high = -1.0, 1.0
        for _ in range(_HALVINGS):
            middle = (low + high) / 2.0
            if score(middle, wins, losses, rows) > wanted:
                low = middle
            else:
                high = middle
        return (low + high) / 2.0

    return bound


def score(difference: float, wins: int, losses: int, rows: int) -> float:
    """Return by how many standard errors the measured difference exceeds a supposed one."""
    linear = (2.0 * rows - wins + losses) * difference - wins - losses
    constant = -losses * difference * (1.0 - difference)
    lost = (math.sqrt(max(linear * linear - 8.0 * rows * constant, 0.0)) - linear) / (4.0 * rows)
    variance = rows * (2.0 * lost + difference * (1.0 - difference))
    excess = wins - losses - rows * difference
    if variance <= 0.0:
        return math.copysign(math.inf, excess) if excess else 0.0
    return excess / math.sqrt(variance)
