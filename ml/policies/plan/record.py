"""The model's own record: what it lost on the batches that it served."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist

import numpy as np

from ml.policies.plan.evidence import Evidence, Vector, Whole
from ml.policies.plan.scores import LOOKED_BACK, Scores, served
from ml.policies.plan.staleness import HALF_LIFE

_DISAGREE = 0.4  # share of its errors that a new model makes differently, before a gate has told
_LEAST_NOISE = 0.12  # of the error rate: batches are never of quite the same difficulty
_TIMES = 8  # newest gates that tell how much two models disagree
_NORMAL = 2.2219  # quartile of all distances → standard deviation; for few numbers it needs the factors below
_OF_FEW = {3: 0.994, 4: 0.512, 5: 0.844, 6: 0.611, 7: 0.857, 8: 0.669, 9: 0.872}


@dataclass(frozen=True, slots=True)
class Record:
    """Losses of whoever served each labelled batch (scaled), and what follows from them.

    ``first`` and ``until`` are what the serving models were fitted on.
    ``error`` is the present error rate, ``cap`` the most that a perfect model could save per batch, ``noise`` the
    standard deviation of a batch's difficulty, ``per_row`` the variance of the difference of two models' losses on
    one row.
    """

    batches: Vector
    losses: Vector
    first: Whole
    until: Whole
    rows: float
    error: float
    cap: float
    noise: float
    per_row: float


def record_of(evidence: Evidence, scores: Scores) -> Record:
    """Summarise what was served; there must be ``scores``."""
    own = served(scores, evidence.champion.version)
    batches, rows = scores.batch[own].astype(float), scores.rows[own].astype(float)
    values = scores.loss[own] / evidence.scale
    weight = 0.5 ** ((evidence.labelled - 1 - batches) / HALF_LIFE)
    error = max(float(weight @ values / np.add.reduce(weight)), 1e-9)
    counted = max(float(weight @ rows), 1.0)
    typical = float(evidence.rows or max(np.median(rows), 1.0))
    chance = math.sqrt(error * min(error, 1.0))
    return Record(
        batches,
        values,
        scores.first[own],
        scores.until[own],
        typical,
        error,
        # two standard errors above what was seen, and one error more, for a model that made none
        cap=error + 2 * chance / math.sqrt(counted) + 1 / counted,
        noise=max(_spread(values), _LEAST_NOISE * error, chance / math.sqrt(typical)),
        per_row=_per_row(evidence, error),
    )


def _spread(values: Vector) -> float:
    """Standard deviation of a batch's difficulty: the scale Qn of Rousseeuw and Croux (1993).

    It compares all batches with each other, so that it needs no centre: a change of the level is not taken for noise,
    as it would be by distances from the median.
    """
    count = len(values)
    if count < min(_OF_FEW):
        return 0.0
    one, other = _couples(count)
    half = count // 2 + 1
    place = half * (half - 1) // 2 - 1
    factor = _OF_FEW.get(count) or count / (count + (1.4 if count % 2 else 3.8))
    distances = np.abs(values[one] - values[other])
    distances.partition(place)
    return _NORMAL * factor * float(distances[place])


@lru_cache(maxsize=LOOKED_BACK + 1)
def _couples(count: int) -> tuple[Whole, Whole]:
    """All couples of so many batches."""
    return np.triu_indices(count, 1)


def _per_row(evidence: Evidence, error: float) -> float:
    found = [_DISAGREE * error * min(1.0, 2 * error)]
    told = [one for one in evidence.comparisons[-_TIMES:] if one.high > one.low]
    z = _quantile(evidence.confidence)
    found += [((one.high - one.low) / (2 * z) / evidence.scale) ** 2 * one.rows for one in told]
    return max(float(np.add.reduce(found)) / len(found), 1e-12)


@lru_cache(maxsize=64)
def _quantile(confidence: float) -> float:
    """The two-sided quantile as tables give it: 1.96 for 95 %."""
    return round(NormalDist().inv_cdf((1 + confidence) / 2), 2)
