"""How much better one model is than another in a metric on the same rows, and how sure that is at any confidence.

The test follows the metric, as the literature does:

- where a row is right or wrong (accuracy): the score test of paired proportions, McNemar's where nothing is supposed;
- the area under the ROC curve: DeLong's variance (1988) of the paired difference;
- everything else: the paired bootstrap;
- and where the gains of neighbouring rows are correlated, whatever the metric: the t-test with a long-run variance.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from statistics import NormalDist

import numpy as np

from ml.evaluation.blocks import block_length, spread_of_mean
from ml.evaluation.bootstrap import paired, percentile
from ml.evaluation.proportions import score_bound, share_interval
from ml.problems.metric import Floats, Metric, first_of

POWER = 0.8
"""Chance of a difference to be seen, in the statement of what a number of rows can show."""
_NORMAL = NormalDist()
_FEWEST_DRAWS = 10
_MOST_UNDEFINED = 0.1
_STEP = 1e-6
Bound = Callable[[float], float]


class Method(StrEnum):
    """By which method a gain was measured."""

    SCORE = "score test of paired proportions"
    DELONG = "DeLong"
    BOOTSTRAP = "paired bootstrap"
    SERIAL = "t-test for correlated rows"


@dataclass(frozen=True, slots=True, eq=False)
class Gain:
    """A measured gain, positive is better whatever the metric's direction.

    ``bound`` maps a confidence to the value below which the true gain lies with it. ``block`` is over how many rows
    gains are correlated, 1 where rows are independent.
    """

    difference: float
    bound: Bound
    method: Method
    block: int = 1

    def interval(self, confidence: float) -> tuple[float, float]:
        """Return the two-sided interval."""
        tail = (1.0 - confidence) / 2.0
        return self.bound(tail), self.bound(1.0 - tail)

    def least(self, tail: float) -> float:
        """Return what the true gain is at least, but for the probability ``tail``."""
        return self.bound(tail)

    def most(self, tail: float) -> float:
        """Return what the true gain is at most, but for the probability ``tail``."""
        return self.bound(1.0 - tail)

    def resolution(self, tail: float) -> float:
        """Return the smallest true gain that these rows show at ``tail`` with a chance of ``POWER``."""
        one = _NORMAL.cdf(1.0)
        error = (self.bound(one) - self.bound(1.0 - one)) / 2.0
        return (_NORMAL.inv_cdf(1.0 - tail) + _NORMAL.inv_cdf(POWER)) * error


def measure_gain(metric: Metric, ours: Floats, theirs: Floats, *, resamples: int, seed: int) -> Gain | str:
    """Compare two models by the metric's terms for the same rows in the order of time; a text says why it cannot be."""
    sign = 1.0 if metric.higher_is_better else -1.0
    ours_moved, theirs_moved = _influences(metric, ours), _influences(metric, theirs)
    moved = sign * (ours_moved - theirs_moved)
    difference = sign * float(metric.of_means(ours.mean(axis=0)) - metric.of_means(theirs.mean(axis=0)))
    block = block_length(moved) if np.isfinite(moved).all() else 1
    if block > 1:
        return Gain(difference, _student(difference, *spread_of_mean(moved, block)), Method.SERIAL, block)
    if metric.of_means is first_of and _is_one_step(moved_terms := sign * (ours - theirs)[:, 0]):
        wins, losses = int((moved_terms > 0).sum()), int((moved_terms < 0).sum())
        return Gain(difference, score_bound(wins, losses, len(ours)), Method.SCORE)
    if metric.name == "roc_auc":
        return Gain(
            difference, _normal(difference, float(np.sqrt(np.square(moved).mean() / len(moved)))), Method.DELONG
        )
    drawn = paired(metric, ours, theirs, resamples=resamples, generator=np.random.default_rng(seed))[1]
    return _drawn(metric.name, difference, drawn)


def value_interval(metric: Metric, terms: Floats, confidence: float) -> tuple[float, float]:
    """Return the interval of one model's metric by its terms for rows in the order of time.

    Where neighbouring rows are correlated it is Student's with a long-run variance; where a row is right or wrong, the
    score interval of Wilson (1927), which holds near 0 and 1 too; for all other metrics that of the first-order spread.
    """
    moved, value = _influences(metric, terms), float(metric.of_means(terms.mean(axis=0)))
    tail = (1.0 - confidence) / 2.0
    block = block_length(moved) if np.isfinite(moved).all() else 1
    if block > 1:
        bound = _student(value, *spread_of_mean(moved, block))
        return bound(tail), bound(1.0 - tail)
    reach = _NORMAL.inv_cdf(1.0 - tail)
    if metric.of_means is first_of and np.isin(terms[:, 0], (0.0, 1.0)).all():
        return share_interval(value, len(terms), reach)
    reach *= float(np.sqrt(np.square(moved).mean() / len(moved)))
    return value - reach, value + reach


def _is_one_step(gains: Floats) -> bool:
    """Whether every row is won, lost or neither."""
    return bool(np.isin(gains, (-1.0, 0.0, 1.0)).all())


def _influences(metric: Metric, terms: Floats) -> Floats:
    """Return by how much each row moves the metric, to the first order: its derivative times the row's terms."""
    centre = terms.mean(axis=0)
    if metric.of_means is first_of:
        alone: Floats = terms[:, 0] - centre[0]
        return alone
    steps = _STEP * np.maximum(np.abs(centre), _STEP)
    moved = np.diag(steps)
    with np.errstate(divide="ignore", invalid="ignore"):
        slopes = (metric.of_means(centre + moved) - metric.of_means(centre - moved)) / (2.0 * steps)
        found: Floats = (terms - centre) @ slopes
    return found


def _normal(centre: float, error: float) -> Bound:
    return lambda confidence: centre + _NORMAL.inv_cdf(confidence) * error


def _student(centre: float, error: float, freedom: int) -> Bound:
    from scipy.special import stdtrit  # late: whoever only reads a verdict need not load it

    return lambda confidence: centre + float(stdtrit(freedom, confidence)) * error


def _drawn(name: str, difference: float, drawn: Floats) -> Gain | str:
    defined: Floats = drawn[np.isfinite(drawn)]
    if len(defined) < (1.0 - _MOST_UNDEFINED) * len(drawn):
        share = 1.0 - len(defined) / len(drawn)
        return f"{name} is not defined in {share:.0%} of the resamples: some label is too rare in these rows"
    return Gain(difference, _percentile(difference, defined), Method.BOOTSTRAP)


def _percentile(difference: float, drawn: Floats) -> Bound:
    """Return the percentiles of the resamples; further out than they reach, the normal curve of the same spread."""
    normal, outermost = _normal(difference, float(drawn.std())), _FEWEST_DRAWS / len(drawn)

    def bound(confidence: float) -> float:
        reached = percentile(drawn, min(max(confidence, outermost), 1.0 - outermost))
        if confidence < outermost:
            return min(reached, normal(confidence))
        return max(reached, normal(confidence)) if confidence > 1.0 - outermost else reached

    return bound
