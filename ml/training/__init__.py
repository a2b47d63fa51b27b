"""From labelled rows to a fitted estimator: split by time, search within a budget, fit."""

from __future__ import annotations

from ml.training.fit import Fitted, fit, fit_dummy, refit
from ml.training.pipeline import build_pipeline
from ml.training.split import Split, folds_in_time, select_rows, split_in_time

__all__ = [
    "Fitted",
    "Split",
    "build_pipeline",
    "fit",
    "fit_dummy",
    "folds_in_time",
    "refit",
    "select_rows",
    "split_in_time",
]
