"""Is it more than chance? P-values that hold for any number of rows and bins, also where many bins are nearly empty.

The null hypothesis is that the rows of both sides were drawn from one distribution. Then, given all margins, a cell's
count in the batch is hypergeometric. A chi-square test takes that for normal, which is wrong in the far tail where a
cell holds few rows, and with two hundred columns the far tail is all that matters. So each cell's deviation is measured
by its exact mid-p tail and turned into the normal deviate of the same tail; their weighted sum of squares is Pearson's
statistic with exact cells, and is referred to chi-square as usual.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.monitoring.sides import OTHERS, ColumnSides

_CELL_ROWS = 20  # rows that a cell of a numeric column is expected to have on the smaller side
_CELLS = 16  # most cells of a numeric column: finer ones cost power against what matters, a shift or a spread
_RARE_ROWS = 5  # categories that are expected to have fewer go into one cell
_EXACT_DEVIATION = 12.0  # above it a corrected normal deviate serves as well as the exact one
_STEPS = 160  # terms of a tail: more than twelve deviations
_FAR = 6.0  # no correction is stretched beyond so many deviations

Reals = NDArray[np.float64]
Rows = NDArray[np.int64]


def p_values(columns: Sequence[ColumnSides]) -> list[tuple[float | None, float | None]]:
    """Return for each column the p-values of its values and of its share of missing ones, None where nothing can vary.

    Two-sided. Values are compared among the rows that have one, so the two tests are independent without drift.
    """
    tables = [table for column in columns for table in (_values(column), _missing(column))]
    found = _tested([table for table in tables if table is not None])
    said = iter(found)
    each = [None if table is None else next(said) for table in tables]
    return list(zip(each[::2], each[1::2], strict=True))


def combined(values: float | None, missing: float | None) -> float | None:
    """Return the p-value of a column: the smaller of its two, corrected for having looked twice (Bonferroni)."""
    if values is None or missing is None:
        return values if missing is None else missing
    return min(1.0, 2 * min(values, missing))


_Table = tuple[Rows, Rows]


def _values(column: ColumnSides) -> _Table | None:
    n, m = column.reference.rows, column.current.rows
    if not n or not m:
        return None
    together = column.reference.counts + column.current.counts
    rows_each = (n + m) / min(n, m)
    pooled = _runs(together, rows_each) if column.places is not None else _common(together, rows_each, column.labels)
    return _cells(column.reference.counts, column.current.counts, pooled)


def _missing(column: ColumnSides) -> _Table | None:
    past, now = (np.array([side.rows, side.missing]) for side in (column.reference, column.current))
    return _cells(past, now, np.arange(2)) if past.any() and now.any() else None


def _cells(reference: Rows, current: Rows, cell_of_bin: NDArray[np.int64]) -> _Table | None:
    past = np.bincount(cell_of_bin, weights=reference).astype(np.int64)
    now = np.bincount(cell_of_bin, weights=current).astype(np.int64)
    there = past + now > 0
    return (past[there], now[there]) if there.sum() > 1 else None


def _runs(together: Rows, rows_each: float) -> NDArray[np.int64]:
    """Give neighbouring bins one cell until it is large enough; decided by both sides together, so without bias."""
    size = max(_CELL_ROWS * rows_each, together.sum() / _CELLS)
    found: NDArray[np.int64] = ((np.cumsum(together) - together / 2) / size).astype(np.int64)
    return found


def _common(together: Rows, rows_each: float, labels: Sequence[str]) -> NDArray[np.int64]:
    """Give each common category a cell, and one to all rare ones together with those that are not listed."""
    rare = together < _RARE_ROWS * rows_each
    if labels[-1:] == (OTHERS,):
        rare[-1] = True
    found: NDArray[np.int64] = np.where(rare, 0, np.cumsum(~rare))
    return found


def _tested(tables: Sequence[_Table]) -> list[float]:
    """Test all tables at once: the cells of all of them are one array."""
    if not tables:
        return []
    from scipy.special import chdtrc

    sizes = np.array([past.size for past, _ in tables])
    past, now = (np.concatenate(side) for side in zip(*tables, strict=True))
    starts = np.concatenate(([0], np.cumsum(sizes)[:-1]))
    batch = np.repeat(np.add.reduceat(now, starts), sizes)
    both = np.repeat(np.add.reduceat(past + now, starts), sizes)
    squares = (1 - (past + now) / both) * _deviates(now, past + now, batch, both) ** 2
    found: list[float] = chdtrc(sizes - 1.0, np.add.reduceat(squares, starts)).tolist()
    return found


def _deviates(seen: Rows, marked: Rows, drawn: Rows, rows: Rows) -> Reals:
    """Return the normal deviate of the mid-p tail of hypergeometric counts.

    ``seen`` marked rows were among ``drawn`` of ``rows``, of which ``marked`` are marked.
    """
    k, m, n = (side.astype(np.float64) for side in (marked, drawn, rows))
    mean = m * k / n
    deviation = np.sqrt(mean * (1 - k / n) * (n - m) / np.maximum(n - 1, 1))
    away = (seen - mean) / deviation
    skew = (1 - 2 * k / n) * (1 - 2 * m / n) / deviation
    near = np.clip(away, -_FAR, _FAR)
    found = away - skew * (near**2 - 1) / 6  # Cornish and Fisher's first correction
    few = deviation < _EXACT_DEVIATION
    if few.any():
        found[few] = _exact(*(side[few] for side in (seen.astype(np.float64), k, m, n, mean)))
    return found


def _exact(seen: Reals, k: Reals, m: Reals, n: Reals, mean: Reals) -> Reals:
    """Sum the tail from the seen count on, away from the mean, by the ratios of neighbouring terms."""
    from scipy.special import ndtri_exp

    up = seen >= mean
    # A lower tail of marked rows is an upper tail of unmarked ones.
    x, marked = np.where(up, seen, m - seen), np.where(up, k, n - k)
    first = _log_mass(x, marked, m, n)
    j = x[:, None] + np.arange(_STEPS - 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = (marked[:, None] - j) * (m[:, None] - j) / ((j + 1) * (n - marked - m + 1)[:, None] + (j + 1) * j)
    beyond = (j >= marked[:, None]) | (j >= m[:, None])
    rest = np.cumprod(np.where(beyond, 0.0, ratio), axis=1).sum(axis=1)
    log_tail = np.minimum(first + np.log(0.5 + rest), np.log(0.5))
    size: Reals = -np.asarray(ndtri_exp(log_tail), dtype=np.float64)
    signed: Reals = np.where(up, size, -size)
    return signed


def _log_mass(x: Reals, k: Reals, m: Reals, n: Reals) -> Reals:
    found: Reals = _log_choose(k, x) + _log_choose(n - k, m - x) - _log_choose(n, m)
    return found


def _log_choose(n: Any, k: Any) -> Any:
    from scipy.special import gammaln

    return gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)
