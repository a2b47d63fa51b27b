"""Regression: one target, a number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from ml.domain.errors import DataError
from ml.problems.base import PREDICTION, as_floats, build, column_of, raise_problems, refused
from ml.problems.metric import Floats, Metric
from ml.problems.threads import threads_for
from ml.specs import ModelSpec
from ml.specs.problem import ProblemSpec
from ml.specs.training import CandidateSpec

_FEWEST_ROWS = 2


def _pairs(truth: pd.DataFrame, predictions: pd.DataFrame) -> tuple[Floats, Floats]:
    return as_floats(truth.iloc[:, 0]), as_floats(predictions[PREDICTION])


def _distances(truth: pd.DataFrame, predictions: pd.DataFrame) -> Floats:
    true, predicted = _pairs(truth, predictions)
    return np.abs(true - predicted)[:, None]


def _squares(truth: pd.DataFrame, predictions: pd.DataFrame) -> Floats:
    true, predicted = _pairs(truth, predictions)
    return np.square(true - predicted)[:, None]


def _root(means: Floats) -> Floats:
    root: Floats = np.sqrt(means[..., 0])
    return root


def _variances(truth: pd.DataFrame, predictions: pd.DataFrame) -> Floats:
    true, predicted = _pairs(truth, predictions)
    if len(true) < _FEWEST_ROWS or (true == true[0]).all():
        raise DataError(
            f"r2 is not defined on {len(true)} rows whose target does not vary.",
            remedy="judge on more rows, or choose mean_absolute_error.",
        )
    centred = true - true.mean()
    return np.column_stack([np.square(true - predicted), centred, np.square(centred)])


def _explained(means: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        share: Floats = 1.0 - means[..., 0] / (means[..., 2] - np.square(means[..., 1]))
    return share


_METRICS: Mapping[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("mean_absolute_error", higher_is_better=False, bounded=False, terms=_distances),
        Metric("root_mean_squared_error", higher_is_better=False, bounded=False, terms=_squares, of_means=_root),
        Metric("r2", higher_is_better=True, bounded=False, terms=_variances, of_means=_explained),
    )
}


@cache
def _regressors() -> Mapping[str, type[Any]]:
    from sklearn import ensemble, linear_model, neighbors, neural_network, tree

    classes: tuple[type[Any], ...] = (
        tree.DecisionTreeRegressor,
        linear_model.ElasticNet,
        ensemble.ExtraTreesRegressor,
        ensemble.GradientBoostingRegressor,
        ensemble.HistGradientBoostingRegressor,
        linear_model.HuberRegressor,
        neighbors.KNeighborsRegressor,
        linear_model.Lasso,
        linear_model.LinearRegression,
        neural_network.MLPRegressor,
        linear_model.PoissonRegressor,
        ensemble.RandomForestRegressor,
        linear_model.Ridge,
        linear_model.SGDRegressor,
    )
    return {one.__name__: one for one in classes}


@dataclass(frozen=True, slots=True)
class Regression:
    """One target, a number. Predictions are one column, ``prediction``."""

    kind: str = "regression"
    needs_labels: bool = True
    numeric_output: bool = True

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
        return (CandidateSpec(estimator="HistGradientBoostingRegressor"),)

    def estimator(self, name: str, parameters: Mapping[str, Any], seed: int) -> Any:
        """Build an unfitted regressor.

        Raises:
            SpecError: no such regressor or parameter.
        """
        return build(self.kind, _regressors(), name, parameters, seed)

    def dummy(self, metric: str = "") -> Any:
        """Always the mean of the training rows for squared errors, else their median."""
        from sklearn.dummy import DummyRegressor

        return DummyRegressor(strategy="mean" if metric in ("root_mean_squared_error", "r2") else "median")

    def predict(self, estimator: Any, features: pd.DataFrame) -> pd.DataFrame:
        """Return ``prediction``.

        Raises:
            DataError: the estimator refuses the features.
        """
        try:
            with threads_for(features.size):
                values = np.asarray(estimator.predict(features), dtype=np.float64)
        except ValueError as error:
            raise refused(estimator, error) from error
        if not np.isfinite(values).all():
            raise refused(estimator, ValueError("predictions that are no numbers came out"))
        return pd.DataFrame({PREDICTION: values}, copy=False)

    def truth(self, frame: pd.DataFrame, spec: ProblemSpec) -> pd.DataFrame:
        """Return the target as float64.

        Raises:
            DataError: a value is missing, infinite or no number.
        """
        column = column_of(frame, spec.target)
        try:
            values = column.to_numpy(dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise DataError(
                f"The target {spec.target!r} is no number: {error}.",
                remedy="use problem: {kind: classification, …}, or mend the source.",
            ) from error
        if not np.isfinite(values).all():
            raise DataError(
                f"The target {spec.target!r} holds infinite values.", remedy="quarantine them by validation.columns."
            )
        return pd.DataFrame({spec.target: values}, copy=False)

    def target_for_fit(self, truth: pd.DataFrame) -> np.ndarray[Any, Any]:
        """Return the one column of :meth:`truth` as an array."""
        return truth.iloc[:, 0].to_numpy()

    def check_trainable(self, truth: pd.DataFrame) -> None:
        """Any numbers can be learned from."""

    def check_spec(self, spec: ModelSpec) -> None:
        """Check candidates, parameters and names of metrics.

        Raises:
            SpecError: lists every problem at once.
        """
        raise_problems(self, spec)


REGRESSION = Regression()
