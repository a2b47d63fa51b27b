"""Binary and multiclass classification."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import infer_dtype

from ml.domain.errors import DataError, SpecError
from ml.problems.base import PREDICTION, build, column_of, raise_problems, refused
from ml.problems.label_metrics import LABEL_METRICS, PROBABILITY
from ml.problems.metric import Metric
from ml.problems.threads import threads_for
from ml.specs import ModelSpec
from ml.specs.problem import ProblemSpec
from ml.specs.training import CandidateSpec

_METRICS: Mapping[str, Metric] = {metric.name: metric for metric in LABEL_METRICS}
_FEWEST_CLASSES = 2


@cache
def _classifiers() -> Mapping[str, type[Any]]:
    from sklearn import ensemble, linear_model, naive_bayes, neighbors, neural_network, tree

    classes: tuple[type[Any], ...] = (
        tree.DecisionTreeClassifier,
        ensemble.ExtraTreesClassifier,
        naive_bayes.GaussianNB,
        ensemble.GradientBoostingClassifier,
        ensemble.HistGradientBoostingClassifier,
        neighbors.KNeighborsClassifier,
        linear_model.LogisticRegression,
        neural_network.MLPClassifier,
        ensemble.RandomForestClassifier,
        linear_model.SGDClassifier,
    )
    return {one.__name__: one for one in classes}


@dataclass(frozen=True, slots=True)
class Classification:
    """One target with a few labels: whole numbers, booleans or text.

    Predictions are ``prediction``, the likeliest label, and ``p_<label>`` for every label seen in training.
    """

    kind: str = "classification"
    needs_labels: bool = True
    numeric_output: bool = False

    @property
    def metrics(self) -> Mapping[str, Metric]:
        """Every metric of the kind."""
        return _METRICS

    @property
    def default_metrics(self) -> tuple[str, ...]:
        """All of them: they cost next to nothing."""
        return tuple(_METRICS)

    def default_candidates(self) -> tuple[CandidateSpec, ...]:
        """Gradient boosting with scikit-learn's own parameters."""
        return (CandidateSpec(estimator="HistGradientBoostingClassifier"),)

    def estimator(self, name: str, parameters: Mapping[str, Any], seed: int) -> Any:
        """Build an unfitted classifier that gives probabilities.

        Raises:
            SpecError: no such classifier or parameter, or one without probabilities.
        """
        if name == "SGDClassifier":
            parameters = {"loss": "log_loss", **parameters}
        estimator = build(self.kind, _classifiers(), name, parameters, seed)
        if not hasattr(estimator, "predict_proba"):
            raise SpecError(
                f"{name} with loss {parameters.get('loss')!r} gives no probabilities.",
                remedy="use loss log_loss or modified_huber.",
            )
        return estimator

    def dummy(self, metric: str = "") -> Any:
        """Always the shares of the classes in the training rows, and the most frequent label."""
        from sklearn.dummy import DummyClassifier

        del metric  # the best constant is the same for all of them
        return DummyClassifier(strategy="prior")

    def predict(self, estimator: Any, features: pd.DataFrame) -> pd.DataFrame:
        """Return ``prediction`` and ``p_<label>``; the label is the likeliest one, so the features are looked at once.

        Raises:
            DataError: the estimator refuses the features.
        """
        try:
            with threads_for(features.size):
                probabilities = estimator.predict_proba(features)
        except ValueError as error:
            raise refused(estimator, error) from error
        if not np.isfinite(probabilities).all():
            raise refused(estimator, ValueError("probabilities that are no numbers came out"))
        labels = estimator.classes_
        columns = {PREDICTION: labels[probabilities.argmax(axis=1)]}
        columns.update({f"{PROBABILITY}{label}": probabilities[:, place] for place, label in enumerate(labels)})
        return pd.DataFrame(columns, copy=False)

    def truth(self, frame: pd.DataFrame, spec: ProblemSpec) -> pd.DataFrame:
        """Return the labels as int64, bool or text; whole floats are integers whose column once had gaps.

        Raises:
            DataError: a label is missing, or the target is a measurement rather than a label.
        """
        column = column_of(frame, spec.target)
        values = column.to_numpy() if column.dtype.kind in "biuf" else column.astype(object).to_numpy()
        return pd.DataFrame({spec.target: _labels(values, spec.target)}, copy=False)

    def target_for_fit(self, truth: pd.DataFrame) -> np.ndarray[Any, Any]:
        """Return the one column of :meth:`truth` as an array."""
        return truth.iloc[:, 0].to_numpy()

    def check_trainable(self, truth: pd.DataFrame) -> None:
        """Refuse rows of one class.

        Raises:
            DataError: there is only one label.
        """
        labels = pd.unique(truth.iloc[:, 0])
        if len(labels) < _FEWEST_CLASSES:
            only = ", ".join(map(repr, labels.tolist()))
            raise DataError(
                f"All {len(truth)} training rows have one {truth.columns[0]}, {only}: a classifier needs two labels.",
                remedy="wait for more batches, or widen training.window.",
            )

    def check_spec(self, spec: ModelSpec) -> None:
        """Check candidates, parameters and names of metrics.

        Raises:
            SpecError: lists every problem at once.
        """
        raise_problems(self, spec)


def _labels(values: np.ndarray[Any, Any], target: str) -> np.ndarray[Any, Any]:
    kind = infer_dtype(values, skipna=False) if values.dtype == object else values.dtype.kind
    if kind in ("b", "boolean"):
        return values.astype(bool)
    if kind in ("i", "u", "integer"):
        return values.astype(np.int64)
    if kind in ("f", "floating", "mixed-integer-float", "decimal"):
        numbers = values.astype(np.float64)
        whole = np.isfinite(numbers) & (np.floor(numbers) == numbers)
        if not whole.all():
            raise DataError(
                f"The target {target!r} holds {numbers[~whole][0]}, which is a measurement, not a label.",
                remedy="use problem: {kind: regression, …}, or store the labels as text.",
            )
        return numbers.astype(np.int64)
    return values if kind == "string" else np.array([str(value) for value in values], dtype=object)


CLASSIFICATION = Classification()
