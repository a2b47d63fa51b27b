"""monitor: labels that arrived, drift, and performance of a batch, as observations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import isfinite

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml.domain.findings import Finding
from ml.domain.records import Observation, Promotion, Quantity, Scoring, ScoringRole, SnapshotRole, Validation, Version
from ml.domain.schema import TableSchema
from ml.domain.windows import Window
from ml.evaluation.gain import value_interval
from ml.flows.drift import Current, drift_of, observations_of
from ml.flows.label import label
from ml.flows.predictions import predictions_of
from ml.flows.profile import pairs_of, profile_of, required_layout
from ml.flows.reference import compared_with, reference_for
from ml.flows.rows import batch_with_labels, is_labelled, kept_rows, order_in_time
from ml.flows.schema import required_schema
from ml.flows.validate import validate
from ml.flows.workspace import Workspace
from ml.monitoring import drift_findings, measure_performance, no_reference, performance_findings
from ml.problems import problem_of
from ml.problems.metric import Metric
from ml.profiles import Layout
from ml.registry import Batch, Reader
from ml.specs import ModelSpec
from ml.specs.monitoring import TrainingReference

INTERVAL = 0.95
"""Confidence of the interval that is recorded beside the champion's primary metric."""


@dataclass(frozen=True, slots=True)
class _Task:
    """What the records know at the end of the window, and what was measured so far."""

    workspace: Workspace
    spec: ModelSpec
    window: Window
    batch: Batch
    schema: TableSchema
    layout: Layout
    champion: Version | None
    promotion: Promotion | None
    observations: list[Observation] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


def monitor(workspace: Workspace, spec: ModelSpec, window: Window) -> tuple[Finding, ...]:
    """Measure the batch of ``window``, and every earlier batch whose labels have arrived by its end; record it all.

    Drift compares profiles: the batch's with that of the champion's training rows, or of the batches that the spec
    names, and that of its predictions with that of those for the rows it was judged on. Performance compares the stored
    predictions of every version that scored with the labels: the champion's in all metrics, and these with those at
    its promotion; a shadow's in the primary one, by which versions are compared. What cannot be measured is a finding,
    never an abort.
    """
    validation = validate(workspace, spec, window)
    label(workspace, spec, window)
    with workspace.registry.read() as reader:
        task = _gather(reader, workspace, spec, window)
        labelled = [
            (batch, batch_with_labels(workspace, reader, spec, batch, as_of=window.end, needed=(spec.time.column,)))
            for batch in _newly_labelled(reader, task)
        ]
        batches = {batch.window: batch for batch in (task.batch, *(batch for batch, _ in labelled))}
        scorings = {batch.window: reader.scorings_of(batch.snapshot.id) for batch in batches.values()}
        earlier = _earlier(reader, task)
    task.observations.extend(_counted(window, validation))
    if task.champion is not None:
        _measure_drift(task, task.champion, scorings[window], [frame for _, frame in labelled], earlier)
    for batch, frame in labelled:
        _measure_performance(task, batch, frame, scorings[batch.window])
    with workspace.registry.write() as writer:
        writer.add_observations(spec.model, task.observations)
        writer.add_findings(spec.model, window, window.end, "monitor", tuple(task.findings))
    return tuple(task.findings)


def _counted(window: Window, validation: Validation) -> list[Observation]:
    kept, out = validation.rows_kept, validation.rows_quarantined
    share = out / (kept + out) if out else 0.0
    return [
        Observation(window, window.end, Quantity.ROWS, value=float(kept), rows=kept),
        Observation(window, window.end, Quantity.QUARANTINED, value=share, rows=kept + out),
    ]


def _gather(reader: Reader, workspace: Workspace, spec: ModelSpec, window: Window) -> _Task:
    promotions = reader.promotions(spec.model, as_of=window.start)
    return _Task(
        workspace=workspace,
        spec=spec,
        window=window,
        batch=_batch(reader, spec, window),
        schema=required_schema(reader, spec),
        layout=required_layout(workspace, reader, spec),
        champion=reader.champion_at(spec.model, window.start),
        promotion=promotions[-1] if promotions else None,
    )


def _batch(reader: Reader, spec: ModelSpec, window: Window) -> Batch:
    found = reader.batches(spec.model, as_of=window.end, start=window.start, end=window.end)
    return next(batch for batch in found if batch.window == window)


