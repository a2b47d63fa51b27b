"""Metrics of predicted labels and probabilities, by their scikit-learn names and equal to them.

Labels are compared as text, so that 1 in the truth and "1" from another reader of the same data are one label. Where
scikit-learn raises or warns on a part of the classes, the value is defined: a label that the model never saw has
probability 0 (``log_loss`` clips it to the machine's epsilon, as scikit-learn does with a 0) and, in ``roc_auc``, no
order (0.5).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ml.domain.errors import DataError
from ml.problems.base import PREDICTION
from ml.problems.metric import Floats, Metric

PROBABILITY = "p_"
_BINARY = 2
_AUC_TERMS = 5
Codes = NDArray[np.intp]


def probability_columns(predictions: pd.DataFrame) -> list[str]:
    """Return the names of the columns of probabilities, in the order of the classes."""
    return [column for column in predictions.columns if column.startswith(PROBABILITY)]


class _Labels:
    """Numbers for labels: those of the probability columns first, any other as it is met."""

    def __init__(self, columns: list[str]) -> None:
        self._numbers = {column.removeprefix(PROBABILITY): place for place, column in enumerate(columns)}

    def codes(self, values: pd.Series[Any]) -> Codes:
        found, labels = pd.factorize(values.to_numpy())
        if (found < 0).any():
            raise DataError("A row has no label.", remedy="measure labelled rows only.")
        lookup = [self._numbers.setdefault(str(label), len(self._numbers)) for label in labels]
        return np.asarray(lookup, dtype=np.intp)[found]

    def __len__(self) -> int:
        return len(self._numbers)


def _probabilities(predictions: pd.DataFrame, columns: list[str]) -> Floats:
    return np.column_stack([predictions[column].to_numpy(dtype=np.float64) for column in columns])


def _truth(truth: pd.DataFrame) -> pd.Series[Any]:
    return truth[truth.columns[0]]


def _pairs(truth: pd.DataFrame, predictions: pd.DataFrame) -> tuple[Codes, Codes, int]:
    labels = _Labels(probability_columns(predictions))
    true, predicted = labels.codes(_truth(truth)), labels.codes(predictions[PREDICTION])
    return true, predicted, len(labels)


def _hits(truth: pd.DataFrame, predictions: pd.DataFrame) -> Floats:
    true, predicted, _ = _pairs(truth, predictions)
    hits: Floats = (true == predicted).astype(np.float64)
    return hits[:, None]


def _one_hot(codes: Codes, classes: int) -> NDArray[np.bool_]:
    one_hot: NDArray[np.bool_] = codes[:, None] == np.arange(classes)
    return one_hot


def _recalls(truth: pd.DataFrame, predictions: pd.DataFrame) -> Floats:
    true, predicted, classes = _pairs(truth, predictions)
    support = _one_hot(true, classes)
    return np.hstack([support & (true == predicted)[:, None], support]).astype(np.float64)


def _mean_of_present(values: Floats, present: NDArray[np.bool_]) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        mean: Floats = np.where(present, values, 0.0).sum(axis=-1) / present.sum(axis=-1)
    return mean


def _balanced(means: Floats) -> Floats:
    correct, support = np.split(means, 2, axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return _mean_of_present(correct / support, support > 0)


def _counts(truth: pd.DataFrame, predictions: pd.DataFrame) -> Floats:
    true, predicted, classes = _pairs(truth, predictions)
    support = _one_hot(true, classes)
    return np.hstack([support & (true == predicted)[:, None], support, _one_hot(predicted, classes)]).astype(np.float64)


def _f1_macro(means: Floats) -> Floats:
    correct, support, claimed = np.split(means, 3, axis=-1)
    either = support + claimed
    with np.errstate(divide="ignore", invalid="ignore"):
        return _mean_of_present(2.0 * correct / either, either > 0)


def _surprise(truth: pd.DataFrame, predictions: pd.DataFrame) -> Floats:
    columns = probability_columns(predictions)
    true = _Labels(columns).codes(_truth(truth))
    probabilities = _probabilities(predictions, columns)
    known = true < len(columns)
    given = np.zeros(len(true))
    given[known] = probabilities[np.flatnonzero(known), true[known]]
    epsilon = np.finfo(np.float64).eps
    losses: Floats = -np.log(np.clip(given, epsilon, 1.0 - epsilon))
    return losses[:, None]


def _placements(scores: Floats, positive: NDArray[np.bool_]) -> Floats:
    """Return the terms of one class: DeLong's placement values, whose mean over either side is the area.

    A positive's placement is the share of negatives that score lower, a negative's the share of positives that score
    higher; ties count half. Resampling these is the first-order (DeLong 1988) view of resampling the area itself.
    """
    high, low = np.sort(scores[positive]), np.sort(scores[~positive])
    below = np.searchsorted(low, scores, "left") + np.searchsorted(low, scores, "right")
    above = 2 * len(high) - np.searchsorted(high, scores, "left") - np.searchsorted(high, scores, "right")
    of_positive = np.where(positive, below / (2.0 * len(low)), 0.0)
    of_negative = np.where(positive, 0.0, above / (2.0 * len(high)))
    area = np.full(len(scores), of_positive.sum() / len(high))
    return np.column_stack([of_positive, positive, of_negative, ~positive, area])


def _areas(truth: pd.DataFrame, predictions: pd.DataFrame) -> Floats:
    columns = probability_columns(predictions)
    true = _Labels(columns).codes(_truth(truth))
    present = np.unique(true)
    if len(present) < _BINARY:
        raise DataError(
            f"roc_auc is not defined on {len(true)} rows that all have one label.",
            remedy="judge on more rows, or choose a metric that one class allows, such as accuracy.",
        )
    probabilities = _probabilities(predictions, columns)
    if len(columns) == _BINARY and (true == 1).any() and (true != 1).any():
        present = np.array([1])  # both classes have the same area: compute one, and round as scikit-learn does
    unseen = np.zeros(len(true))
    return np.hstack(
        [_placements(probabilities[:, code] if code < len(columns) else unseen, true == code) for code in present]
    )


def _mean_area(means: Floats) -> Floats:
    terms = means.reshape(*means.shape[:-1], -1, _AUC_TERMS)
    with np.errstate(divide="ignore", invalid="ignore"):
        areas = terms[..., 0] / terms[..., 1] + terms[..., 2] / terms[..., 3] - terms[..., 4]
    mean: Floats = areas.mean(axis=-1)
    return mean


LABEL_METRICS = (
    Metric("accuracy", higher_is_better=True, bounded=True, terms=_hits),
    Metric("balanced_accuracy", higher_is_better=True, bounded=True, terms=_recalls, of_means=_balanced),
    Metric("f1_macro", higher_is_better=True, bounded=True, terms=_counts, of_means=_f1_macro),
    Metric("log_loss", higher_is_better=False, bounded=False, terms=_surprise),
    Metric("roc_auc", higher_is_better=True, bounded=True, terms=_areas, of_means=_mean_area),
)
"""Every metric of classification. ``roc_auc`` of many is the mean of one against the rest."""
