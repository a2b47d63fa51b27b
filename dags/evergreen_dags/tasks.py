"""The tasks: each opens the workspace, calls a flow, logs what it did in a sentence, and hands on ids and two dates.

A docstring here is what Airflow's page shows about the task. Flows, and with them pandas and scikit-learn, are imported
inside the tasks: what stands at the top of this file is paid for by every task of every model.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypedDict

from airflow.sdk import task
from airflow.sdk.exceptions import AirflowSkipException

from evergreen_dags.assets import champion_extra, note, tell_champion
from evergreen_dags.form import BatchForm, FormError, read_batch_form, read_reason
from evergreen_dags.opening import open_workspace
from evergreen_dags.schedule import interval_of
from evergreen_dags.specs import find_spec, models_dir
from ml.domain.errors import AlreadyAnsweredError, DataError, HeldError, NotFoundError, SpecError
from ml.domain.records import SnapshotRole, Trigger, Verdict
from ml.domain.windows import Window, resolve_window

if TYPE_CHECKING:
    from ml.domain.records import Decision, RuleResult
    from ml.flows.workspace import Workspace
    from ml.specs import ModelSpec

log = logging.getLogger(__name__)

_SHOWN = 400  # characters of a sentence that travel between tasks: XCom is for ids
_WITH_INTERVAL = ("scheduled", "backfill")
ASKING = ".asking"
"""Ends the id of a run that only asks a person, about what was trained and judged by the run before and then held."""


class Batch(TypedDict):
    """A window, as it travels from task to task."""

    start: str
    end: str


class Challenger(TypedDict):
    """What the tasks of `<model>.retrain` hand on."""

    decision_id: str
    sentence: str


@task(multiple_outputs=False)
def ingest(model: str, dag_run: Any = None, params: Any = None) -> Batch:
    """Reads the rows of the batch from the source and keeps them as an immutable snapshot."""
    from ml.flows.ingest import ingest as flow

    spec = find_spec(models_dir(), model)
    form = read_batch_form(params)
    with open_workspace(dag_run) as workspace:
        window = _window(workspace, spec, form, dag_run)
        log.info("Batch %s.", window)
        snapshot = flow(workspace, spec, window)
    log.info("%s rows, snapshot %s.", snapshot.rows, snapshot.id)
    return Batch(start=window.start.isoformat(), end=window.end.isoformat())


@task(multiple_outputs=False)
def validate(model: str, batch: Batch, dag_run: Any = None, outlet_events: Any = None, ti: Any = None) -> Batch:
    """Checks the batch, sets bad rows aside, and stops what cannot be used."""
    from ml.flows.validate import validate as flow

    with open_workspace(dag_run) as workspace:
        result = flow(workspace, find_spec(models_dir(), model), Window.parse(**batch))
    for finding in result.findings:
        log.log(logging.WARNING if finding.severity != "info" else logging.INFO, finding.sentence())
    log.info("%s rows kept, %s set aside.", result.rows_kept, result.rows_quarantined)
    note(outlet_events, ti, snapshot_id=result.snapshot_id, rows=result.rows_kept, **batch)
    return batch


@task(multiple_outputs=False)
def monitor(model: str, batch: Batch, dag_run: Any = None, outlet_events: Any = None, ti: Any = None) -> Batch:
    """Scores the batch with the champion, takes in labels that arrived, measures drift and performance."""
    from ml.flows.monitor import monitor as measure
    from ml.flows.score import score

    spec, window = find_spec(models_dir(), model), Window.parse(**batch)
    with open_workspace(dag_run) as workspace:
        scorings = score(workspace, spec, window)
        findings = measure(workspace, spec, window)
    log.info(
        "Scored by %s.",
        ", ".join(f"version {item.version} ({item.role})" for item in scorings) or "nobody: no champion yet",
    )
    for finding in findings:
        log.info(finding.sentence())
    note(outlet_events, ti, findings=len(findings), **batch)
    return batch


@task.short_circuit(multiple_outputs=False, ignore_downstream_trigger_rules=False)
def decide(
    model: str, batch: Batch, dag_run: Any = None, params: Any = None, ti: Any = None, *, outlet_events: Any = None
) -> str:
    """Looks after champion and shadow, asks the policy whether to retrain, records why. If no, the run ends here."""
    from ml.flows.changes import changed_at, question_at
    from ml.flows.decide import decide as flow

    form, spec, window = read_batch_form(params), find_spec(models_dir(), model), Window.parse(**batch)
    with open_workspace(dag_run) as workspace:
        decision = flow(
            workspace,
            spec,
            window,
            force=form.force,
            reason=form.reason,
            trigger=Trigger.MANUAL if dag_run.run_type == "manual" else Trigger.SCHEDULE,
            dry_run=form.dry_run,
        )
        changes = () if form.dry_run else changed_at(workspace, spec, window)
        question = None if form.dry_run else question_at(workspace, spec, window)
    for change in changes:
        log.warning("Version %s is the champion now (%s). %s", change.to_version, change.act.value, change.reason)
        tell_champion(outlet_events, change)
    _tell(decision)
    ti.xcom_push("sentence", decision.sentence[:_SHOWN])
    if form.dry_run:
        log.info("This was only to show the decision: it is not recorded, and nothing is retrained.")
        return ""
    if question is not None and decision.verdict is not Verdict.RETRAIN:
        log.info("What was held in the shadow stood, and waits for a person.")
        return f"{question}{ASKING}"
    return decision.id if decision.verdict is Verdict.RETRAIN else ""


@task(multiple_outputs=False)
def report(model: str, batch: Batch, dag_run: Any = None) -> str:
    """Builds the HTML report of the batch against the champion's training rows. Nothing waits for it."""
    from ml.flows.report import try_report

    with open_workspace(dag_run) as workspace:
        address = try_report(workspace, find_spec(models_dir(), model), Window.parse(**batch))
    if address is None:
        raise AirflowSkipException("There is nothing to compare with: see the finding DR006 of the batch.")
    return address


