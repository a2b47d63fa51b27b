"""Errors of neighbouring rows that resemble each other: over how many rows they do, and how far their mean spreads.

A model that is wrong now is often wrong for the next rows too. Taken one by one the rows would then look like more
evidence than they are.
"""

from __future__ import annotations

import math

import numpy as np

from ml.problems.metric import Floats

_FEWEST_LAGS = 5
_WAVES_A_BLOCK = 0.5
_MOST_WAVES = 0.4
"""Of rows to the power of two thirds: the textbook rule for series that are not strongly correlated."""


def block_length(series: Floats) -> int:
    """Return the length of blocks for a circular block bootstrap of the mean of a series in time order; 1 if its values
    show no correlation.

    The rule of Politis and White (2004) with the correction of Patton, Politis and White (2009): the same as
    ``arch.bootstrap.optimal_block_length``, rounded up, but for one thing. Where none of the first lags correlates
    beyond their threshold, 2 √(log₁₀ n / n), the values are taken to be independent; there the library's number is
    noise around 1.
    """
    rows = len(series)
    lags = max(_FEWEST_LAGS, int(math.log10(rows))) if rows else _FEWEST_LAGS
    if rows < 3 * lags or not np.ptp(series) > 0:
        return 1
    centred = series - series.mean()
    most = min(math.ceil(math.sqrt(rows)) + lags, rows - 2)
    quiet = _first_quiet_lag(centred, lags, most)
    if quiet == 1:
        return 1
    bandwidth = most if quiet is None else min(2 * quiet, most)
    covariances = np.array([centred[lag:] @ centred[: rows - lag] / rows for lag in range(bandwidth + 1)])
    places = np.arange(1, bandwidth + 1)
    weights = np.minimum(1.0, 2.0 * (1.0 - places / bandwidth))  # the flat-top window
    slope = float(2.0 * (weights * places * covariances[1:]).sum())
    long_run = float(covariances[0] + 2.0 * (weights * covariances[1:]).sum())
    longest = math.ceil(min(3.0 * math.sqrt(rows), rows / 3.0))
    if long_run <= 0.0:
        return longest
    return max(1, math.ceil(min(math.cbrt(1.5 * slope**2 / long_run**2 * rows), longest)))


def _first_quiet_lag(centred: Floats, lags: int, most: int) -> int | None:
    """Return the first lag from which on ``lags`` correlations in a row are within chance, None if there is none."""
    rows = len(centred)
    threshold = 2.0 * math.sqrt(math.log10(rows) / rows)
    run = 0
    for lag in range(1, most + 1):
        late, early = centred[lag + 1 :], centred[: -(lag + 1)]
        scale = math.sqrt(float(late @ late) * float(early @ early))
        product = abs(float(centred[lag:] @ centred[: rows - lag]))
        run = run + 1 if product < threshold * scale or scale == 0.0 else 0
        if run == lags:
            return lag - lags + 1
    return None


def spread_of_mean(series: Floats, block: int) -> tuple[float, int]:
    """Return the standard error of the mean of a correlated series in time order, and its degrees of freedom.

    The long-run variance is the mean of squares of the series' projections on its slowest cosine waves (Müller 2007).
    With so many waves the ratio of mean and error follows Student's distribution with as many degrees of freedom, so
    that what is not known of the variance itself is allowed for: a bootstrap of blocks takes it as known, and lets
    through up to twice what it should. The number of waves is that of Lazarus, Lewis, Stock and Watson (2018),
    0.4 n^(2/3); where correlations reach further, one for each two blocks of :func:`block_length`.
    """
    rows = len(series)
    waves = max(2, round(min(_MOST_WAVES * rows ** (2.0 / 3.0), _WAVES_A_BLOCK * rows / block)))
    places = (np.arange(rows) + 0.5) * (math.pi / rows)
    centred = series - series.mean()
    squares = [float(np.cos(wave * places) @ centred) ** 2 for wave in range(1, waves + 1)]
    return math.sqrt(2.0 / rows * sum(squares) / waves / rows), waves
