"""What is believed about the present champion: how much less a model fitted today would lose per batch.

Two stories are weighed. *No sudden change*: staleness follows the curve, wandering about it, and looks that the
champion won correct it (a Kalman filter). *A sudden change* at one of the batches since the champion's data: told by
the champion's own losses before and after, beyond noise, and by looks (Bayes' rule over when it happened).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ml.policies.plan.evidence import Comparison, Evidence
from ml.policies.plan.pairs import GROWTH, SHAPES, clipped, rejected
from ml.policies.plan.record import Record
from ml.policies.plan.scores import Vector
from ml.policies.plan.staleness import Curve

HAZARD = 0.01  # chance of a sudden change in a batch: one in a hundred batches
SUDDEN = 0.35  # what it costs, as a share of the error rate; anything near it is as likely
_BATCHES_BEFORE = 12  # the record that a sudden change is judged against
_FEWEST_BEFORE = 3
_LIKE = 3.0  # neighbouring batches resemble each other: so many tell as much as one
_BOLD = 6.0  # log odds that losses alone may claim
_NOISE_OF_LOOK = 0.03  # of the error rate: a held-out batch can happen to suit one of two models
_SHARE = (0.3, 1.5)  # of the gain of a model fitted today, what a look's challenger may show
_NOTHING = 1e-12
_USUAL_SHARE = 0.7  # the same where the curve is flat
_LONGEST = 150  # batches of a champion's life that are looked at singly


@dataclass(frozen=True, slots=True)
class Belief:
    """Gain per batch of a model fitted today over the champion, as a mixture of two normal distributions.

    ``steady`` and ``steady_var`` without a sudden change, ``sudden`` and ``sudden_var`` with one, of probability
    ``odds``; ``seen`` and ``seen_sudden`` are the shares of the steady gain and of the sudden loss that a look made
    now would show, ``learned`` that of the sudden loss which a retraining made now would mend; ``noise`` is a look's
    variance.
    """

    steady: float
    steady_var: float
    odds: float
    sudden: float
    sudden_var: float
    jump: float
    jump_var: float
    seen: float
    seen_sudden: float
    learned: float
    noise: float

    @property
    def mean(self) -> float:
        """Expected gain per batch."""
        return (1 - self.odds) * self.steady + self.odds * self.sudden

    @property
    def sd(self) -> float:
        """Standard deviation of the whole mixture."""
        within = (1 - self.odds) * self.steady_var + self.odds * self.sudden_var
        return math.sqrt(within + self.odds * (1 - self.odds) * (self.sudden - self.steady) ** 2)


class _Course:
    """The expected gain and its variance by batches labelled since the champion's data, from the curve alone."""

    def __init__(self, evidence: Evidence, curve: Curve, new: int) -> None:
        champion, lag = evidence.champion, evidence.arrived - evidence.labelled
        self._curve, self._until, self._all = curve, champion.until, champion.first == 0
        self._size = clipped(champion.until - champion.first)
        passed = np.arange(new + 1)
        sizes = np.minimum(champion.until + passed if self._all else self._size + 0 * passed, len(GROWTH) - 1)
        ages = np.minimum(passed + lag, len(SHAPES) - 1)
        self.gain = curve.age[ages] - curve.age[clipped(lag)] + curve.growth[self._size] - curve.growth[sizes]
        change = np.column_stack([SHAPES[ages] - SHAPES[clipped(lag)], GROWTH[self._size] - GROWTH[sizes]])
        self.variance = np.maximum(((change @ curve.covariance) * change).sum(axis=1), 0.0)

    def share(self, first: int, until: int, passed: int) -> float:
        """Share of a fresh model's gain that a challenger fitted before ``first`` shows on batches up to ``until``."""
        whole = float(self.gain[passed])
        if whole <= _NOTHING:
            return _USUAL_SHARE
        at = np.arange(first, until)
        ages = np.clip(at - self._until, 0, len(SHAPES) - 1), np.clip(at - first, 0, len(SHAPES) - 1)
        shown = float((self._curve.age[ages[0]] - self._curve.age[ages[1]]).mean())
        size = clipped(first) if self._all else self._size
        shown += float(self._curve.growth[self._size] - self._curve.growth[size])
        return min(max(shown / whole, _SHARE[0]), _SHARE[1])


def held_out(new: int, holdout: float) -> int:
    """Count the newest labelled batches that a look holds out of ``new`` ones."""
    return max(1, round(holdout * new))


