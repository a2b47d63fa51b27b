"""Kullback–Leibler divergence of the reference from the batch."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ml.monitoring.measures.base import Measure, relative_entropy, without_zeros
from ml.monitoring.sides import Places, Shares, shares_of


def effect(reference: Shares, current: Shares, places: Places | None) -> NDArray[np.float64]:
    """Sum of p log(p / q); bins that are empty on one side are filled as Evidently fills them."""
    there = (reference > 0) | (current > 0)
    p, q = (shares_of(np.where(there, without_zeros(side), 0.0)) for side in (reference, current))
    return relative_entropy(p, q)


KL_DIV = Measure("kl_div", effect, quadratic=True)
