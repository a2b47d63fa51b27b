"""Hellinger distance: 0 for equal sides, 1 where they have nothing in common."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ml.monitoring.measures.base import Measure
from ml.monitoring.sides import Places, Shares


def effect(reference: Shares, current: Shares, places: Places | None) -> NDArray[np.float64]:
    """Root of one minus the sum of the roots of p q."""
    found: NDArray[np.float64] = np.sqrt(1.0 - np.clip(np.sum(np.sqrt(reference * current), axis=-1), 0.0, 1.0))
    return found


HELLINGER = Measure("hellinger", effect)
