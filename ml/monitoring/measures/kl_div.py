"""Kullback–Leibler divergence of the reference from the batch."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ml.monitoring.measures.base import Measure, relative_entropy, without_zeros
from ml.monitoring.tally import Places, Shares, shares_of


def effect(reference: Shares, current: Shares, places: Places | None) -> NDArray[np.float64]:
    """Sum of p log(p / q), empty bins filled as Evidently fills them."""
    return relative_entropy(shares_of(without_zeros(reference)), shares_of(without_zeros(current)))


KL_DIV = Measure("kl_div", effect, quadratic=True)