def _newly_labelled(reader: Reader, task: _Task) -> list[Batch]:
    """Batches whose labels changed with this run: the batch itself, or those whose label snapshot is of now."""
    spec, window = task.spec, task.window
    if not spec.labels_are_separate:
        return [task.batch]
    arrived = {
        snapshot.window
        for snapshot in reader.snapshots(spec.model, SnapshotRole.LABELS, as_of=window.end)
        if snapshot.as_of == window.end
    }
    return [batch for batch in reader.batches(spec.model, as_of=window.end) if batch.window in arrived]


def _measure_drift(
    task: _Task,
    champion: Version,
    current: Sequence[Scoring],
    labelled: list[pd.DataFrame],
    earlier: Sequence[Batch],
) -> None:
    workspace, spec = task.workspace, task.spec
    asked = spec.monitoring.drift
    mine = [scoring for scoring in current if scoring.version == champion.version]
    reference = reference_for(workspace, spec, task.schema, champion, task.layout)
    compared = compared_with(workspace, spec, task.window, earlier, reference, schema=task.schema)
    layout = reference.features.layout.with_pairs(pairs_of(spec, task.schema))
    if compared is None:
        task.findings.append(no_reference(asked.reference.kind))
    with kept_rows(workspace, task.batch) as rows:
        batch = Current(
            features=profile_of(workspace, layout, task.batch.validation),
            rows=rows,
            predictions=predictions_of(workspace, mine[-1]) if mine else None,
            labelled=labelled,
            compared=compared,
            learned=workspace.frame(champion.manifest["reference_sha256"]) if asked.multivariate else None,
        )
        drift = drift_of(spec, task.schema, reference, batch)
    task.observations.extend(observations_of(drift, window=task.window, version=champion.version))
    task.findings.extend(
        drift_findings(
            drift.features,
            share=drift.share,
            limit=spec.monitoring.drift_share,
            predictions=drift.predictions,
            target=drift.target,
            associations=drift.associations,
            table=drift.table,
        )
    )


def _earlier(reader: Reader, task: _Task) -> Sequence[Batch]:
    """The batches that a reference may be made of, if it is not that of the training."""
    if isinstance(task.spec.monitoring.drift.reference, TrainingReference):
        return ()
    return reader.batches(task.spec.model, as_of=task.window.end, end=task.window.start)


def _measure_performance(task: _Task, batch: Batch, frame: pd.DataFrame, scorings: Sequence[Scoring]) -> None:
    spec, window = task.spec, batch.window
    problem = problem_of(spec.problem)
    has_label = is_labelled(frame, spec)
    rows = int(has_label.sum())
    task.observations.append(Observation(window, task.window.end, Quantity.LABELLED, value=float(rows), rows=rows))
    if rows == 0:
        return
    known = frame if rows == len(frame) else frame[has_label]
    truth = problem.truth(known, spec.problem)
    in_time = order_in_time(known[spec.time.column])
    primary = spec.problem.metric
    of_champion = tuple(dict.fromkeys((primary, *(spec.monitoring.metrics or problem.default_metrics))))
    for scoring in scorings:
        names = of_champion if scoring.role is ScoringRole.CHAMPION else (primary,)
        predictions = predictions_of(task.workspace, scoring)
        if rows < len(predictions):
            predictions = predictions[has_label].reset_index(drop=True)
        values = measure_performance(truth, predictions, problem=problem, metrics=names)
        served = scoring.role is ScoringRole.CHAMPION
        told = _interval(problem.metrics[primary], truth, predictions, in_time) if served and primary in values else {}
        task.observations.extend(
            Observation(
                window,
                task.window.end,
                Quantity.METRIC,
                subject=name,
                version=scoring.version,
                value=values.get(name),
                rows=rows,
                detail={
                    "role": scoring.role.value,
                    **({} if name in values else {"note": "not defined on these rows"}),
                    **(told if name == primary else {}),
                },
            )
            for name in names
        )
        if task.promotion is not None and scoring.version == task.promotion.to_version:
            task.findings.extend(
                performance_findings(
                    values, problem=problem, metrics=names, baseline=task.promotion.baseline, rows=rows
                )
            )


def _interval(
    metric: Metric, truth: pd.DataFrame, predictions: pd.DataFrame, in_time: npt.NDArray[np.intp]
) -> dict[str, list[float]]:
    """Where the metric of rows like these lies with ``INTERVAL``; empty where these rows cannot tell."""
    low, high = value_interval(metric, metric.terms(truth, predictions)[in_time], INTERVAL)
    if metric.bounded:
        low, high = max(low, 0.0), min(high, 1.0)
    elif not metric.higher_is_better:  # a loss
        low = max(low, 0.0)
    told = isfinite(low) and isfinite(high) and low < high
    return {"interval": [float(f"{low:.6g}"), float(f"{high:.6g}")]} if told else {}
