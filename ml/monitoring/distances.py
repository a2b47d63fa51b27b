"""The statistical distances of drift, computed as Evidently 0.7 computes them, without its 5 seconds of import.

Each takes two one-dimensional arrays without missing values, each with at least one value: floats for numbers, text for
categories. ``tests/contract/test_drift_methods.py`` holds every one to Evidently's own values. Why they are our own:
``docs/decisions/0005-evidently.md``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ml.monitoring.values import Values
from ml.specs.monitoring import P_VALUES

Shares = NDArray[np.float64]

_FEW_VALUES = 20  # numbers with at most so many different values in the reference are compared as categories
_LEAST_SHARE = 1e-4  # stands in for an empty bin where a logarithm is taken
_LEAST_DEVIATION = 1e-3  # Wasserstein is not divided by less


def drifted(method: str, score: float, threshold: float) -> bool:
    """Tell whether a score means drift."""
    if method == "ks":
        return score <= threshold
    return score < threshold if method in P_VALUES else score >= threshold


def wasserstein(reference: Values, current: Values) -> float:
    """First Wasserstein distance in standard deviations of the reference."""
    past, now = np.sort(reference), np.sort(current)
    both = np.sort(np.concatenate((past, now)), kind="stable")  # which merges the two runs
    steps = np.diff(both)
    below_reference = past.searchsorted(both[:-1], side="right") / reference.size
    below_current = now.searchsorted(both[:-1], side="right") / current.size
    distance = float(np.sum(np.abs(below_reference - below_current) * steps))
    return distance / max(float(np.std(reference)), _LEAST_DEVIATION)


def jensenshannon(reference: Values, current: Values) -> float:
    """Jensen–Shannon distance, natural logarithm."""
    p, q = binned(reference, current)
    p, q = p / p.sum(), q / q.sum()
    middle = (p + q) / 2
    # The sum is not negative but for rounding.
    return float(np.sqrt(max(_relative_entropy(p, middle) + _relative_entropy(q, middle), 0.0) / 2))


def psi(reference: Values, current: Values) -> float:
    """Population stability index."""
    p, q = (_without_zeros(shares) for shares in binned(reference, current))
    return float(np.sum((p - q) * np.log(p / q)))


def kl_div(reference: Values, current: Values) -> float:
    """Kullback–Leibler divergence of the reference from the current values."""
    p, q = (_without_zeros(shares) for shares in binned(reference, current))
    return _relative_entropy(p / p.sum(), q / q.sum())


def hellinger(reference: Values, current: Values) -> float:
    """Hellinger distance."""
    if _numeric(reference):
        distinct = np.unique(np.concatenate((reference, current)))
        edges = np.histogram_bin_edges(distinct, bins="sturges")
        p, q = _histogram(reference, edges), _histogram(current, edges)
    else:
        p, q = _frequencies(reference, current)
    return float(np.sqrt(1.0 - np.clip(np.sum(np.sqrt(p * q)), 0.0, 1.0)))


def ks(reference: Values, current: Values) -> float:
    """P-value of the two-sided, two-sample Kolmogorov–Smirnov test."""
    from scipy.stats import ks_2samp

    return float(ks_2samp(reference, current).pvalue)


def chisquare(reference: Values, current: Values) -> float:
    """P-value of the chi-square test; 0 as soon as there is a category that the reference never had."""
    from scipy.special import gammaincc

    p, q = _frequencies(reference, current)
    if np.any(p == 0):
        return 0.0
    statistic = current.size * float(np.sum((q - p) ** 2 / p))
    return float(gammaincc((p.size - 1) / 2, statistic / 2))


METHODS: Mapping[str, Callable[[Values, Values], float]] = {
    "wasserstein": wasserstein,
    "jensenshannon": jensenshannon,
    "psi": psi,
    "ks": ks,
    "chisquare": chisquare,
    "kl_div": kl_div,
    "hellinger": hellinger,
}
"""Every method, by Evidently's name."""

ONLY_NUMERIC = frozenset({"wasserstein", "ks"})
ONLY_CATEGORICAL = frozenset({"chisquare"})


def binned(reference: Values, current: Values) -> tuple[Shares, Shares]:
    """Return the shares of each side's rows by bin: of equal width for numbers, one a value otherwise."""
    if _numeric(reference) and np.unique(reference).size > _FEW_VALUES:
        edges = np.histogram_bin_edges(np.concatenate((reference, current)), bins="sturges")
        return _histogram(reference, edges), _histogram(current, edges)
    return _frequencies(reference, current)


def _numeric(values: Values) -> bool:
    return values.dtype.kind == "f"


def _histogram(values: Values, edges: Values) -> Shares:
    return np.histogram(values, edges)[0] / values.size


def _frequencies(reference: Values, current: Values) -> tuple[Shares, Shares]:
    codes, keys = pd.factorize(np.concatenate((reference, current)))
    first, second = codes[: reference.size], codes[reference.size :]
    return (
        np.bincount(first, minlength=len(keys)) / reference.size,
        np.bincount(second, minlength=len(keys)) / current.size,
    )


def _without_zeros(shares: Shares) -> Shares:
    least = float(shares[shares != 0].min())
    return np.where(shares == 0, least / 1e6 if least <= _LEAST_SHARE else _LEAST_SHARE, shares)


def _relative_entropy(p: Shares, q: Shares) -> float:
    some = p > 0
    return float(np.sum(p[some] * np.log(p[some] / q[some])))