@task(multiple_outputs=False)
def train(model: str, dag_run: Any = None, params: Any = None) -> Challenger:
    """Trains a challenger, the newest labelled rows held out. If a person started the run, a decision is made first."""
    from ml.flows.train import train as flow

    spec = find_spec(models_dir(), model)
    with open_workspace(dag_run) as workspace:
        decision_id = _decision_id(workspace, spec, dag_run, params)
        version = flow(workspace, spec, decision_id, on_trial=_log_trial)
    span = f"{version.trained_from:%Y-%m-%d} to {version.trained_until:%Y-%m-%d}"
    sentence = f"Version {version.version}, trained on rows from {span}."
    log.info(sentence)
    return Challenger(decision_id=decision_id, sentence=sentence)


@task(multiple_outputs=False)
def evaluate(model: str, challenger: Challenger, dag_run: Any = None) -> Challenger:
    """Compares champion and challenger on the same held-out rows and records the gate's verdict."""
    from ml.flows.evaluate import evaluate as flow

    with open_workspace(dag_run) as workspace:
        result = flow(workspace, find_spec(models_dir(), model), challenger["decision_id"])
    log.info("%s: %s", "Passed" if result.passed else "Rejected", result.sentence)
    for finding in result.findings:
        log.info(finding.sentence())
    return Challenger(decision_id=challenger["decision_id"], sentence=result.sentence[:_SHOWN])


@task(multiple_outputs=False)
def promote(model: str, challenger: Challenger, dag_run: Any = None, outlet_events: Any = None, ti: Any = None) -> int:
    """Makes the challenger the champion if it passed the gate. Skipped for one that is rejected, or held."""
    from ml.flows.promote import promote as flow

    try:
        with open_workspace(dag_run) as workspace:
            promotion = flow(workspace, find_spec(models_dir(), model), challenger["decision_id"])
    except HeldError as error:
        raise AirflowSkipException(f"The champion stays for now. {error}") from error
    if promotion is None:
        # Skipped, not failed: nothing is wrong. And a skipped task sends no event of a new champion.
        raise AirflowSkipException(f"The challenger is rejected, the champion stays. {challenger['sentence']}")
    log.info("Version %s is the champion. %s", promotion.to_version, promotion.reason)
    note(outlet_events, ti, **champion_extra(promotion))
    return promotion.to_version


