"""First Wasserstein distance, in standard deviations of the reference."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ml.monitoring.measures.base import Measure
from ml.monitoring.sides import Places, Shares

_LEAST_DEVIATION = 1e-3  # it is not divided by less, as in Evidently


def effect(reference: Shares, current: Shares, places: Places | None) -> NDArray[np.float64]:
    """Area between the two distribution functions over the reference's deviation; both at the bins' places.

    Raises:
        ValueError: the bins have no places: categories have no distance.
    """
    if places is None:
        raise ValueError("wasserstein is for numbers: the bins have no places")
    gap = np.abs(np.cumsum(reference - current, axis=-1)[..., :-1])
    distance = np.sum(gap * np.diff(places), axis=-1)
    centred = places - np.sum(reference * places, axis=-1, keepdims=True)
    deviation = np.sqrt(np.sum(reference * centred**2, axis=-1))
    found: NDArray[np.float64] = distance / np.maximum(deviation, _LEAST_DEVIATION)
    return found


WASSERSTEIN = Measure("wasserstein", effect, categorical=False)
