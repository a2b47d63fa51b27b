"""Population stability index."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ml.monitoring.measures.base import Measure, without_zeros
from ml.monitoring.sides import Places, Shares


def effect(reference: Shares, current: Shares, places: Places | None) -> NDArray[np.float64]:
    """Sum of (p - q) log(p / q), empty bins filled as Evidently fills them."""
    p, q = without_zeros(reference), without_zeros(current)
    found: NDArray[np.float64] = np.sum((p - q) * np.log(p / q), axis=-1)
    return found


PSI = Measure("psi", effect, quadratic=True)