@task(multiple_outputs=False)
def promote_approved(
    model: str, challenger: Challenger, dag_run: Any = None, outlet_events: Any = None, ti: Any = None
) -> int:
    """Records who approved or rejected the challenger, and makes it the champion if the answer was Yes."""
    from evergreen_dags.approval import TASK, answer_of
    from ml.flows.approve import AIRFLOW, approve, reject
    from ml.flows.promote import promote as flow

    spec = find_spec(models_dir(), model)
    answer = answer_of(ti.xcom_pull(task_ids=TASK))
    yes, comment, user, name = answer or (False, "", "", None)
    with open_workspace(dag_run, actor=name) as workspace:
        with workspace.registry.read() as reader:
            version = reader.version_by_run_key(model, challenger["decision_id"])
        if answer is not None and version is not None:
            try:
                (approve if yes else reject)(
                    workspace, spec, version.version, comment=comment, via=AIRFLOW, who=(user,)
                )
            except AlreadyAnsweredError as error:
                log.warning("%s", error)
        promotion = flow(workspace, spec, challenger["decision_id"])
        with workspace.registry.read() as reader:
            word = None if version is None else reader.approval(model, version.version)
    said = "" if word is None else word.sentence()
    if promotion is None:
        raise AirflowSkipException(f"The challenger is rejected, the champion stays. {said}")
    log.info("Version %s is the champion. %s", promotion.to_version, said)
    note(outlet_events, ti, **champion_extra(promotion))
    return promotion.to_version


@task(multiple_outputs=False)
def broken_spec(message: str) -> None:
    """Fails with the errors of the spec. Correct the file: the model's own DAGs then take the place of this one."""
    raise SpecError(message, remedy="correct the file; Airflow reads it again by itself.")


def _window(workspace: Workspace, spec: ModelSpec, form: BatchForm, dag_run: Any) -> Window:
    """Resolve the window of a run, once; all later tasks are given it."""
    asked = (form.start, form.end)
    interval = _interval(spec, dag_run)
    if interval is not None and asked != (None, None):
        raise FormError(
            "A scheduled run or a backfill brings its own batches; From and Until were given too.",
            remedy="leave both empty, or start a run by hand.",
        )
    with workspace.registry.read() as reader:
        watermark = reader.watermark(spec.model)
    now = workspace.clock()
    window = resolve_window(batch=spec.time.batch, now=now, interval=interval, asked=asked, watermark=watermark)
    if window.end > now:
        raise DataError(
            f"The batch {window} of {spec.model} is not over yet.",
            remedy="start the run after its end, or say with From and Until which batch is meant.",
        )
    return window


def _interval(spec: ModelSpec, dag_run: Any) -> Window | None:
    """The data interval of a scheduled or backfilled run. One by hand has none, even if a logical date was entered."""
    if dag_run.run_type not in _WITH_INTERVAL:
        return None
    return interval_of(spec, dag_run.data_interval_start, dag_run.data_interval_end)


def _decision_id(workspace: Workspace, spec: ModelSpec, dag_run: Any, params: Mapping[str, Any]) -> str:
    """The decision that started the run; one made now, as of the newest batch, if a person did."""
    given = (dag_run.conf or {}).get("decision_id")
    if given is not None:
        return str(given).removesuffix(ASKING)
    from ml.flows.decide import decide as flow

    with workspace.registry.read() as reader:
        watermark = reader.watermark(spec.model)
        snapshots = () if watermark is None else reader.snapshots(spec.model, SnapshotRole.ROWS, as_of=watermark)
    if not snapshots:
        raise NotFoundError(f"{spec.model} has no batch to train on yet.", remedy=f"run the DAG {spec.model} first.")
    newest = max(snapshot.window for snapshot in snapshots)
    decision = flow(workspace, spec, newest, force=True, reason=read_reason(params), trigger=Trigger.MANUAL)
    _tell(decision)
    return decision.id


def _tell(decision: Decision) -> None:
    log.info("Decision %s: %s", decision.id, decision.sentence)
    _tell_rule(decision.result, 1)
    for guard in decision.guards:
        _tell_rule(guard, 1)


def _tell_rule(result: RuleResult, depth: int) -> None:
    log.info("%s%s: %s (%s)", "  " * depth, result.kind, result.sentence, result.verdict)
    for part in result.of:
        _tell_rule(part, depth + 1)


def _log_trial(done: int, of: int) -> None:
    log.info("Trial %s of %s.", done, of)
