"""The model's own record: what it lost on the batches that it served."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ml.policies.plan.evidence import Evidence, Loss
from ml.policies.plan.pairs import MEMORY, Vector
from ml.policies.plan.staleness import HALF_LIFE

_DISAGREE = 0.4  # share of its errors that a new model makes differently, before a gate has told
_LEAST_NOISE = 0.12  # of the error rate: batches are never of quite the same difficulty
_NORMAL = 1.4826  # median absolute deviation → standard deviation
_Z95 = 1.96
_TIMES = 8  # newest gates that tell how much two models disagree
_ENOUGH = 4  # batches of which a spread may be taken


@dataclass(frozen=True, slots=True)
class Record:
    """Losses of whoever served each labelled batch (scaled), and what follows from them.

    ``error`` is the present error rate, ``cap`` the most that a perfect model could save per batch, ``noise`` the
    standard deviation of a batch's difficulty, ``per_row`` the variance of the difference of two models' losses on
    one row.
    """

    batches: Vector
    losses: Vector
    rows: float
    error: float
    cap: float
    noise: float
    per_row: float


def by_batch(evidence: Evidence) -> dict[int, list[Loss]]:
    """Sort the newest losses by batch, and within it from the oldest model to the newest."""
    found: dict[int, list[Loss]] = {}
    for one in sorted(evidence.losses, key=lambda one: (one.batch, one.fitted.until, one.fitted.version)):
        if evidence.labelled - MEMORY <= one.batch < evidence.labelled:
            found.setdefault(one.batch, []).append(one)
    return found


def record_of(evidence: Evidence, losses: dict[int, list[Loss]]) -> Record:
    """Summarise what was served; ``losses`` must not be empty."""
    champion = evidence.champion.version
    served = [next((one for one in ones if one.fitted.version == champion), ones[-1]) for ones in losses.values()]
    batches = np.array([one.batch for one in served], dtype=float)
    values = np.array([one.loss for one in served], dtype=float) / evidence.scale
    rows = np.array([one.rows for one in served], dtype=float)
    weight = 0.5 ** ((evidence.labelled - 1 - batches) / HALF_LIFE)
    error = max(float(weight @ values / weight.sum()), 1e-9)
    counted = max(float(weight @ rows), 1.0)
    typical = float(evidence.rows or max(np.median(rows), 1.0))
    chance = math.sqrt(error * min(error, 1.0))
    spread = _NORMAL * float(np.median(np.abs(values - np.median(values)))) if len(values) > _ENOUGH else 0.0
    return Record(
        batches,
        values,
        typical,
        error,
        # two standard errors above what was seen, and one error more, for a model that made none
        cap=error + 2 * chance / math.sqrt(counted) + 1 / counted,
        noise=max(spread, _LEAST_NOISE * error, chance / math.sqrt(typical)),
        per_row=_per_row(evidence, error),
    )


def _per_row(evidence: Evidence, error: float) -> float:
    found = [_DISAGREE * error * min(1.0, 2 * error)]
    told = [one for one in evidence.comparisons[-_TIMES:] if one.high > one.low]
    found += [((one.high - one.low) / (2 * _Z95) / evidence.scale) ** 2 * one.rows for one in told]
    return max(float(np.mean(found)), 1e-12)
