"""How sure an effect size is: an interval from the counts alone, without what chance adds to small samples.

Two samples of one distribution are never equal, so every effect is above 0 by chance, the more so the fewer rows and
the more bins. On the scale of squared distances that excess adds up: drawing each side anew from its own counts (a
parametric bootstrap) adds it once more, which tells how large it is. Drawing both from their common distribution tells
the variance without drift, the first draws how it grows with the effect. The interval holds the effects from which
what was seen is not further than 1.96 deviations *as they would be there*, as Wilson's does for a share. The draws are
the same for every column and every run.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ml.monitoring.measures import Measure
from ml.monitoring.sides import ColumnSides, Shares, shares_of

_DRAWS = 32
Z2 = 1.96**2
"""95 %."""


def interval(measure: Measure, column: ColumnSides, effect: float) -> tuple[float, float]:
    """Return the 95 % interval of an effect size; both sides of the column have values."""
    power = 1 if measure.quadratic else 2
    past, now = column.reference, column.current
    together = shares_of(past.counts + now.counts)
    # Both sides, each from its own counts and from the common ones: all draws are one array.
    each = np.array([[past.counts, together * past.rows], [now.counts, together * now.rows]])
    reference, current = _drawn(each[:, :, None], _noise(together.size)[:, None])
    own, chance = measure.effect(reference, current, column.places)
    seen, floor = effect**power, float((chance**power).var())
    excess = float((own**power).mean()) - seen
    slope = max(float((own**power).var()) - floor, 0.0) / seen if seen else 0.0
    low, high = bounds(seen - excess, floor, slope)
    return low ** (1 / power), high ** (1 / power)


def bounds(middle: float, floor: float, slope: float) -> tuple[float, float]:
    """Solve (middle - t)^2 = z^2 (floor + slope t) for the two t, none below 0."""
    half = middle + Z2 * slope / 2
    root = math.sqrt(max(half * half - middle * middle + Z2 * floor, 0.0))
    return max(half - root, 0.0), max(half + root, 0.0)


def _drawn(counts: NDArray[np.float64], noise: NDArray[np.float64]) -> Shares:
    """Counts of further samples: Poisson's, by their normal approximation."""
    found = np.maximum(np.rint(counts + np.sqrt(counts) * noise), 0.0)
    empty = found.sum(axis=-1, keepdims=True) == 0
    return shares_of(np.where(empty, counts, found) if empty.any() else found)


@lru_cache(maxsize=256)
def _noise(bins: int) -> NDArray[np.float64]:
    """Standard normal numbers for both sides, ``(2, draws, bins)``."""
    return np.random.default_rng(0).standard_normal((2, _DRAWS, bins))
