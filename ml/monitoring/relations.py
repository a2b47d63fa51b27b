"""Has the relation of two columns changed? The statistics of two small tables of counts.

Both questions are asked of the departures from independence, ``p_ij - p_i p_j``, so that columns that drift each for
itself have not changed their relation.

Two columns of numbers have one degree of freedom: the difference of their rank correlations (Spearman's, on groups,
with ridits of both sides together as scores), on Fisher's scale, with the variance that its influence function has in
the pooled table, referred to Student's t. Scores are bounded, so heavy tails do no harm. Otherwise the squared
differences of all cells' departures are summed, each weighted as in Pearson's chi-square; with columns that are
related that is a weighted sum of chi-squares, whose tail is taken from its first three moments (Imhof 1961).
Groups are put together until a cell is expected to hold 5 rows on the smaller side.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ml.monitoring.intervals import Z2, bounds

Table = NDArray[np.float64]
_CELL_ROWS = 5.0
_FULL = 1.0 - 1e-9  # a correlation of 1 has no place on Fisher's scale


class Change(NamedTuple):
    """How much a relation changed (0 to 1, or 2 for a correlation that turned round), how surely, and its p-value."""

    effect: float
    interval: tuple[float, float]
    p_value: float


def changed_correlation(past: Table, now: Table) -> Change | None:
    """Compare the rank correlations of two columns of numbers; None if one does not vary on a side."""
    past, now = _pooled_groups(past, now, ordered=True)
    n, m = past.sum(), now.sum()
    together = (past + now) / (n + m)
    scores = [share.cumsum() - share / 2 for share in (together.sum(axis=1), together.sum(axis=0))]
    sides = [_correlation(table, *scores) for table in (past / n, now / m, together)]
    (before, spread), (after, spread_now), (common, chance) = sides
    if min(spread, spread_now, chance) < 0:
        return None
    apart = math.atanh(after) - math.atanh(before)
    scale = math.sqrt(chance * (1 / n + 1 / m)) / (1 - common**2)
    half = math.sqrt(Z2 * (spread / n + spread_now / m))
    effect = abs(after - before)
    return Change(effect, (max(effect - half, 0.0), effect + half), _two_sided(apart / scale, min(n, m) - 2))


def changed_pattern(past: Table, now: Table) -> Change | None:
    """Compare which values go together; None if a column does not vary.

    The effect is Cramér's V of the difference: 0 where all departures from independence stayed, and what V changed by
    where they grew or shrank alike.
    """
    past, now = _pooled_groups(past, now, ordered=False)
    n, m = past.sum(), now.sum()
    together = (past + now) / (n + m)
    down, across = together.sum(axis=1), together.sum(axis=0)
    if 1 in together.shape:
        return None
    weight = 1 / np.sqrt(np.outer(down, across))
    apart = (weight * (_departures(now / m) - _departures(past / n))).ravel()
    covariance = _covariance(together, weight)
    noise = 1 / n + 1 / m
    moments = [float(np.trace(np.linalg.matrix_power(covariance, power))) for power in (1, 2, 3)]
    seen = float(apart @ apart)
    slope = 4 * noise * float(apart @ covariance @ apart) / seen if seen else 0.0
    low, high = bounds(seen - noise * moments[0], 2 * moments[1] * noise**2, slope)
    most = min(together.shape) - 1
    interval = math.sqrt(low / most), math.sqrt(high / most)
    return Change(math.sqrt(seen / most), interval, _weighted_tail(seen / noise, *moments))


def cramers_v(table: Table) -> float | None:
    """Cramér's V of a table of counts, 0 to 1; None if a column does not vary."""
    held = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    if min(held.shape) <= 1:
        return None
    shares = held / held.sum()
    expected = np.outer(shares.sum(axis=1), shares.sum(axis=0))
    return min(1.0, math.sqrt(float(((shares - expected) ** 2 / expected).sum()) / (min(held.shape) - 1)))


def _pooled_groups(past: Table, now: Table, *, ordered: bool) -> tuple[Table, Table]:
    """Put small groups together until the emptiest cell is expected to hold enough rows of the smaller side."""
    smaller = min(past.sum(), now.sum())
    while True:
        shares = (past + now) / (past + now).sum()
        down, across = shares.sum(axis=1), shares.sum(axis=0)
        if down.min() * across.min() * smaller >= _CELL_ROWS or max(past.shape) == 1:
            return past, now
        axis = 0 if (down.min() <= across.min() and len(down) > 1) or len(across) == 1 else 1
        past, now = _without_smallest(past, now, (down, across)[axis], axis, ordered=ordered)


def _without_smallest(past: Table, now: Table, shares: Table, axis: int, *, ordered: bool) -> tuple[Table, Table]:
    """Put the smallest group to its smaller neighbour, or where there is no order to the next smallest one."""
    least = int(shares.argmin())
    others = [least - 1, least + 1] if ordered else range(len(shares))
    into = min((one for one in others if one != least and 0 <= one < len(shares)), key=lambda one: shares[one])

    def without(table: Table) -> Table:
        lines = table.swapaxes(0, axis).copy()
        lines[into] += lines[least]
        return np.delete(lines, least, axis=0).swapaxes(0, axis)

    return without(past), without(now)


def _correlation(shares: Table, u: Table, v: Table) -> tuple[float, float]:
    """Return the correlation of scores, and the variance of its influence function; -1 for that if one is constant."""
    down, across = shares.sum(axis=1), shares.sum(axis=0)
    u, v = u - down @ u, v - across @ v
    spread = (down @ u**2) * (across @ v**2)
    if spread <= 0:
        return 0.0, -1.0
    u, v = u / math.sqrt(down @ u**2), v / math.sqrt(across @ v**2)
    found = float(np.clip(u @ shares @ v, -_FULL, _FULL))
    influence = np.outer(u, v) - found * (u[:, None] ** 2 + v[None, :] ** 2) / 2
    return found, max(float((shares * influence**2).sum()), 1e-12)


def _departures(shares: Table) -> Table:
    found: Table = shares - np.outer(shares.sum(axis=1), shares.sum(axis=0))
    return found


def _covariance(shares: Table, weight: Table) -> Table:
    """Covariance of the weighted departures that one row adds."""
    down, across = shares.sum(axis=1), shares.sum(axis=0)
    rows, columns = np.eye(len(down)), np.eye(len(across))
    influence = (
        np.einsum("ia,jb->ijab", rows, columns)
        - np.einsum("j,ia,b->ijab", across, rows, np.ones(len(across)))
        - np.einsum("i,jb,a->ijab", down, columns, np.ones(len(down)))
        + (np.outer(down, across) - _departures(shares))[:, :, None, None]
    )
    part = (weight[:, :, None, None] * influence * np.sqrt(shares)).reshape(shares.size, shares.size)
    found: Table = part @ part.T
    return found


def _two_sided(deviate: float, freedom: Any) -> float:
    from scipy.special import stdtr

    return float(2 * stdtr(float(freedom), -abs(deviate)))


def _weighted_tail(seen: float, first: float, second: float, third: float) -> float:
    """Upper tail of a weighted sum of chi-squares, from the traces of its covariance and of that one's powers."""
    from scipy.special import chdtrc

    freedom = second**3 / third**2
    return float(chdtrc(freedom, max((seen - first) * math.sqrt(freedom / second) + freedom, 0.0)))
