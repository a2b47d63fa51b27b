"""From labelled rows to a fitted estimator: split by time, search within a budget, fit."""

from __future__ import annotations

from ml.training.fit import Fitted, fit, fit_dummy, refit
from ml.training.importance import importance_of
from ml.training.pipeline import build_pipeline
from ml.training.split import Split, TrainingSet, folds_in_time, refit_set, split_batches, training_set, training_sets

__all__ = [
    "Fitted",
    "Split",
    "TrainingSet",
    "build_pipeline",
    "fit",
    "fit_dummy",
    "folds_in_time",
    "importance_of",
    "refit",
    "refit_set",
    "split_batches",
    "training_set",
    "training_sets",
]
