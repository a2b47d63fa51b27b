"""The task that asks a person, and the one that records the answer, on real records; Airflow does not wait here."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from ml.domain.approvals import Answer
from ml.flows.loop import run
from ml.flows.workspace import Workspace
from ml.settings import Settings
from tests.integration.streams import spec_of, stream

MODEL = "orders"


def test_a_person_is_shown_the_comparison_and_the_answer_is_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow.sdk.exceptions import TaskAwaitingInput
    from evergreen_dags import tasks
    from evergreen_dags.approval import ask_person

    spec = spec_of(tmp_path, stream(), extra="gate: {min_rows: 20, approval: {assigned_users: [ann], expires: 2d}}")
    (tmp_path / "models").mkdir()
    document = yaml.safe_dump(spec.model_dump(mode="json", exclude_defaults=True))
    (tmp_path / "models" / f"{MODEL}.yaml").write_text(document)
    monkeypatch.setenv("EVERGREEN_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("EVERGREEN_MODELS_DIR", str(tmp_path / "models"))
    monkeypatch.delenv("EVERGREEN_DATABASE_URL", raising=False)
    with Workspace.open(Settings.from_environment()) as workspace:
        first = run(workspace, spec, start=datetime(2026, 1, 1, tzinfo=UTC), end=datetime(2026, 1, 2, tzinfo=UTC))[0]
    assert first.waits
    assert first.decision is not None
    challenger = {"decision_id": first.decision.id, "sentence": ""}
    asked: dict[str, Any] = {}
    monkeypatch.setattr("airflow.providers.standard.operators.hitl.upsert_hitl_detail", asked.update)
    handed_on: dict[str, Any] = {"evaluate": challenger}
    ti = SimpleNamespace(
        id="x", xcom_pull=lambda *, task_ids: handed_on.get(task_ids), task=SimpleNamespace(outlets=[])
    )
    dag_run = SimpleNamespace(triggering_user_name=None)
    operator = ask_person(spec)
    context: Any = {"ti": ti, "task_instance": ti, "dag_run": dag_run}
    with pytest.raises(TaskAwaitingInput):
        operator.execute(context)
    assert "| accuracy | " in asked["body"]
    assert asked["assigned_users"] == [{"id": "ann", "name": "ann"}]
    assert asked["defaults"] == ["Reject"]
    assert operator.response_timeout is not None
    assert timedelta(days=1, hours=23) < operator.response_timeout <= timedelta(days=2)

    event = {
        "chosen_options": ["Approve"],
        "params_input": {"comment": "as ever"},
        "responded_at": datetime.now(UTC),
        "responded_by_user": {"id": "ann", "name": "ann"},
    }
    handed_on["approval"] = operator.execute_complete(context, event)
    assert tasks.promote_approved.function(MODEL, challenger, dag_run=dag_run, outlet_events={}, ti=ti) == 1
    assert tasks.promote_approved.function(MODEL, challenger, dag_run=dag_run, outlet_events={}, ti=ti) == 1
    with Workspace.open(Settings.from_environment()) as workspace, workspace.registry.read() as reader:
        (word,) = reader.approvals(MODEL)
        assert (word.answer, word.actor, word.via, word.comment) == (Answer.APPROVED, "ann", "airflow", "as ever")
        assert [one.actor for one in reader.promotions(MODEL)] == ["ann"]
    assert operator.execute(context) is None, "what is decided is not asked again"
