"""train: a challenger for a decision, on the rows labelled by then, the newest held out."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pandas as pd

from ml.artifacts.frames import put_frame
from ml.artifacts.models import put_model
from ml.domain.errors import DataError, NotFoundError, RegistryError
from ml.domain.records import Decision, Verdict, Version
from ml.domain.schema import TableSchema
from ml.evaluation import Pick, pick, terms_of
from ml.flows.exhibits import complaint_of
from ml.flows.lease import lease_of
from ml.flows.profile import frozen_layout, layout_for
from ml.flows.provenance import code_version, library_versions
from ml.flows.reference import Reference, put_reference, reference_of
from ml.flows.rows import LabelledRows, labelled_rows
from ml.flows.schema import required_schema
from ml.flows.workspace import Workspace
from ml.monitoring.sample import stratified
from ml.problems import problem_of
from ml.profiles import Layout, conform
from ml.registry import Reader
from ml.specs import ModelSpec
from ml.specs.training import FixedWindow, window_from, window_json
from ml.training import Fitted, Split, TrainingSet, fit, importance_of, split_batches, training_sets

OnTrial = Callable[[int, int], None]
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TrainingRows:
    """What one retraining works on: the same for training and for evaluation, whenever either is run."""

    decision: Decision
    champion: Version | None
    schema: TableSchema
    layout: Layout
    labelled: LabelledRows
    split: Split


@dataclass(frozen=True, slots=True)
class Candidate:
    """An estimator fitted on one training window, and its predictions for the held-out rows."""

    trained_on: TrainingSet
    fitted: Fitted
    predictions: pd.DataFrame


@dataclass(frozen=True, slots=True)
class Left:
    """A training window that was left out, and why."""

    trained_on: TrainingSet
    error: DataError


def train(workspace: Workspace, spec: ModelSpec, decision_id: str, *, on_trial: OnTrial | None = None) -> Version:
    """Train the challenger that a decision asked for and register it as a version.

    A candidate is fitted on each training window, one after another; the held-out rows choose the challenger among
    them. One decision is one version, however often the task is retried: a second call finds the first one's result.
    The model's lease is held until the challenger is promoted or rejected. ``on_trial`` is told (done, of) while
    searching.

    Raises:
        LeaseHeldError: another retraining of the model is in flight.
        DataError: there are too few labelled rows.
        RegistryError: the decision was to keep the champion.
    """
    with workspace.registry.read() as reader:
        done = reader.version_by_run_key(spec.model, decision_id)
        if done is not None:
            return done
        decision = _decision(reader, spec, decision_id)
    if decision.verdict is not Verdict.RETRAIN:
        raise RegistryError(
            f"The decision {decision_id} was to keep the champion of {spec.model}: {decision.sentence}",
            remedy="to retrain all the same, decide by hand with force and a reason.",
        )
    with _lease(workspace, spec, decision_id):
        with workspace.registry.read() as reader:
            rows = training_rows(workspace, reader, spec, decision_id)
        present = None if rows.champion is None else window_of(rows.champion)
        large, left = _large_enough(spec, training_sets(rows.split, spec.training.window, present=present))
        candidates, failed = _fitted(spec, rows, large, on_trial)
        for one in (*left, *failed):
            _log.warning("The training window %s is left out: %s", _said(one.trained_on)["window"], one.error.message)
        return _register(workspace, spec, rows, candidates, (*left, *failed))


def _large_enough(spec: ModelSpec, found: tuple[TrainingSet, ...]) -> tuple[list[TrainingSet], list[Left]]:
    """Part the windows with enough rows from the others.

    Raises:
        DataError: not one has enough.
    """
    least = spec.training.min_rows
    large = [one for one in found if len(one.rows) >= least]
    left = [
        Left(
            one,
            DataError(
                f"{spec.model} has {len(one.rows)} labelled rows to train on; training.min_rows asks for {least}.",
                remedy="wait for more labels, widen training.window or lower training.min_rows.",
            ),
        )
        for one in found
        if len(one.rows) < least
    ]
    if not large:
        raise max(left, key=lambda one: len(one.trained_on.rows)).error
    return large, left


def _fitted(
    spec: ModelSpec, rows: TrainingRows, found: list[TrainingSet], on_trial: OnTrial | None
) -> tuple[list[Candidate], list[Left]]:
    """Fit a candidate on each window; one that cannot be learned from is left out.

    Raises:
        DataError: not one can be learned from; says why the first one cannot.
    """
    candidates: list[Candidate] = []
    left: list[Left] = []
    for place, one in enumerate(found):
        try:
            fitted = fit(
                one.rows,
                spec=spec,
                schema=rows.schema,
                problem=problem_of(spec.problem),
                on_trial=None if on_trial is None else _counted(on_trial, place, len(found)),
            )
            candidates.append(Candidate(one, fitted, predict(spec, rows, fitted.estimator)))
        except DataError as error:
            left.append(Left(one, error))
    if not candidates:
        raise left[0].error
    return candidates, left


def _counted(on_trial: OnTrial, place: int, windows: int) -> OnTrial:
    """Count on through all windows."""
    return lambda done, of: on_trial(place * of + done, windows * of)


def pick_candidate(spec: ModelSpec, rows: TrainingRows, candidates: Sequence[Candidate]) -> Pick:
    """Let the held-out rows choose among candidates; few rows cannot, then the first one stays."""
    problem = problem_of(spec.problem)
    metric = problem.metrics[spec.problem.metric]
    truth = problem.truth(rows.split.holdout, spec.problem)
    terms = [terms_of(metric, truth, one.predictions) for one in candidates]
    return pick(metric, terms, least_rows=spec.gate.min_rows, seed=spec.training.seed)


@contextmanager
def _lease(workspace: Workspace, spec: ModelSpec, decision_id: str) -> Iterator[None]:
    """Hold the model's lease beyond a good end, until the challenger is promoted or rejected; give it back on failure.

    The decision holds it already, unless it was left alone for too long or was a person's word against it. A process
    that is killed gives nothing back: its retry holds the lease already, another decision waits until it expires.
    """
    with workspace.registry.write() as writer:
        writer.acquire_lease(spec.model, decision_id, now=workspace.clock(), ttl=lease_of(spec))
    try:
        yield
    except BaseException:
        with workspace.registry.write() as writer:
            writer.release_lease(spec.model, decision_id)
        raise


def _decision(reader: Reader, spec: ModelSpec, decision_id: str) -> Decision:
    decision = reader.decision(decision_id)
    if decision is None or decision.model != spec.model:
        raise NotFoundError(
            f"{spec.model} has no decision {decision_id!r}.", remedy=f"list them with: evergreen history {spec.model}"
        )
    return decision


def training_rows(workspace: Workspace, reader: Reader, spec: ModelSpec, decision_id: str) -> TrainingRows:
    """Gather the rows of a decision's retraining from the records as they stood at its ``as_of``."""
    decision = _decision(reader, spec, decision_id)
    champion = reader.champion_at(spec.model, decision.as_of)
    labelled = labelled_rows(workspace, reader, spec, as_of=decision.as_of)
    schema = required_schema(reader, spec)
    if labelled.until is None:
        raise DataError(
            f"{spec.model} has no labelled row as of {decision.as_of:%Y-%m-%d %H:%M}.", remedy="wait for labels."
        )
    split = split_batches(
        labelled.frame,
        labelled.batches,
        time_column=spec.time.column,
        holdout=spec.gate.holdout,
        holdout_rows=spec.gate.enough_rows,
        newer_than=None if champion is None else champion.seen_until,
    )
    layout = frozen_layout(workspace, reader, spec) or layout_for(labelled.frame, schema, spec)
    return TrainingRows(decision, champion, schema, layout, labelled, split)


