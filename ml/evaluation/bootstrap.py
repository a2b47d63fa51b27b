"""The paired bootstrap: how sure is the difference of a metric between two models on the same rows?

Every metric is a function of means of per-row terms (see ``ml.problems.metric``), so a resample of the rows is a new
vector of means. How the vectors are drawn depends only on what is cheapest for the same distribution:

- few distinct rows of terms (accuracy: three differences): the counts of a resample are multinomial, drawn as such —
  exact;
- otherwise the rows are drawn with replacement — the textbook bootstrap;
- beyond ``LARGE`` rows the means are normal to within the error of the bootstrap itself (central limit theorem), and
  drawn as normal.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ml.problems.metric import Floats, Metric, first_of

LARGE = 20_000
FEW = 64
_CHUNK_CELLS = 1_000_000


def paired(
    metric: Metric, ours: Floats, theirs: Floats, *, resamples: int, generator: np.random.Generator
) -> tuple[float, Floats]:
    """Return how much better ours is than theirs in the metric, and the same in each resample of the common rows.

    Positive is better whatever the metric's direction; a resample on which the metric is not defined gives NaN.
    """
    sign = 1.0 if metric.higher_is_better else -1.0
    if metric.of_means is first_of:
        drawn = sign * resampled_means(ours - theirs, resamples=resamples, generator=generator)[:, 0]
        return sign * float((ours - theirs).mean()), drawn
    both = resampled_means(np.hstack([ours, theirs]), resamples=resamples, generator=generator)
    split = ours.shape[1]
    drawn = sign * (metric.of_means(both[:, :split]) - metric.of_means(both[:, split:]))
    return sign * float(metric.of_means(ours.mean(axis=0)) - metric.of_means(theirs.mean(axis=0))), drawn


def resampled_means(terms: Floats, *, resamples: int, generator: np.random.Generator) -> Floats:
    """Return the mean of the rows of ``terms`` in each bootstrap resample, shape (resamples, terms)."""
    rows, columns = terms.shape
    if columns == 1:
        distinct, counts = np.unique(terms[:, 0], return_counts=True)
        if len(distinct) <= FEW:
            drawn = generator.multinomial(rows, counts / rows, size=resamples)
            means: Floats = (drawn @ distinct / rows)[:, None]
            return means
    if rows > LARGE:
        centre = terms.mean(axis=0)
        covariance = np.atleast_2d(np.cov(terms, rowvar=False)) / rows
        return generator.multivariate_normal(centre, covariance, size=resamples, method="eigh")
    return _drawn_means(terms, resamples, generator)


def _drawn_means(terms: Floats, resamples: int, generator: np.random.Generator) -> Floats:
    rows, columns = terms.shape
    means = np.empty((resamples, columns))
    step = max(1, _CHUNK_CELLS // rows)
    kind = np.uint16 if rows <= np.iinfo(np.uint16).max else np.int64
    for start in range(0, resamples, step):
        size = min(step, resamples - start)
        places = generator.integers(0, rows, size=(size, rows), dtype=kind)
        if columns == 1:
            means[start : start + size, 0] = terms[:, 0].take(places).mean(axis=1)
        else:
            means[start : start + size] = _counts(places, rows) @ terms / rows
    return means


def _counts(places: NDArray[np.integer], rows: int) -> Floats:
    """Return how often each row occurs in each resample, shape (resamples, rows)."""
    offsets = np.arange(len(places), dtype=np.int64)[:, None] * rows
    flat = np.bincount((places + offsets).ravel(), minlength=len(places) * rows)
    return flat.reshape(len(places), rows).astype(np.float64)


def percentile(values: Floats, share: float) -> float:
    """Return the value below which a further draw lies with the probability ``share``.

    Of R draws that is the one of rank (R + 1) share (Davison and Hinkley 1997, 5.2.1). The rank that is interpolated by
    default is one nearer to the middle, which of 1,000 draws lets through 0.0162 where 0.0152 is asked for.
    """
    return float(np.quantile(values, share, method="weibull"))
