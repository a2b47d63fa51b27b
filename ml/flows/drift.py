"""Drift of a batch against what the champion learned from: one measurement for monitoring and for replays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from ml.domain.records import Observation, Quantity
from ml.domain.schema import ColumnRole, TableSchema
from ml.domain.windows import Window
from ml.monitoring import ColumnDrift, drift_observations, measure_drift
from ml.problems import problem_of
from ml.problems.base import PREDICTION
from ml.specs import ModelSpec


@dataclass(frozen=True, slots=True)
class Sides:
    """What is compared: the champion's training rows with a batch, and its predictions then and now.

    ``features`` are the batch's, as estimators see them. ``reference_predictions`` are those for the rows that the
    champion was judged on: those for rows it was fitted on would look too sure. ``labelled`` are the frames whose
    labels came with this batch.
    """

    reference: pd.DataFrame
    features: pd.DataFrame
    reference_predictions: pd.DataFrame
    predictions: pd.DataFrame | None
    labelled: Sequence[pd.DataFrame]


@dataclass(frozen=True, slots=True)
class Drift:
    """The drift of each column."""

    features: tuple[ColumnDrift, ...]
    predictions: tuple[ColumnDrift, ...]
    target: tuple[ColumnDrift, ...]


def drift_of(spec: ModelSpec, schema: TableSchema, sides: Sides) -> Drift:
    """Measure the drift of features, of predictions and of the target, as far as there is something to compare."""
    features = measure_drift(
        sides.reference,
        sides.features,
        numeric=schema.names(ColumnRole.NUMERIC),
        categorical=schema.names(ColumnRole.CATEGORICAL),
        spec=spec.monitoring.drift,
        seed=spec.training.seed,
    )
    predictions: tuple[ColumnDrift, ...] = ()
    if sides.predictions is not None:
        predictions = _of_output(spec, sides.reference_predictions, sides.predictions, (PREDICTION,))
    target: tuple[ColumnDrift, ...] = ()
    if sides.labelled:
        target = _of_output(spec, sides.reference, pd.concat(sides.labelled), spec.problem.targets)
    return Drift(features, predictions, target)


def _of_output(
    spec: ModelSpec, reference: pd.DataFrame, current: pd.DataFrame, columns: tuple[str, ...]
) -> tuple[ColumnDrift, ...]:
    numeric = problem_of(spec.problem).numeric_output
    return measure_drift(
        reference,
        current,
        numeric=columns if numeric else (),
        categorical=() if numeric else columns,
        spec=spec.monitoring.drift.model_copy(update={"columns": None}),
        seed=spec.training.seed,
    )


def observations_of(drift: Drift, *, window: Window, version: int | None) -> list[Observation]:
    """Write the drift of a batch as observations; ``version`` is whose predictions they are."""
    return [
        one
        for drifts, quantity, who in (
            (drift.features, Quantity.COLUMN_DRIFT, None),
            (drift.predictions, Quantity.PREDICTION_DRIFT, version),
            (drift.target, Quantity.TARGET_DRIFT, None),
        )
        for one in drift_observations(drifts, quantity=quantity, window=window, as_of=window.end, version=who)
    ]
