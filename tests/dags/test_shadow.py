"""A challenger in the shadow as Airflow's tasks see it: who ends well without promoting, who promotes and says so."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from ml.domain.windows import Window
from ml.flows.ingest import ingest
from ml.flows.loop import BatchOutcome, run
from ml.flows.monitor import monitor
from ml.flows.score import score
from ml.flows.validate import validate
from ml.flows.workspace import Workspace
from ml.settings import Settings
from ml.specs import ModelSpec
from tests.integration.streams import SPAN, spec_of, stream

MODEL = "orders"
EVERY_2 = "policy: {when: {kind: schedule, every: 2}}"
DAG_RUN = SimpleNamespace(triggering_user_name=None, run_type="scheduled", conf={})
Home = Callable[[str], ModelSpec]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """Write the model's spec with a gate, and point Evergreen at it."""

    def write(gate: str) -> ModelSpec:
        spec = spec_of(tmp_path, stream(turn_on_day=99), extra=f"{gate}\n{EVERY_2}")
        (tmp_path / "models").mkdir(exist_ok=True)
        document = yaml.safe_dump(spec.model_dump(mode="json", exclude_defaults=True))
        (tmp_path / "models" / f"{MODEL}.yaml").write_text(document)
        monkeypatch.setenv("EVERGREEN_HOME", str(tmp_path / "home"))
        monkeypatch.setenv("EVERGREEN_MODELS_DIR", str(tmp_path / "models"))
        monkeypatch.delenv("EVERGREEN_DATABASE_URL", raising=False)
        return spec

    return write


def day(number: int) -> Window:
    return Window(SPAN.start + timedelta(days=number), SPAN.start + timedelta(days=number + 1))


def played(spec: ModelSpec, days: int) -> tuple[BatchOutcome, ...]:
    with Workspace.open(Settings.from_environment(), actor="tester") as workspace:
        return run(workspace, spec, start=SPAN.start, end=day(days).start)


def decided(spec: ModelSpec, number: int) -> tuple[str, list[Any]]:
    """Take in a batch and let the task decide; return what it hands on and the events of champions that it sends."""
    from airflow.sdk.execution_time.context import OutletEventAccessors
    from evergreen_dags import tasks
    from evergreen_dags.assets import champions_of

    window = day(number)
    with Workspace.open(Settings.from_environment(), actor="tester") as workspace:
        for flow in (ingest, validate, score, monitor):
            flow(workspace, spec, window)
    outlets = champions_of(spec)
    ti = SimpleNamespace(task=SimpleNamespace(outlets=outlets), xcom_push=lambda *_: None)
    events = OutletEventAccessors()
    batch = {"start": window.start.isoformat(), "end": window.end.isoformat()}
    handed_on = tasks.decide.function(MODEL, batch, dag_run=DAG_RUN, params={}, ti=ti, outlet_events=events)
    return handed_on, [one for outlet in outlets for one in events[outlet].asset_alias_events]


def test_a_held_challenger_is_skipped_and_goes_live_with_an_event(home: Home) -> None:
    from airflow.sdk.exceptions import AirflowSkipException
    from evergreen_dags import tasks

    spec = home("gate: {shadow: 1, min_rows: 20}")
    outcome = played(spec, 3)[-1]
    assert outcome.held
    assert outcome.decision is not None
    challenger = {"decision_id": outcome.decision.id, "sentence": ""}
    ti = SimpleNamespace(task=SimpleNamespace(outlets=[]))
    with pytest.raises(AirflowSkipException, match="Version 2 of orders passed the gate and is held in the shadow"):
        tasks.promote.function(MODEL, challenger, dag_run=DAG_RUN, outlet_events={}, ti=ti)
    handed_on, events = decided(spec, 3)
    assert handed_on == ""
    (event,) = events
    assert (event.dest_asset_key.name, event.dest_asset_key.uri) == ("champion/orders", "x-evergreen://champion/orders")
    assert event.extra == {"version": 2, "generation": 2, "decision_id": outcome.decision.id}
    assert tasks.promote.function(MODEL, challenger, dag_run=DAG_RUN, outlet_events={}, ti=ti) == 2, "cleared later"


def test_what_stood_is_asked_about_in_a_run_of_its_own(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    from airflow.sdk.exceptions import AirflowSkipException, TaskAwaitingInput
    from evergreen_dags import tasks
    from evergreen_dags.approval import ask_person

    from ml.flows.approve import COMMAND_LINE, approve

    spec = home("gate: {shadow: 1, min_rows: 20, approval: {comment: false}}")
    played(spec, 1)
    with Workspace.open(Settings.from_environment(), actor="ann") as workspace:
        approve(workspace, spec, 1, comment="", via=COMMAND_LINE)
    outcome = played(spec, 3)[-1]
    assert outcome.held
    assert outcome.decision is not None
    handed_on: dict[str, Any] = {"evaluate": {"decision_id": outcome.decision.id, "sentence": ""}}
    ti = SimpleNamespace(
        id="x", xcom_pull=lambda *, task_ids: handed_on.get(task_ids), task=SimpleNamespace(outlets=[])
    )
    context: Any = {"ti": ti, "task_instance": ti, "dag_run": DAG_RUN}
    with pytest.raises(AirflowSkipException, match="Nobody is asked yet"):
        ask_person(spec).execute(context)
    run_id, events = decided(spec, 3)
    assert run_id == f"{outcome.decision.id}{tasks.ASKING}"
    assert events == [], "nobody went live"
    started = SimpleNamespace(triggering_user_name=None, run_type="manual", conf={"decision_id": run_id})
    again = tasks.train.function(MODEL, dag_run=started, params={})
    assert again["decision_id"] == outcome.decision.id
    assert tasks.evaluate.function(MODEL, again, dag_run=started)["decision_id"] == outcome.decision.id
    asked: dict[str, Any] = {}
    monkeypatch.setattr("airflow.providers.standard.operators.hitl.upsert_hitl_detail", asked.update)
    with pytest.raises(TaskAwaitingInput):
        ask_person(spec).execute(context)
    assert "Stood in the shadow" in asked["body"]
    with Workspace.open(Settings.from_environment(), actor="ann") as workspace:
        approve(workspace, spec, 2, comment="", via=COMMAND_LINE)
        with workspace.registry.read() as reader:
            assert [one.actor for one in reader.promotions(MODEL)] == ["ann", "ann"]


def test_a_rollback_by_the_watch_sends_the_champion_s_event(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    from ml.evaluation import Look
    from ml.evaluation.gain import Gain, Method

    spec = home("gate: {watch: true, min_rows: 20}")
    played(spec, 3)
    bad = Look("accuracy", Gain(-0.5, lambda _: -0.5, Method.SCORE), 0.0, 0.002, rows=40, batches=1, most=5)
    monkeypatch.setattr("ml.flows.watch.look_at", lambda *_: bad)
    _, (event,) = decided(spec, 3)
    assert (event.dest_asset_key.name, event.extra["version"]) == ("champion/orders", 1)


def test_the_champion_s_event_is_sent_though_the_shadow_was_taken_out_of_the_spec_meanwhile(home: Home) -> None:
    spec = home("gate: {shadow: 1, min_rows: 20}")
    assert played(spec, 3)[-1].held
    _, (event,) = decided(home("gate: {min_rows: 20}"), 3)
    assert (event.dest_asset_key.name, event.extra["version"]) == ("champion/orders", 2)
