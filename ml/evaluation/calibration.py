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


def _misses(truth: pd.DataFrame, predictions: pd.DataFrame) -> Floats:
    """By how much each row's probability of the predicted label misses, in the column of the row's bin."""
    columns = probability_columns(predictions)
    sure = np.max([predictions[column].to_numpy(dtype=np.float64) for column in columns], axis=0)
    right = predictions[PREDICTION].astype(str).to_numpy() == truth.iloc[:, 0].astype(str).to_numpy()
    found = np.zeros((len(sure), _BINS))
    for place, part in enumerate(np.array_split(np.argsort(sure, kind="stable"), _BINS)):
        found[part, place] = sure[part] - right[part]
    return found


def _summed(means: Floats) -> Floats:
    total: Floats = np.abs(means).sum(axis=-1)
    return total


ERROR = Metric("expected_calibration_error", higher_is_better=False, bounded=True, terms=_misses, of_means=_summed)
"""Of the predicted label, in ten bins of equal size (Naeini et al. 2015): 0 where of the rows predicted with a
probability p the share p is right. It is biased upwards on few rows, for both of two models."""
