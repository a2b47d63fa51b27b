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
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ml.monitoring.measures import Measure
from ml.monitoring.sides import ColumnSides, Shares, shares_of

_DRAWS = 32
_TOGETHER = 8
"""Most columns that are drawn as one array, which a processor's cache holds."""
Z2 = 1.96**2
"""95 %."""


class Sized(NamedTuple):
    """A column, both of whose sides have values, and its effect size by a measure."""

    measure: Measure
    column: ColumnSides
    effect: float


def intervals(asked: Sequence[Sized]) -> list[tuple[float, float]]:
    """Return the 95 % interval of each effect size; columns of as many bins are drawn together."""
    alike: dict[tuple[str, bool, int], list[int]] = {}
    for place, one in enumerate(asked):
        of = one.measure.name, one.column.places is None, one.column.reference.counts.size
        alike.setdefault(of, []).append(place)
    found: dict[int, tuple[float, float]] = {}
    for places in alike.values():
        for first in range(0, len(places), _TOGETHER):
            some = places[first : first + _TOGETHER]
            found.update(zip(some, _intervals([asked[place] for place in some]), strict=True))
    return [found[place] for place in range(len(asked))]


def _intervals(alike: Sequence[Sized]) -> list[tuple[float, float]]:
    """Return the intervals for one measure and one number of bins."""
    measure, columns = alike[0].measure, [one.column for one in alike]
    places = None if columns[0].places is None else np.array([column.places for column in columns])[:, None, None]
    # Both sides of each column, each from its own counts and from the common ones: all draws are one array.
    own = np.array([[one.reference.counts for one in columns], [one.current.counts for one in columns]])
    common = shares_of(own.sum(axis=0)) * own.sum(axis=-1, keepdims=True)
    counts = np.stack([own, common], axis=2)[..., None, :]
    reference, current = _drawn(counts, _noise(counts.shape[-1])[:, None, None])
    power = 1 if measure.quadratic else 2
    moved = measure.effect(reference, current, places) ** power
    mean, spread = moved[:, 0].mean(axis=-1).tolist(), moved.var(axis=-1).tolist()
    return [
        _interval(one.effect**power, middle, variance, floor, power)
        for one, middle, (variance, floor) in zip(alike, mean, spread, strict=True)
    ]


def _interval(seen: float, mean: float, variance: float, floor: float, power: int) -> tuple[float, float]:
    """Return the interval of an effect from what its draws gave; ``floor`` is their variance without drift."""
    excess = mean - seen
    slope = max(variance - floor, 0.0) / seen if seen else 0.0
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
