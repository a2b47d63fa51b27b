"""How much a model loses as it ages: a curve learned from models of different age on the same rows.

The curve is a non-negative mix of four shapes (a quick, a rooted and a steady loss with age; what more data gains),
as a share of the error rate. It is fitted by weighted non-negative least squares to differences of losses on the same
rows, in which the difficulty of the batch cancels. The idea is the query-free staleness of CARA (Mahadevan &
Mathioudakis 2023).
"""

from __future__ import annotations

from dataclasses import dataclass
from operator import mul

import numpy as np

from ml.policies.plan.evidence import Vector
from ml.policies.plan.pairs import GROWTH, SHAPES, Pairs

# Each constant is a share of the error rate, never an absolute loss: a nearly perfect model has little to lose.
PRIOR_SPEED = 0.007  # loss per batch before there is evidence; half of what drifting streams show on average
PRIOR_GROWTH = 0.01  # what the first five batches' model lacks in data, before there is evidence
_AGE = 5  # batches at which the shapes of age are 1, or nearly
_PRIOR = np.array([0.25, 0.25, 0.5, 0.0]) * PRIOR_SPEED * _AGE + np.array([0.0, 0.0, 0.0, PRIOR_GROWTH])
_SPREAD = 2 * _PRIOR  # vague: between nothing and several times as much
_PRECISION = np.diag(1 / _SPREAD**2)
_PULL = _PRECISION @ _PRIOR
HALF_LIFE = 15.0  # batches in which evidence loses half of its weight
WANDER = 0.02  # standard deviation, per root of a batch, of what a concept moves beside the curve
INTERACTION = 0.04  # a batch can happen to suit one of two models, whatever their age
_TAILS = 4.0  # degrees of freedom of the misses: a sudden change must not pass for a steady one
_CALM = 2.0  # weight, in pairs, of the prior on how much the stream wanders
_MOST = 6.0  # squared miss beyond which a pair tells no more about wandering
_STILL = 1e-7  # weights that move less have settled
_ROUNDS = 3  # reweightings; more change nothing visible


@dataclass(frozen=True, slots=True)
class Curve:
    """Extra loss by age (``age``: its values at ages 0, 1, …) and by batches trained on (``growth``), with uncertainty.

    ``covariance`` is that of the four weights in units of loss; ``wander`` the variance per batch of what the curve
    does not foresee.
    """

    age: Vector
    growth: Vector
    covariance: Vector
    wander: float


def fit_curve(pairs: Pairs, *, labelled: int, error: float, per_row: float) -> Curve:
    """Fit the curve as known when batches below ``labelled`` have labels.

    Args:
        pairs: Differences of losses of two models on the same rows.
        labelled: First batch without labels; evidence fades with its distance from it.
        error: The present error rate, the unit of everything here.
        per_row: Variance of the difference of two models' losses on one row.
    """
    gram, weights, calm = _PRECISION, _PRIOR, 1.0
    if len(pairs.gains):
        gram, weights, calm = _evidence(pairs, labelled, error, per_row)
    covariance = np.linalg.inv(gram) * error**2
    age, growth = SHAPES @ weights[:3] * error, GROWTH * weights[3] * error
    return Curve(age, growth, covariance, min(calm, 4.0) * (WANDER * error) ** 2)


def _evidence(pairs: Pairs, labelled: int, error: float, per_row: float) -> tuple[Vector, Vector, float]:
    """Reweighted least squares; two models compared on many batches are one draw of the wandering: they count once."""
    gains = pairs.gains / error
    fade = 0.5 ** ((labelled - 1 - pairs.batches) / HALF_LIFE)
    sampling = per_row / np.maximum(pairs.rows, 1) / error**2 + INTERACTION**2
    groups, shapes = pairs.groups, pairs.shapes
    times = np.bincount(groups)
    faded = np.bincount(groups, fade)
    apart = np.bincount(groups, fade * pairs.apart) / faded
    expected = WANDER**2 * apart + np.bincount(groups, fade * sampling) / faded / times
    trust = np.minimum(faded, 1.0)
    trusted = _CALM + np.add.reduce(trust)
    repeated = np.maximum(faded[groups], 1.0)
    calm, tails = 1.0, np.ones(len(gains))
    for _ in range(_ROUNDS):
        variance = calm * WANDER**2 * pairs.apart * repeated + sampling
        weight = fade / variance * tails
        gram = _PRECISION + (shapes * weight[:, None]).T @ shapes
        weights = non_negative(gram, _PULL + shapes.T @ (weight * gains))
        missed = gains - shapes @ weights
        tails = (_TAILS + 1) / (_TAILS + missed**2 / variance)
        mean = np.bincount(groups, fade * missed) / faded
        squares = np.minimum(mean**2 / expected, _MOST)
        calm = max(float((_CALM + np.add.reduce(trust * squares)) / trusted), 0.02)
    return gram, weights, calm


def non_negative(gram: Vector, target: Vector) -> Vector:
    """Minimise w'Gw/2 - t'w over w >= 0, for a positive definite G, by coordinate descent."""
    free = np.linalg.solve(gram, target)
    if min(free.tolist()) >= 0:
        return np.asarray(free)
    rows, goals, weights = gram.tolist(), target.tolist(), [0.0] * len(target)
    for _ in range(100):
        moved = 0.0
        for place, row in enumerate(rows):
            others = sum(map(mul, row, weights)) - row[place] * weights[place]
            value = max(0.0, (goals[place] - others) / row[place])
            moved = max(moved, abs(value - weights[place]))
            weights[place] = value
        if moved < _STILL:
            break
    return np.array(weights)
