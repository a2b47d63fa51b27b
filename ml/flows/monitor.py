"""monitor: labels that arrived, drift, and performance of a batch, as observations."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from ml.domain.findings import Finding, Outcome
from ml.domain.records import Observation, Promotion, Quantity, Scoring, ScoringRole, Version
from ml.domain.schema import ColumnRole, TableSchema
from ml.domain.windows import Window
from ml.flows.label import label
from ml.flows.rows import batch_with_labels
from ml.flows.schema import required_schema
from ml.flows.validate import validate
from ml.flows.workspace import Workspace
from ml.monitoring import (
    ColumnDrift,
    drift_findings,
    measure_drift,
    measure_performance,
    performance_findings,
)
from ml.problems import problem_of
from ml.profiles import conform
from ml.registry import Batch, Reader
from ml.specs import ModelSpec


@dataclass(frozen=True, slots=True)
class _Known:
    """What the records know at the end of the window."""

    batch: Batch
    schema: TableSchema
    champion: Version | None
    promotion: Promotion | None
    scorings: tuple[Scoring, ...]
    measured: frozenset[tuple[Window, int | None, int]]
    batches: tuple[Batch, ...]


def monitor(workspace: Workspace, spec: ModelSpec, window: Window) -> tuple[Finding, ...]:
    """Measure the batch of ``window`` and every earlier batch whose labels have arrived; record it all.

    Drift compares the batch with the champion's training rows; performance compares the champion's predictions with the labels known
    at the end of the window, and with its own figures at promotion. What cannot be measured is a finding, never an abort.
    """
    validation = validate(workspace, spec, window)
    label(workspace, spec, window)
    with workspace.registry.read() as reader:
        known = _gather(reader, spec, window)
        observations = [_rows(window, validation.rows_kept)]
        findings: list[Finding] = []
        if known.champion is not None:
            drifts = _feature_drift(workspace, spec, known, known.champion)
            observations += _drift_observations(window, drifts)
            findings += drift_findings(drifts, drift_share=spec.monitoring.drift_share)
            more, found = _output_drift(workspace, spec, known, known.champion)
            observations += more
            findings += found
        more, found = _performance(workspace, reader, spec, known, window)
        observations += more
        findings += found
    with workspace.registry.write() as writer:
        writer.add_observations(spec.model, observations)
        writer.add_findings(spec.model, window, window.end, "monitor", findings)
    return tuple(findings)


def _gather(reader: Reader, spec: ModelSpec, window: Window) -> _Known:
    batches = reader.batches(spec.model, as_of=window.end)
    champion = reader.champion_at(spec.model, window.start)
    promotions = [item for item in reader.promotions(spec.model) if item.as_of <= window.start]
    return _Known(
        batch=next(batch for batch in batches if batch.window == window),
        schema=required_schema(reader, spec),
        champion=champion,
        promotion=promotions[-1] if promotions else None,
        scorings=reader.scorings(spec.model, as_of=window.end),
        measured=reader.measured(spec.model, as_of=window.start),
        batches=batches,
    )


def _rows(window: Window, rows: int) -> Observation:
    return Observation(window, window.end, Quantity.ROWS, value=float(rows), rows=rows)
