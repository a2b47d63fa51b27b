"""From specs to DAGs: two a model, one for a spec that cannot be used."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from airflow.sdk import DAG, Param, get_parsing_context
from airflow.sdk.definitions.param import ParamsDict
from airflow.sdk.exceptions import AirflowException

from evergreen_dags import tasks
from evergreen_dags.assets import asset, champions_of
from evergreen_dags.form import batch_params, retrain_params
from evergreen_dags.retries import RETRYING, say_what_to_do
from evergreen_dags.schedule import timetable_of
from evergreen_dags.specs import Broken, Sound, find_spec, load_specs, models_dir
from evergreen_dags.start import await_verdict, start_retraining
from evergreen_dags.text import broken_doc, model_doc, retrain_doc
from ml.domain.errors import SpecError
from ml.domain.windows import EPOCH
from ml.specs import ModelSpec

BROKEN_TASK = "broken_spec"
_TRAINING_HOURS = 6
_STEP = timedelta(hours=1)
_WAITING_RUNS = 16
"""A run that was answered elsewhere waits on until its time is over; the lease lets one at a time retrain."""


def build_dags(folder: Path | None = None, *, part: int = 1, parts: int = 1) -> dict[str, DAG]:
    """Build the DAGs of all specs in ``folder``, by id; of one of ``parts`` where many models need several DAG files.

    When Airflow parses on behalf of a task it says for which DAG: then only that model's spec is read.
    """
    folder = folder or models_dir()
    context = get_parsing_context()
    if context.dag_id is not None and context.task_id != BROKEN_TASK:
        try:
            dags = _by_id(_model_dags(find_spec(folder, context.dag_id.removesuffix(".retrain"))))
        except (SpecError, ValueError, AirflowException):
            dags = {}
        if context.dag_id in dags:
            return dags
    sound, broken = load_specs(folder, part=part, parts=parts)
    return _all_dags(sound, broken)


def _all_dags(sound: list[Sound], broken: list[Broken]) -> dict[str, DAG]:
    dags: dict[str, DAG] = {}
    for item in sound:
        try:
            dags |= _by_id(_model_dags(item.spec))
        except (
            ValueError,
            AirflowException,
        ) as error:  # what only Airflow can know: a cron field out of range, a tag too long
            broken = [*broken, Broken(item.path, f"{item.path}: Airflow cannot make a DAG of this spec: {error}")]
    for failed in broken:
        dag_id = failed.path.stem if failed.path.stem not in dags else failed.path.name
        dags[dag_id] = _placeholder(dag_id, failed.message)
    return dags


def _by_id(dags: Iterable[DAG]) -> dict[str, DAG]:
    return {dag.dag_id: dag for dag in dags}


def _model_dags(spec: ModelSpec) -> tuple[DAG, DAG]:
    return _batch_dag(spec), _retrain_dag(spec)


def _batch_dag(spec: ModelSpec) -> DAG:
    dag = DAG(
        spec.model,
        schedule=timetable_of(spec),
        start_date=spec.start or EPOCH,
        catchup=spec.start is not None,
        doc_md=model_doc(spec),
        **_common(spec),
    )
    champion, observation = asset(spec.model, "champion"), asset(spec.model, "observation")
    with dag:
        batch: Any = tasks.ingest(spec.model)
        batch = tasks.validate.override(outlets=[asset(spec.model, "snapshot")])(spec.model, batch)
        batch = tasks.monitor.override(inlets=[champion], outlets=[observation])(spec.model, batch)
        decision: Any = tasks.decide.override(outlets=champions_of(spec))(spec.model, batch)
        started = start_retraining(
            model_dag_id=spec.model,
            retrain_dag_id=spec.retrain_dag_id,
            decision_id=decision,
            wait=spec.gate.approval is None,
        )
        if spec.gate.approval is not None:
            started >> await_verdict(retrain_dag_id=spec.retrain_dag_id, decision_id=decision)
        if spec.monitoring.report == "always":
            tasks.report(spec.model, batch)
        elif spec.monitoring.report == "on_retrain":
            decision >> tasks.report(spec.model, batch)
    _give_form(dag, batch_params())
    return dag


def _retrain_dag(spec: ModelSpec) -> DAG:
    dag = DAG(
        spec.retrain_dag_id,
        schedule=None,
        start_date=EPOCH,
        doc_md=retrain_doc(spec),
        # It never starts by itself: unpausing `<model>` is the one switch.
        is_paused_upon_creation=False,
        **_common(spec, runs=1 if spec.gate.approval is None else _WAITING_RUNS),
    )
    limit = spec.training.max_duration or timedelta(hours=_TRAINING_HOURS)
    pool = os.environ.get("EVERGREEN_TRAINING_POOL") or "default_pool"
    with dag:
        heavy: dict[str, Any] = {"execution_timeout": limit, "pool": pool}
        challenger: Any = tasks.train.override(inlets=[asset(spec.model, "observation")], **heavy)(spec.model)
        challenger = tasks.evaluate.override(**heavy)(spec.model, challenger)
        outlets = [asset(spec.model, "champion")]
        if spec.gate.approval is None:
            tasks.promote.override(outlets=outlets)(spec.model, challenger)
        else:
            from evergreen_dags.approval import ask_person

            asked = ask_person(spec)
            challenger >> asked
            asked >> tasks.promote_approved.override(task_id="promote", outlets=outlets)(spec.model, challenger)
    _give_form(dag, retrain_params())
    return dag


def _give_form(dag: DAG, params: Mapping[str, Param]) -> None:
    """Give a DAG its form, after its tasks and past the DAG's own setter.

    Tasks made before do not carry a copy of their own each, and the setter would check by JSON schema, for every model,
    that the form's defaults are valid: together most of the cost of a generated DAG. They are: a test says so, once.
    """
    object.__setattr__(dag, "params", ParamsDict(params))


def _common(spec: ModelSpec, *, runs: int = 1) -> dict[str, Any]:
    return {
        "description": spec.description or None,
        "tags": ["evergreen", spec.problem.kind, *spec.tags],
        "max_active_runs": runs,
        "default_args": {
            "owner": spec.owner,
            "execution_timeout": _STEP,
            "on_failure_callback": say_what_to_do,
            **RETRYING,
        },
        "auto_register": False,
    }


def _placeholder(dag_id: str, message: str) -> DAG:
    dag = DAG(
        dag_id,
        schedule=None,
        start_date=EPOCH,
        tags=["evergreen", "broken-spec"],
        doc_md=broken_doc(message),
        description="This spec cannot be used: see the documentation of this DAG.",
        default_args={"on_failure_callback": say_what_to_do},
        auto_register=False,
    )
    with dag:
        tasks.broken_spec(message)
    return dag
