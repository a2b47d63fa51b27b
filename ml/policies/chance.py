"""How far a metric may fall by chance alone."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from statistics import NormalDist, fmean

from ml.policies.facts import Measured
from ml.policies.question import Question

_LEAST_BATCHES = 2


def fall_by_chance(
    question: Question, newest: Sequence[Measured], earlier: Sequence[Measured], confidence: float
) -> float | None:
    """Return the fall from the value at promotion that chance does not exceed with this confidence.

    ``newest`` are the batches that are compared, ``earlier`` those of the champion before them. A metric that lives in
    [0, 1] is taken as a mean over rows: whatever its rows hold, their variance is at most v (1 - v) (Bhatia and Davis
    2000), at the v between then and now that allows most; then and now, each with its own rows. The normal quantile is
    that of a one-sided test of two shares. For other metrics nothing bounds the rows: there the scatter of the
    champion's own earlier batches is the measure, with the quantile of Student's t. None: fewer than two of them.

    A worse newest value never makes the fall that it must exceed grow faster than the fall itself.
    """
    champion = question.facts.champion
    if champion is None or champion.baseline is None or not newest:
        return None
    if not question.bounded:
        return _by_scatter(newest, earlier, confidence)
    rows = sum(one.rows for one in newest)
    if not rows:
        return None
    value = sum(one.value * one.rows for one in newest) / rows
    judged = next((one.rows for one in question.facts.trainings if one.version == champion.version), 0)
    then = min(max(champion.baseline, 0.0), 1.0)
    widest = min(max(0.5, min(then, value)), max(then, value))
    variance = widest * (1.0 - widest) / rows + (then * (1.0 - then) / judged if judged else 0.0)
    return NormalDist().inv_cdf(confidence) * sqrt(max(variance, 0.0))


def _by_scatter(newest: Sequence[Measured], earlier: Sequence[Measured], confidence: float) -> float | None:
    if len(earlier) < _LEAST_BATCHES:
        return None
    from scipy.special import stdtrit

    values = [one.value for one in earlier]
    mean, degrees = fmean(values), len(values) - 1
    scatter = sqrt(sum((value - mean) ** 2 for value in values) / degrees)
    return float(stdtrit(degrees, confidence)) * scatter * sqrt(1.0 + 1.0 / len(newest))