def _register(
    workspace: Workspace, spec: ModelSpec, rows: TrainingRows, candidates: Sequence[Candidate], left: Sequence[Left]
) -> Version:
    picked = pick_candidate(spec, rows, candidates)
    chosen = candidates[picked.place]
    trained_on, fitted = chosen.trained_on, chosen.fitted
    model_sha256 = put_model(workspace.store, fitted.estimator)
    workspace.remember_model(model_sha256, fitted.estimator)
    manifest = {
        "snapshots": list(rows.labelled.snapshots),
        "rows_sha256": rows.labelled.sha256,
        "spec_sha256": spec.digest,
        "code_version": code_version(),
        "libraries": library_versions(),
        "estimator": fitted.candidate,
        "parameters": fitted.parameters,
        "trials": list(fitted.trials),
        "seed": spec.training.seed,
        "features": list(rows.schema.features),
        "rows": len(trained_on.rows),
        "window": window_json(trained_on.window),
        "windows": [
            {**_said(one.trained_on), "metric": value, "chance": chance, "seconds": one.fitted.seconds}
            for one, value, chance in zip(candidates, picked.values, picked.chances, strict=True)
        ],
        "windows_left": [{**_said(one.trained_on), "why": one.error.message} for one in left],
        "holdout_rows": len(rows.split.holdout),
        "holdout_from": rows.split.holdout_from.isoformat(),
        "labelled_until": None if rows.labelled.until is None else rows.labelled.until.isoformat(),
        "reference": put_reference(workspace, learned_reference(spec, rows, chosen)),
        "reference_sha256": put_frame(workspace.store, reference_sample(trained_on.rows, spec, rows.schema)),
        "holdout_predictions_sha256": put_frame(workspace.store, chosen.predictions),
        "complaint": complaint_of(spec, rows.schema, fitted.estimator, trained_on.rows),
        "seconds": round(sum(one.fitted.seconds for one in candidates), 3),
    }
    with workspace.registry.write() as writer:
        return writer.register_version(
            model=spec.model,
            run_key=rows.decision.id,
            as_of=rows.decision.as_of,
            trained_from=trained_on.rows[spec.time.column].iloc[0].to_pydatetime(),
            trained_until=rows.split.trained_until,
            model_sha256=model_sha256,
            manifest=manifest,
        )


