"""Drift of a batch of the past, as monitoring would have measured it."""

from __future__ import annotations

from typing import Any

import pandas as pd

from ml.artifacts.rows import Frames
from ml.flows.drift import Current, drift_of, observations_of
from ml.flows.past import Past
from ml.flows.profile import pairs_of
from ml.flows.reference import Reference
from ml.flows.train import reference_sample
from ml.specs.monitoring import TrainingReference


def drift_inputs(past: Past, step: int) -> list[Any]:
    """Return all of the past that the drift of a batch depends on beside the champion, for keys."""
    parts = [part for part in past.arrived(step) if len(past.part(part).rows)]
    asked = past.spec.monitoring
    earlier = [] if isinstance(asked.drift.reference, TrainingReference) else [(place, "") for place in range(step)]
    return [asked.model_dump(mode="json"), past.digest(parts), past.digest([(step, "")]), past.digest(earlier)]


def past_drift(
    past: Past, step: int, reference: Reference, *, learned: pd.DataFrame, predictions: pd.DataFrame
) -> list[dict[str, Any]]:
    """Measure the drift of a batch against a champion's reference and return the observations as JSON.

    ``learned`` are the champion's training rows, ``predictions`` its predictions for the batch.
    """
    spec = past.spec
    current = Current(
        features=past.profile(step, reference.features.layout.with_pairs(pairs_of(spec, past.schema))),
        rows=Frames.of(past.kept(step)),
        predictions=predictions,
        labelled=[past.joined(part) for part in past.arrived(step)],
        compared=past.compared_with(step, reference),
        learned=reference_sample(learned, spec, past.schema) if spec.monitoring.drift.multivariate else None,
    )
    drift = drift_of(spec, past.schema, reference, current)
    return [
        {
            "quantity": one.quantity.value,
            "subject": one.subject,
            "value": one.value,
            "rows": one.rows,
            "detail": dict(one.detail),
        }
        for one in observations_of(drift, window=past.windows[step], version=None)
    ]
