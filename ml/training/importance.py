"""How much an estimator uses each feature: how far its predictions move when the feature's values are shuffled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ml.problems import Problem

_ROWS = 256  # looked at, evenly spread
_CELLS = 20_000_000  # most cells that are predicted on: a table too wide for that is not asked


def importance_of(problem: Problem, estimator: Any, features: pd.DataFrame, *, seed: int) -> Mapping[str, float] | None:
    """Return each feature's share of the movement of all predictions; None if there are too many features to ask.

    Permutation importance (Breiman 2001; Fisher, Rudin and Dominici 2019) of the predictions themselves instead of
    their error: what a model uses, whether or not it is right to. It needs no labels, and a feature that is not used
    has exactly 0. All shuffled copies are predicted in one call.
    """
    names = [str(name) for name in features.columns]
    rows = features.iloc[:: max(1, len(features) // _ROWS)][:_ROWS].reset_index(drop=True)
    if not names or not len(rows) or len(rows) * len(names) ** 2 > _CELLS:
        return None
    shuffled = np.random.default_rng(seed).permutation(len(rows))
    copies = [rows, *(rows.assign(**{name: rows[name].array[shuffled]}) for name in names)]
    outputs = _numbers(problem.predict(estimator, pd.concat(copies, ignore_index=True)), problem)
    moved = np.abs(outputs.reshape(len(copies), len(rows), -1)[1:] - outputs[: len(rows)]).mean(axis=(1, 2))
    total = float(moved.sum())
    shares = moved / total if total else np.full(len(names), 1 / len(names))
    return {name: round(float(share), 6) for name, share in zip(names, shares, strict=True)}


def _numbers(predictions: pd.DataFrame, problem: Problem) -> NDArray[np.float64]:
    """Return what moves: numbers and probabilities; where there are only labels, which one it is."""
    if problem.numeric_output:
        return predictions.to_numpy(dtype=np.float64)
    floats = predictions.select_dtypes("float")
    if len(floats.columns):
        return floats.to_numpy(dtype=np.float64)
    labels = [pd.get_dummies(predictions[name]).to_numpy(dtype=np.float64) for name in predictions.columns]
    return np.column_stack(labels)
