"""What is believed about the present champion: how much less a model fitted today would lose per batch.

Two stories are weighed. *No sudden change*: staleness follows the curve, wandering about it, and looks that the
champion won correct it (a Kalman filter). *A sudden change* not long ago: see ``change``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ml.policies.plan.change import Change, Look, sudden_change
from ml.policies.plan.evidence import Comparison, Evidence
from ml.policies.plan.moments import HORIZON
from ml.policies.plan.pairs import GROWTH, SHAPES, clipped, rejected
from ml.policies.plan.record import Record
from ml.policies.plan.staleness import Curve
from ml.specs.gate import HOLDOUT_ROWS

_NOISE_OF_LOOK = 0.03  # of the error rate: a held-out batch can happen to suit one of two models
_SHARE = (0.3, 1.5)  # of the gain of a model fitted today, what a look's challenger may show
_NOTHING = 1e-12
_USUAL_SHARE = 0.7  # the same where the curve is flat
_LONGEST = 150  # batches of a champion's life that are looked at singly


@dataclass(frozen=True, slots=True)
class Belief:
    """Gain per batch of a model fitted today over the champion, as a mixture of two normal distributions.

    ``steady`` and ``steady_var`` without a sudden ``change``, ``sudden`` and ``sudden_var`` with one. ``seen`` is the
    share of the steady gain that a look made now would show, ``noise`` a look's variance.
    """

    steady: float
    steady_var: float
    change: Change
    sudden: float
    sudden_var: float
    seen: float
    noise: float

    @property
    def odds(self) -> float:
        """Probability of a sudden change."""
        return self.change.odds

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
        change = np.empty((new + 1, len(curve.covariance)))
        change[:, :-1] = SHAPES[ages] - SHAPES[clipped(lag)]
        change[:, -1] = GROWTH[self._size] - GROWTH[sizes]
        self.variance = np.maximum(np.add.reduce((change @ curve.covariance) * change, axis=1), 0.0)

    def share(self, first: int, until: int, passed: int) -> float:
        """Share of a fresh model's gain that a challenger fitted before ``first`` shows on batches up to ``until``."""
        whole = float(self.gain[passed])
        if whole <= _NOTHING:
            return _USUAL_SHARE
        age, since = self._curve.age, np.arange(until - first)
        ages = np.minimum(np.maximum(since + (first - self._until), 0), len(age) - 1)
        shown = float(np.add.reduce(age[ages] - age[np.minimum(since, len(age) - 1)]) / len(since))
        size = clipped(first) if self._all else self._size
        shown += float(self._curve.growth[self._size] - self._curve.growth[size])
        return min(max(shown / whole, _SHARE[0]), _SHARE[1])


def held_out(new: int, holdout: float, rows: float) -> int:
    """Count the newest labelled batches of ``rows`` rows that a look holds out of ``new`` ones."""
    return min(max(1, round(holdout * new)), math.ceil(HOLDOUT_ROWS / max(rows, 1.0)))


def believe(evidence: Evidence, curve: Curve, record: Record) -> Belief:
    """Weigh all that is known about the present champion; there is at least one batch newer than its data."""
    new = min(evidence.labelled - evidence.champion.until, _LONGEST)
    held = held_out(new, evidence.holdout, record.rows)
    course = _Course(evidence, curve, new)
    steady, variance, looks = _steady(evidence, curve, record, course, new)
    change = sudden_change(
        evidence, record, looks, variance=variance, held=held, memory=evidence.labelled - _LONGEST, ahead=HORIZON
    )
    steady = min(steady, record.cap)
    return Belief(
        steady,
        variance,
        change,
        min(steady + change.learned * change.jump, record.cap),
        variance + change.learned**2 * change.jump_var,
        course.share(evidence.labelled - held, evidence.labelled, new),
        record.per_row / (record.rows * held) + (_NOISE_OF_LOOK * record.error) ** 2 / held,
    )


def _steady(
    evidence: Evidence, curve: Curve, record: Record, course: _Course, new: int
) -> tuple[float, float, list[Look]]:
    mean = variance = 0.0
    last, looks = 0, _made(evidence, curve, record)
    until = evidence.champion.until
    for one in rejected(evidence):
        at = min(max(one.until - until, last), new)
        mean, variance = _pass(course, curve, mean, variance, last=last, now=at)
        last = at
        share, noise = course.share(one.first, one.until, at), _noise(one, record)
        missed = one.gain / evidence.scale - share * mean
        total = share**2 * variance + noise
        looks.append(Look(one, missed, total))
        mean += share * variance / total * missed
        variance *= noise / total
    mean, variance = _pass(course, curve, mean, variance, last=last, now=new)
    return mean, variance, looks


def _made(evidence: Evidence, curve: Curve, record: Record) -> list[Look]:
    """The look by which the champion went live, if it was judged on rows that it was then fitted on."""
    champion = evidence.champion
    for one in reversed(evidence.comparisons):
        if one.promoted and one.until == champion.until and one.champion.until < one.challenger.until:
            older, newer = clipped(one.first - one.champion.until), clipped(one.first - one.challenger.until)
            apart = one.challenger.until - one.champion.until
            missed = one.gain / evidence.scale - float(curve.age[older] - curve.age[newer])
            return [Look(one, missed, _noise(one, record) + curve.wander * apart)]
    return []


def _pass(course: _Course, curve: Curve, mean: float, variance: float, *, last: int, now: int) -> tuple[float, float]:
    """Let batches pass: the curve's gain is added, and what it does not foresee."""
    grown = float(course.gain[now] - course.gain[last])
    doubt = max(0.0, float(course.variance[now] - course.variance[last]))
    return mean + grown, variance + curve.wander * (now - last) + doubt


def _noise(one: Comparison, record: Record) -> float:
    return record.per_row / max(one.rows, 1) + (_NOISE_OF_LOOK * record.error) ** 2 / max(one.until - one.first, 1)
