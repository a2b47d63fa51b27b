"""Two versions on rows that came after both: the gain of one over the other, by the gate's own test."""

from __future__ import annotations

import pandas as pd

from ml.domain.errors import DataError
from ml.evaluation.gain import Gain, measure_gain
from ml.problems import Metric
from ml.specs.gate import GateSpec


def later_gain(
    metric: Metric, truth: pd.DataFrame, ours: pd.DataFrame, theirs: pd.DataFrame, *, gate: GateSpec, seed: int
) -> Gain | str:
    """Measure the gain by predictions for the same rows in the order of time; a text says why it cannot be told."""
    if len(truth) < gate.min_rows:
        return f"fewer than {gate.min_rows} rows cannot tell"
    try:
        for side in (ours, theirs):
            metric.value(truth, side)
    except DataError as error:
        return error.message
    return measure_gain(
        metric, metric.terms(truth, ours), metric.terms(truth, theirs), resamples=gate.resamples, seed=seed
    )
