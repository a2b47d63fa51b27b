"""train: a challenger for a decision, on the rows labelled by then, the newest held out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pandas as pd

from ml.artifacts.frames import put_frame
from ml.artifacts.models import put_model
from ml.domain.errors import DataError, NotFoundError, RegistryError
from ml.domain.records import Decision, Verdict, Version
from ml.domain.schema import TableSchema
from ml.flows.lease import lease_of
from ml.flows.provenance import code_version, library_versions
from ml.flows.rows import LabelledRows, labelled_rows
from ml.flows.schema import required_schema
from ml.flows.workspace import Workspace
from ml.problems import problem_of
from ml.profiles import conform
from ml.registry import Reader
from ml.specs import ModelSpec
from ml.training import Fitted, Split, fit, select_rows, split_in_time


@dataclass(frozen=True, slots=True)
class TrainingRows:
    """What one retraining works on: the same for training and for evaluation, whenever either is run."""

    decision: Decision
    champion: Version | None
    schema: TableSchema
    labelled: LabelledRows
    split: Split


def train(
    workspace: Workspace, spec: ModelSpec, decision_id: str, *, on_trial: Callable[[int, int], None] | None = None
) -> Version:
    """Train the challenger that a decision asked for and register it as a version.

    One decision is one version, however often the task is retried: a second call finds the first one's result. The
    model's lease is held until the challenger is promoted or rejected. ``on_trial`` is told (done, of) while
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
        found = len(rows.split.train)
        if found < spec.training.min_rows:
            raise DataError(
                f"{spec.model} has {found} labelled rows to train on; training.min_rows asks for "
                f"{spec.training.min_rows}.",
                remedy="wait for more labels, widen training.window or lower training.min_rows.",
            )
        fitted = fit(
            rows.split.train, spec=spec, schema=rows.schema, problem=problem_of(spec.problem), on_trial=on_trial
        )
        return _register(workspace, spec, rows, fitted)


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
    # A sliding window ends with the newest labels, not with the clock: late labels must not empty it.
    selected = select_rows(
        labelled.frame, time_column=spec.time.column, window=spec.training.window, as_of=labelled.until
    )
    split = split_in_time(
        selected,
        time_column=spec.time.column,
        holdout=spec.gate.holdout,
        newer_than=None if champion is None else champion.seen_until,
    )
    return TrainingRows(decision, champion, schema, labelled, split)


def _register(workspace: Workspace, spec: ModelSpec, rows: TrainingRows, fitted: Fitted) -> Version:
    model_sha256 = put_model(workspace.store, fitted.estimator)
    workspace.remember_model(model_sha256, fitted.estimator)
    times = rows.split.train[spec.time.column]
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
        "rows": len(rows.split.train),
        "holdout_rows": len(rows.split.holdout),
        "holdout_from": rows.split.holdout_from.isoformat(),
        "labelled_until": None if rows.labelled.until is None else rows.labelled.until.isoformat(),
        "reference_sha256": put_frame(workspace.store, reference_sample(rows.split.train, spec, rows.schema)),
        "holdout_predictions_sha256": put_frame(workspace.store, predict(spec, rows, fitted.estimator)),
        "seconds": round(fitted.seconds, 3),
    }
    with workspace.registry.write() as writer:
        return writer.register_version(
            model=spec.model,
            run_key=rows.decision.id,
            as_of=rows.decision.as_of,
            trained_from=times.iloc[0].to_pydatetime(),
            trained_until=rows.split.holdout_from,
            model_sha256=model_sha256,
            manifest=manifest,
        )


def predict(spec: ModelSpec, rows: TrainingRows, estimator: Any) -> pd.DataFrame:
    """Return an estimator's predictions for the held-out rows, which it has not seen."""
    return problem_of(spec.problem).predict(estimator, conform(rows.split.holdout, rows.schema))


def reference_sample(frame: pd.DataFrame, spec: ModelSpec, schema: TableSchema) -> pd.DataFrame:
    """Return what drift is measured against: a bounded sample of the training rows, features and targets."""
    size = spec.monitoring.drift.sample
    sample = frame.sample(size, random_state=spec.training.seed) if len(frame) > size else frame
    columns = [*schema.features, *spec.problem.targets]
    return sample.loc[:, columns].reset_index(drop=True)
