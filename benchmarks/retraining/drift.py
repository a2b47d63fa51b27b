"""Which share of the columns drifted between two batches, for the trigger that looks at features only."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from retraining.streams import BATCHES, Stream

_LEVELS = np.linspace(0.01, 0.99, 33)
_DISTANCE = 0.1  # of the reference's standard deviation


def drift_shares(stream: Stream) -> np.ndarray:
    """Share of columns with a scaled Wasserstein distance above 0.1: reference batch × current batch."""
    bounds, drifted = stream.bounds, np.zeros((BATCHES, BATCHES))
    for column in stream.features.T:
        batches = [column[start:end] for start, end in pairwise(bounds)]
        quantiles = np.array([np.nanquantile(batch, _LEVELS) for batch in batches])
        spread = np.array([max(np.nanstd(batch), 1e-9) for batch in batches])
        distance = np.abs(quantiles[:, None, :] - quantiles[None, :, :]).mean(axis=2) / spread[:, None]
        drifted += distance > _DISTANCE
    return drifted / stream.features.shape[1]
