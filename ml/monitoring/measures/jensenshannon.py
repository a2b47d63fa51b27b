"""Jensen–Shannon distance, natural logarithm: 0 for equal sides, 0.83 where they have nothing in common."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ml.monitoring.measures.base import Measure, relative_entropy
from ml.monitoring.sides import Places, Shares


def effect(reference: Shares, current: Shares, places: Places | None) -> NDArray[np.float64]:
    """Root of the mean relative entropy of both sides to their middle."""
    middle = (reference + current) / 2
    entropy = relative_entropy(reference, middle) + relative_entropy(current, middle)
    return np.sqrt(np.maximum(entropy, 0.0) / 2)  # not negative but for rounding


JENSENSHANNON = Measure("jensenshannon", effect)
