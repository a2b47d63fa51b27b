"""Change detectors on the mean losses of batches: has the loss risen?

The published methods take one row at a time; on record are a batch's mean and its rows. Each is given here in the
form for batches: the sums that it is made of are those over all rows, and cuts may only lie between batches. Rows count
as errors between 0 and 1, for which the published bounds hold (losses above 1 are taken as 1, except by Page-Hinkley,
which measures the scatter). All are one-sided and pure: a whole record in, an alarm out. Why they are our own is said
in ``docs/decisions/0008-change-detectors.md``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import exp, inf, log, sqrt
from statistics import NormalDist


@dataclass(frozen=True, slots=True)
class Point:
    """The mean loss of one batch, 0 or more, over its labelled rows (at least one)."""

    loss: float
    rows: int


@dataclass(frozen=True, slots=True)
class Alarm:
    """Where a detector stands after the newest batch; it gives alarm when ``value`` reaches ``limit``.

    Raising the newest loss never lowers ``value / limit``.
    """

    value: float
    limit: float


Detector = Callable[[Sequence[Point], float], Alarm]


def page_hinkley(points: Sequence[Point], confidence: float) -> Alarm:
    """Sum up how far each batch lies above those before it, less half a standard deviation each (Page 1954).

    Each loss is compared with the mean and the scatter of the batches before it alone, and what that gives, a value of
    Student's t, is turned into a standard normal one: the self-starting CUSUM of Hawkins (1987), which needs no
    training period and is not fooled by batches of different difficulty. The scatter is at least that of independent
    rows, p (1 - p), with p the rate so far. The limit is the one at which a process without change gives an alarm every
    1 / (1 - confidence) batches, by the approximation of Siegmund (1985).
    """
    level, total, squares, rows = 0.0, 0.0, 0.0, 0
    for number, point in enumerate(points):
        if number > 1:
            rate = _rate(total, rows)
            variance = max(squares / (number - 1), rate * (1.0 - rate))
            distance = (point.loss - total / rows) / sqrt(variance * (1.0 / point.rows + 1.0 / rows))
            level = max(0.0, level + _standardised(distance, number - 1) - _ALLOWANCE)
        mean = total / rows if rows else point.loss
        squares += point.rows * rows / (rows + point.rows) * (point.loss - mean) ** 2
        total += point.loss * point.rows
        rows += point.rows
    return Alarm(level, _siegmund(1.0 / (1.0 - confidence)))


def adwin(points: Sequence[Point], confidence: float) -> Alarm:
    """Compare the batches before and after every cut: ADWIN of Bifet and Gavaldà (2007), with its bound for rows.

    The bound is the one of theirs that takes the variance, p (1 - p), into account, with the confidence shared between
    all the cuts that rows would allow. The cut that stands nearest to an alarm is told.
    """
    losses = [min(point.loss, 1.0) for point in points]
    sums = list(accumulate((loss * point.rows for loss, point in zip(losses, points, strict=True)), initial=0.0))
    counts = list(accumulate((point.rows for point in points), initial=0))
    rows, rate = counts[-1], sums[-1] / counts[-1]
    share = log(2.0 * rows / (1.0 - confidence))
    best = Alarm(0.0, 1.0)
    for place in range(1, len(points)):
        before, after = counts[place], rows - counts[place]
        rise = (sums[-1] - sums[place]) / after - sums[place] / before
        inverse = 1.0 / before + 1.0 / after  # of the harmonic mean
        limit = sqrt(2.0 * inverse * max(rate * (1.0 - rate), 0.0) * share) + 2.0 / 3.0 * inverse * share
        if rise * best.limit > best.value * limit:
            best = Alarm(rise, limit)
    return best


def ddm(points: Sequence[Point], confidence: float) -> Alarm:
    """Compare the error rate since the promotion with its lowest so far: DDM of Gama et al. (2004).

    With p the rate over all rows up to a batch and s its standard error, p + s is held against p + k s at the batch
    where p + s was lowest; k is the normal quantile of the confidence (2.33 at 0.99; the paper's levels are 2 and 3).
    The rate counts one error and one hit more than were seen (Laplace's rule), so that the first error of a perfect
    record is no alarm.
    """
    total, rows = 0.0, 0
    stand, lowest, limit = 0.0, inf, inf
    quantile = NormalDist().inv_cdf(confidence)
    for number, point in enumerate(points):
        total += min(point.loss, 1.0) * point.rows
        rows += point.rows
        rate = _rate(total, rows)
        error = sqrt(rate * (1.0 - rate) / rows)
        stand = rate + error
        if number < len(points) - 1 and stand < lowest:
            lowest, limit = stand, rate + quantile * error
    return Alarm(stand, limit)


def hddm(points: Sequence[Point], confidence: float) -> Alarm:
    """Compare the mean since the promotion with that up to its best cut: HDDM_A of Frías-Blanco et al. (2015).

    The cut is where mean plus Hoeffding bound was smallest; the alarm is the difference of the two means against the
    bound of their A-test. It holds for any losses between 0 and 1, and so comes late.
    """
    spread = log(1.0 / (1.0 - confidence))
    total, rows = 0.0, 0
    cut, cut_mean, cut_rows = inf, 0.0, 0
    for point in points[:-1]:
        total += min(point.loss, 1.0) * point.rows
        rows += point.rows
        bound = total / rows + sqrt(spread / (2.0 * rows))
        if bound <= cut:
            cut, cut_mean, cut_rows = bound, total / rows, rows
    if not cut_rows:
        return Alarm(0.0, 1.0)
    newest = points[-1]
    rows += newest.rows
    mean = (total + min(newest.loss, 1.0) * newest.rows) / rows
    return Alarm(mean - cut_mean, sqrt((rows - cut_rows) / (2.0 * rows * cut_rows) * spread))


DETECTORS: Mapping[str, Detector] = {"page_hinkley": page_hinkley, "adwin": adwin, "ddm": ddm, "hddm": hddm}
"""Every detector by its name in a spec: points in time order, and a confidence between 0.5 and 1."""

_ALLOWANCE = 0.5  # half of the smallest rise that is worth an alarm, in standard deviations
_LEAST_CHANCE = 1e-300
_LEAST_LIMIT = 0.05


def _rate(total: float, rows: int) -> float:
    """The error rate with Laplace's rule: never 0 and never 1, as no record proves that."""
    return min((total + 1.0) / (rows + 2.0), (rows + 1.0) / (rows + 2.0))


def _standardised(distance: float, degrees: int) -> float:
    """The normal value that is as likely as Student's t."""
    from scipy.special import ndtri, stdtr

    chance = max(float(stdtr(degrees, -abs(distance))), _LEAST_CHANCE)
    value = -float(ndtri(chance))
    return value if distance > 0 else -value


def _siegmund(run_length: float) -> float:
    """The limit of a CUSUM of standard normal values with allowance 1/2 whose average run is so long.

    >>> round(_siegmund(100.0), 2), round(_siegmund(370.0), 2)
    (2.84, 4.09)
    """
    low, high = 0.0, 2.0 * log(run_length) + 10.0
    for _ in range(100):
        middle = (low + high) / 2.0
        if 2.0 * (exp(middle) - middle - 1.0) < run_length:
            low = middle
        else:
            high = middle
    return max(low - 1.166, _LEAST_LIMIT)