def window_of(version: Version) -> FixedWindow:
    """Return the window that a version was trained on, the picked one if several were tried."""
    return window_from(version.manifest.get("window", {"kind": "all"}))


def _said(trained_on: TrainingSet) -> dict[str, Any]:
    return {"window": window_json(trained_on.window), "rows": len(trained_on.rows)}


def predict(spec: ModelSpec, rows: TrainingRows, estimator: Any) -> pd.DataFrame:
    """Return an estimator's predictions for the held-out rows, which it has not seen."""
    return problem_of(spec.problem).predict(estimator, conform(rows.split.holdout, rows.schema))


def learned_reference(spec: ModelSpec, rows: TrainingRows, chosen: Candidate) -> Reference:
    """Return what drift is measured against: profiles of what a candidate learned from and predicted."""
    learned, schema = chosen.trained_on.rows, rows.schema
    importance = importance_of(
        problem_of(spec.problem), chosen.fitted.estimator, conform(learned, schema), seed=spec.training.seed
    )
    return reference_of(spec, schema, learned, chosen.predictions, layout=rows.layout, importance=importance)


def reference_sample(frame: pd.DataFrame, spec: ModelSpec, schema: TableSchema) -> pd.DataFrame:
    """Return the training rows that the HTML report and the classifier of drift see: a bounded, stratified sample."""
    classes = () if problem_of(spec.problem).numeric_output else spec.problem.targets
    strata = (*(name for name in spec.monitoring.drift.by if name in frame.columns), *classes)
    columns = dict.fromkeys((*schema.features, *strata, *spec.problem.targets))
    sample = stratified(frame, strata, spec.monitoring.drift.sample, seed=spec.training.seed)
    return sample.loc[:, list(columns)].reset_index(drop=True)
