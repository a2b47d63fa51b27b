"""How far probabilities can be believed: Brier's score, and the expected calibration error."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ml.problems.base import PREDICTION
from ml.problems.label_metrics import PROBABILITY, probability_columns
from ml.problems.metric import Floats, Metric

_BINS = 10


def _distances(truth: pd.DataFrame, predictions: pd.DataFrame) -> Floats:
    """The squared distance of each row's probabilities from what came; a label that was not foreseen counts in full."""
    came = truth.iloc[:, 0].astype(str).to_numpy()
    total = np.ones(len(came))
    for column in probability_columns(predictions):
        given = predictions[column].to_numpy(dtype=np.float64)
        hit = came == column.removeprefix(PROBABILITY)
        total += np.where(hit, np.square(1.0 - given) - 1.0, np.square(given))
    return total[:, None]


BRIER = Metric("brier_score", higher_is_better=False, bounded=False, terms=_distances)
"""Brier (1950): over all labels, so twice the usual number where there are two."""


def calibration_error(truth: pd.DataFrame, predictions: pd.DataFrame) -> float:
    """Return the expected calibration error of the predicted label, in ten bins of equal size (Naeini et al. 2015).

    0 where of the rows predicted with probability p the share p is right; it is biased upwards on few rows.
    """
    columns = probability_columns(predictions)
    sure = np.max([predictions[column].to_numpy(dtype=np.float64) for column in columns], axis=0)
    right = predictions[PREDICTION].astype(str).to_numpy() == truth.iloc[:, 0].astype(str).to_numpy()
    order = np.argsort(sure, kind="stable")
    bins = [part for part in np.array_split(order, _BINS) if len(part)]
    return float(sum(abs(sure[part].mean() - right[part].mean()) * len(part) for part in bins) / len(sure))
