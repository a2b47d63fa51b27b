"""L-infinity: the largest difference of a bin's share. TensorFlow Data Validation's measure; Evidently has none."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ml.monitoring.measures.base import Measure
from ml.monitoring.sides import Places, Shares


def effect(reference: Shares, current: Shares, places: Places | None) -> NDArray[np.float64]:
    """Largest absolute difference of a share, between 0 and 1."""
    found: NDArray[np.float64] = np.max(np.abs(reference - current), axis=-1)
    return found


LINF = Measure("linf", effect)
