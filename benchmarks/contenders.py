"""Who is compared in parse.py: our DAGs, the same ones written plainly, and dag-factory's."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
SPEC = """\
model: {name}
problem: {{kind: classification, target: price_up}}
source: {{kind: file, path: "data/{name}/*.parquet"}}
time: {{column: ts, batch: 7d}}
schedule: "@weekly"
monitoring: {{report: on_retrain}}
"""
"""With the task that draws a report, which the others have too."""
DOC = "### {name}\n\n- **Problem**: classification\n- **Schedule**: `@weekly`\n" + "Words about it. " * 40


def names(models: int) -> list[str]:
    return [f"m{index:04}" for index in range(models)]


def write_specs(folder: Path, models: int) -> None:
    folder.mkdir()
    for name in names(models):
        (folder / f"{name}.yaml").write_text(SPEC.format(name=name))


def ours(folder: Path, models: int) -> Callable[[], dict[str, Any]]:
    sys.path.insert(0, str(ROOT / "dags"))
    from evergreen_dags.factory import build_dags

    specs = folder / "specs"
    write_specs(specs, models)
    return lambda: build_dags(specs)


def bare(folder: Path, models: int) -> Callable[[], dict[str, Any]]:
    return _plain(models, form=False)


def bare_with_form(folder: Path, models: int) -> Callable[[], dict[str, Any]]:
    return _plain(models, form=True)


def _plain(models: int, *, form: bool) -> Callable[[], dict[str, Any]]:
    from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
    from airflow.sdk import DAG, Asset, CronDataIntervalTimetable, ExceptionRetryPolicy, RetryAction, RetryRule, task

    sys.path.insert(0, str(ROOT / "dags"))
    from evergreen_dags.form import batch_params, retrain_params

    @task(multiple_outputs=False)
    def step(model: str, given: Any = None, dag_run: Any = None, outlet_events: Any = None, ti: Any = None) -> Any:
        """Does something."""

    @task.short_circuit(multiple_outputs=False, ignore_downstream_trigger_rules=False)
    def choose(model: str, given: Any = None, dag_run: Any = None, params: Any = None, ti: Any = None) -> Any:
        """Decides something."""

    def say(context: Any) -> None:
        """Says something."""

    policy = ExceptionRetryPolicy([RetryRule(ConnectionError, RetryAction.RETRY)])
    defaults = {
        "owner": "me",
        "retries": 3,
        "retry_delay": timedelta(seconds=30),
        "retry_exponential_backoff": 2.0,
        "max_retry_delay": timedelta(minutes=15),
        "execution_timeout": timedelta(hours=1),
        "on_failure_callback": say,
        "retry_policy": policy,
    }
    start = datetime(2020, 1, 1, tzinfo=UTC)

    def one(name: str) -> tuple[DAG, DAG]:
        common: dict[str, Any] = {"default_args": defaults, "tags": ["a", "b"], "max_active_runs": 1}
        common["doc_md"] = DOC.format(name=name)
        weekly = CronDataIntervalTimetable("@weekly", timezone="UTC")
        extra: dict[str, Any] = {"params": batch_params()} if form else {}
        with DAG(name, schedule=weekly, start_date=start, catchup=False, **common, **extra) as first:
            given: Any = step.override(task_id="ingest")(name)
            snapshot = Asset(f"snapshot/{name}", f"x-e://snapshot/{name}")
            given = step.override(task_id="validate", outlets=[snapshot])(name, given)
            given = step.override(
                task_id="monitor",
                inlets=[Asset(f"champion/{name}", f"x-e://champion/{name}")],
                outlets=[Asset(f"observation/{name}", f"x-e://observation/{name}")],
            )(name, given)
            decision: Any = choose.override(task_id="decide")(name, given)
            decision >> step.override(task_id="report")(name, given)
            TriggerDagRunOperator(
                task_id="retrain",
                trigger_dag_id=f"{name}.retrain",
                trigger_run_id=decision,
                conf={"decision_id": decision},
                logical_date=None,
                wait_for_completion=True,
                deferrable=True,
                poke_interval=2,
            )
        extra = {"params": retrain_params()} if form else {}
        with DAG(f"{name}.retrain", schedule=None, start_date=start, **common, **extra) as second:
            inlet = Asset(f"observation/{name}", f"x-e://observation/{name}")
            given = step.override(task_id="train", inlets=[inlet])(name)
            given = step.override(task_id="evaluate")(name, given)
            step.override(task_id="promote", outlets=[Asset(f"champion/{name}", f"x-e://champion/{name}")])(name, given)
        return first, second

    return lambda: {dag.dag_id: dag for name in names(models) for dag in one(name)}


def dag_factory(folder: Path, models: int) -> Callable[[], dict[str, Any]]:
    os.environ.setdefault("DAGFACTORY_ENABLE_TELEMETRY", "False")
    os.environ["DO_NOT_TRACK"] = "True"
    import logging

    import dagfactory

    logging.disable(logging.INFO)
    (folder / "peer_steps.py").write_text("def step(*args, **kwargs):\n    return None\n")
    sys.path.insert(0, str(folder))
    specs = folder / "peer"
    specs.mkdir()
    python = "airflow.providers.standard.operators.python"
    for name in names(models):
        (specs / f"{name}.yaml").write_text(_peer_yaml(name, python))

    def build() -> dict[str, Any]:
        found: dict[str, Any] = {}
        for path in sorted(specs.iterdir()):
            dagfactory.load_yaml_dags(found, config_filepath=str(path))
        return found

    return build


def _peer_yaml(name: str, python: str) -> str:
    """The same nine tasks without assets, form and retry policy, in its own language."""

    def task(task_id: str, *after: str, operator: str = f"{python}.PythonOperator") -> str:
        head = f"    - task_id: {task_id}\n      operator: {operator}\n      python_callable: peer_steps.step\n"
        return f"{head}      dependencies: [{', '.join(after)}]\n"

    head = """\
  default_args: {{owner: me, start_date: 2020-01-01, retries: 3, retry_delay_sec: 30}}
  catchup: false
  max_active_runs: 1
  tags: [a, b]
  doc_md: {doc}
  tasks:
"""
    doc = json.dumps(DOC.format(name=name))
    trigger = (
        "    - task_id: retrain\n"
        "      operator: airflow.providers.standard.operators.trigger_dagrun.TriggerDagRunOperator\n"
        f"      trigger_dag_id: {name}.retrain\n      wait_for_completion: true\n      deferrable: true\n"
        "      dependencies: [decide]\n"
    )
    return (
        f'{name}:\n  schedule: "@weekly"\n{head.format(doc=doc)}'
        + task("ingest")
        + task("validate", "ingest")
        + task("monitor", "validate")
        + task("decide", "monitor", operator=f"{python}.ShortCircuitOperator")
        + task("report", "monitor", "decide")
        + trigger
        + f"{name}.retrain:\n{head.format(doc=doc)}"
        + task("train")
        + task("evaluate", "train")
        + task("promote", "evaluate")
    )


CONTENDERS: dict[str, Callable[[Path, int], Callable[[], dict[str, Any]]]] = {
    "ours": ours,
    "bare": bare,
    "bare_with_form": bare_with_form,
    "dag_factory": dag_factory,
}
