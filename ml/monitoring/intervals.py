"""How sure an effect size is: an interval from the counts alone, without what chance adds to small samples.

Two samples of one distribution are never equal, so every effect is above 0 by chance, the more so the fewer rows and
the more bins. Drawing both sides anew from their own counts (a parametric bootstrap) doubles that excess: what the
draws are larger than what was seen is the excess to take off, and their spread is the half width. Both on the scale on
which chance adds up, that of squared distances. The draws are the same for every column and every run.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ml.monitoring.measures import Measure
from ml.monitoring.sides import ColumnSides, Counts, Shares, shares_of

_DRAWS = 64
_DEVIATES = 1.96
"""95 %."""


def interval(measure: Measure, column: ColumnSides, effect: float) -> tuple[float, float]:
    """Return the 95 % interval of an effect size; both sides of the column have values."""
    noise = _noise(column.reference.counts.size)
    past, now = (_drawn(side.counts, one) for side, one in zip((column.reference, column.current), noise, strict=True))
    power = 1 if measure.quadratic else 2
    drawn = measure.effect(past, now, column.places) ** power
    seen = effect**power
    middle = max(2 * seen - float(drawn.mean()), 0.0)
    half = _DEVIATES * float(drawn.std(ddof=1))
    return float(max(middle - half, 0.0) ** (1 / power)), float((middle + half) ** (1 / power))


def _drawn(counts: Counts, noise: NDArray[np.float64]) -> Shares:
    """Counts of further samples: Poisson's, by their normal approximation."""
    found = np.maximum(np.rint(counts + np.sqrt(counts) * noise), 0.0)
    found[found.sum(axis=-1) == 0] = counts
    return shares_of(found)


@lru_cache(maxsize=256)
def _noise(bins: int) -> NDArray[np.float64]:
    """Standard normal numbers for both sides, ``(2, draws, bins)``."""
    return np.random.default_rng(0).standard_normal((2, _DRAWS, bins))
