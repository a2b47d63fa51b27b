"""What a version looks like on its held-out rows, point by point: small enough to be kept with the verdict.

Labels: the reliability diagram of the predicted label's probability in ten bins of equal size (DeGroot and Fienberg
1983; Naeini et al. 2015), and of two labels the receiver operating characteristic and precision against recall
(Davis and Goadrich 2006). Numbers: residuals, prediction minus truth, as a histogram and by size of the prediction.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ml.problems.base import PREDICTION, Problem
from ml.problems.label_metrics import PROBABILITY, probability_columns
from ml.problems.metric import Floats

_BINS = 10
_BARS = 30
_POINTS = 60
_TWO = 2


def curves_of(problem: Problem, truth: pd.DataFrame, predictions: pd.DataFrame) -> dict[str, Any]:
    """Return the points of a version's curves as small JSON; empty where there are no rows or several targets."""
    if not len(truth) or truth.shape[1] != 1:
        return {}
    if problem.numeric_output:
        return _residuals(truth, predictions) if PREDICTION in predictions else {}
    columns = probability_columns(predictions)
    if not columns:
        return {}
    came = truth.iloc[:, 0].astype(str).to_numpy()
    found: dict[str, Any] = {"reliability": _reliability(came, predictions, columns)}
    if len(columns) == _TWO:
        label = columns[-1].removeprefix(PROBABILITY)
        found |= _ranking(came == label, predictions[columns[-1]].to_numpy(dtype=np.float64), label)
    return found


def _reliability(came: Any, predictions: pd.DataFrame, columns: list[str]) -> list[list[float]]:
    """[mean probability of the predicted label, share that was right, rows] of each bin."""
    sure = np.max([predictions[column].to_numpy(dtype=np.float64) for column in columns], axis=0)
    right = predictions[PREDICTION].astype(str).to_numpy() == came
    order = np.argsort(sure, kind="stable")
    bins = [part for part in np.array_split(order, _BINS) if len(part)]
    return [[_short(sure[part].mean()), _short(right[part].mean()), len(part)] for part in bins]


def _ranking(positive: Any, score: Floats, label: str) -> dict[str, Any]:
    """The two curves of a ranking; none where only one label came."""
    total = int(positive.sum())
    if not 0 < total < len(positive):
        return {}
    order = np.argsort(-score, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(score[order])), len(score) - 1)  # equal scores are one step
    hits = np.cumsum(positive[order])[ends]
    taken = ends + 1
    recall, false_rate, precision = hits / total, (taken - hits) / (len(score) - total), hits / taken
    places = np.unique(np.linspace(0, len(ends) - 1, min(_POINTS, len(ends))).round().astype(int))
    return {
        "positive": label,
        "share": _short(total / len(score)),
        "roc": [[0.0, 0.0], *([_short(false_rate[at]), _short(recall[at])] for at in places)],
        "precision_recall": [[_short(recall[at]), _short(precision[at])] for at in places],
    }


def _residuals(truth: pd.DataFrame, predictions: pd.DataFrame) -> dict[str, Any]:
    """A histogram between the outermost half per cents, and median and middle 80 % by tenths of the predictions."""
    given = predictions[PREDICTION].to_numpy(dtype=np.float64)
    wrong = given - truth.iloc[:, 0].to_numpy(dtype=np.float64)
    low, high = (float(one) for one in np.quantile(wrong, [0.005, 0.995]))
    bars: list[list[float]] = []
    if high > low:
        counts, edges = np.histogram(wrong, bins=_BARS, range=(low, high))
        bars = [[_short(edges[at]), _short(edges[at + 1]), int(count)] for at, count in enumerate(counts)]
    order = np.argsort(given, kind="stable")
    bins = [part for part in np.array_split(order, _BINS) if len(part)]
    by_size = [[_short(given[part].mean()), *map(_short, np.quantile(wrong[part], [0.1, 0.5, 0.9]))] for part in bins]
    return {"residuals": bars, "residuals_by_prediction": by_size}


def _short(value: float) -> float:
    """Five digits are more than a picture shows."""
    return float(f"{float(value):.5g}")
