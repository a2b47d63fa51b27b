"""Which of several candidates, fitted on different training windows, becomes the challenger.

Sticky: the first candidate stays unless another one is better on the same held-out rows beyond chance. Taking whichever
looks best chases noise: on real streams without much drift that is worse than always training on everything.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ml.domain.errors import DataError
from ml.evaluation.bootstrap import paired
from ml.problems import Metric
from ml.problems.metric import Floats, first_of

SURE = 0.01
"""Chance, over all comparisons of one pick, of leaving the first candidate although no other is better."""
_RESAMPLES = 1000
"""Resamples a comparison, times the number of comparisons: so ten of them decide, however many there are."""


@dataclass(frozen=True, slots=True)
class Pick:
    """The place of the chosen candidate, and what was measured.

    ``values`` are the primary metric of every candidate on the held-out rows, None where it is not defined. ``chances``
    are the probabilities of a gain over the first candidate as large as the measured one if there were none (one-sided,
    before the correction for several comparisons), None where nothing was compared.
    """

    place: int
    values: tuple[float | None, ...]
    chances: tuple[float | None, ...]


def terms_of(metric: Metric, truth: pd.DataFrame, predictions: pd.DataFrame) -> Floats | None:
    """Return the metric's terms per row, shape (rows, terms); None if the metric is not defined on these rows."""
    try:
        return metric.terms(truth, predictions) if len(truth) else None
    except DataError:
        return None


def pick(metric: Metric, terms: Sequence[Floats | None], *, least_rows: int, seed: int) -> Pick:
    """Choose among candidates by the metric's terms (see :func:`terms_of`) for the same held-out rows.

    The first one stays unless another is better beyond chance: p < ``SURE`` after Bonferroni's correction over the
    others; of several such the one with the best metric, the earlier of equals. With fewer than ``least_rows`` rows,
    or where the metric is not defined for the first one, the first one stays. The same terms and seed give the same
    pick.

    The test is McNemar's (1947), exact, where the differences of rows take one size (accuracy), else the paired
    bootstrap that the gate uses.
    """
    values = tuple(None if one is None else _value(metric, one) for one in terms)
    first, others = terms[0], len(terms) - 1
    if first is None or values[0] is None or len(first) < least_rows:
        return Pick(0, values, (None,) * len(terms))
    chances = [None, *(_chance(metric, one, first, seed=seed, resamples=_RESAMPLES * others) for one in terms[1:])]
    sure = [place for place, chance in enumerate(chances) if chance is not None and chance * others < SURE]
    best = max(sure, key=lambda place: metric.gain(values[place] or 0.0, 0.0), default=0)
    return Pick(best, values, tuple(chances))


def _value(metric: Metric, terms: Floats) -> float | None:
    value = float(metric.of_means(terms.mean(axis=0)))
    return value if np.isfinite(value) else None


def _chance(metric: Metric, ours: Floats | None, theirs: Floats, *, seed: int, resamples: int) -> float | None:
    """Return how likely a gain of ours is at least as large as measured if there is none, None if it is not defined."""
    if ours is None or _value(metric, ours) is None:
        return None
    if metric.of_means is first_of:
        gains = (ours - theirs)[:, 0] if metric.higher_is_better else (theirs - ours)[:, 0]
        sizes = np.unique(np.abs(gains[gains != 0]))
        if len(sizes) <= 1:
            return _mcnemar(int((gains > 0).sum()), int((gains < 0).sum()))
    gain, drawn = paired(metric, ours, theirs, resamples=resamples, generator=np.random.default_rng(seed))
    if not gain > 0:
        return 1.0
    return (1 + int((~(drawn > 0)).sum())) / (1 + len(drawn))


def _mcnemar(wins: int, losses: int) -> float:
    """Return the probability of at least ``wins`` heads among ``wins + losses`` throws of a fair coin."""
    from scipy.special import betainc  # late: whoever only reads a verdict need not load it

    return 1.0 if wins == 0 else float(betainc(wins, losses + 1, 0.5))