def believe(evidence: Evidence, curve: Curve, record: Record) -> Belief:
    """Weigh all that is known about the present champion; there is at least one batch newer than its data."""
    new = min(evidence.labelled - evidence.champion.until, _LONGEST)
    held = held_out(new, evidence.holdout)
    course = _Course(evidence, curve, new)
    steady, variance, looks = _steady(evidence, curve, record, course, new)
    jump = SUDDEN * record.error
    jump_var = jump**2 / 2
    when = _when(evidence, record, looks, new, variance=variance, jump=jump)
    odds = float(1 - when[0])
    told = when[1:] / max(odds, 1e-12)
    since = new - np.arange(new)  # batches from each possible change on
    seen_sudden = float(told @ (np.maximum(since - held, 0) / (np.maximum(since - held, 0) + 1)))
    learned = float(told @ (since / (since + 0.5)))
    steady = min(steady, record.cap)
    return Belief(
        steady,
        variance,
        odds,
        min(steady + learned * jump, record.cap),
        variance + learned**2 * jump_var,
        jump,
        jump_var,
        course.share(evidence.labelled - held, evidence.labelled, new),
        seen_sudden,
        learned,
        record.per_row / (record.rows * held) + (_NOISE_OF_LOOK * record.error) ** 2 / held,
    )


@dataclass(frozen=True, slots=True)
class _Look:
    """A look that the champion won: what was expected of it, what it showed."""

    first: int
    missed: float
    variance: float


def _steady(
    evidence: Evidence, curve: Curve, record: Record, course: _Course, new: int
) -> tuple[float, float, list[_Look]]:
    mean = variance = 0.0
    last, looks = 0, []
    until = evidence.champion.until
    for one in rejected(evidence):
        at = min(max(one.until - until, last), new)
        mean, variance = _pass(course, curve, mean, variance, last=last, now=at)
        last = at
        share, noise = course.share(one.first, one.until, at), _noise(one, record)
        missed = one.gain / evidence.scale - share * mean
        total = share**2 * variance + noise
        looks.append(_Look(one.first - until, missed, total))
        mean += share * variance / total * missed
        variance *= noise / total
    mean, variance = _pass(course, curve, mean, variance, last=last, now=new)
    return mean, variance, looks


def _pass(course: _Course, curve: Curve, mean: float, variance: float, *, last: int, now: int) -> tuple[float, float]:
    """Let batches pass: the curve's gain is added, and what it does not foresee."""
    grown = float(course.gain[now] - course.gain[last])
    doubt = max(0.0, float(course.variance[now] - course.variance[last]))
    return mean + grown, variance + curve.wander * (now - last) + doubt


def _noise(one: Comparison, record: Record) -> float:
    return record.per_row / max(one.rows, 1) + (_NOISE_OF_LOOK * record.error) ** 2 / max(one.until - one.first, 1)


def _when(evidence: Evidence, record: Record, looks: list[_Look], new: int, *, variance: float, jump: float) -> Vector:
    """Probabilities of no sudden change (place 0), or of one in the first, second, … batch after its data."""
    told = np.zeros(new + 1)
    told[1:] = _own_losses(evidence.champion.until + np.arange(new, dtype=float), record, variance, jump)
    for look in looks:
        learned = np.maximum(look.first - np.arange(new), 0)
        shown = learned / (learned + 1)
        sudden = _log_density(look.missed - shown * jump, look.variance + shown**2 * jump**2 / 2)
        odds = sudden - _log_density(np.array(look.missed), look.variance)
        told[1:] += np.where(shown > 0, np.clip(odds, -8.0, 8.0), 0.0)
    prior = np.full(new + 1, HAZARD)
    prior[0] = (1 - HAZARD) ** new
    weight = prior * np.exp(told)
    return np.asarray(weight / weight.sum())


def _own_losses(starts: Vector, record: Record, variance: float, jump: float) -> Vector:
    """Log odds of a sudden change at each of ``starts``, from the losses before and after it."""
    place = np.searchsorted(record.batches, starts)
    after = len(record.losses) - place
    before = np.minimum(place, _BATCHES_BEFORE)
    known = (before >= _FEWEST_BEFORE) & (after >= 1)
    sums = np.concatenate([[0.0], np.cumsum(record.losses)])
    higher = (sums[-1] - sums[place]) / np.maximum(after, 1) - (sums[place] - sums[place - before]) / np.maximum(
        before, 1
    )
    chance = np.minimum(_LIKE / np.maximum(after, 1), 1.0) + np.minimum(_LIKE / np.maximum(before, 1), 1.0)
    spread = record.noise**2 * chance + variance
    odds = _log_density(higher - jump, spread + jump**2 / 2) - _log_density(higher, spread)
    return np.where(known, np.clip(odds, -_BOLD, _BOLD), 0.0)


def _log_density(missed: Vector, variance: Vector | float) -> Vector:
    return np.asarray(-0.5 * (missed**2 / variance + np.log(variance)))
