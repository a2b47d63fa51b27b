"""The DAG that plays policies over a model's past."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from evergreen_dags.form import FormError
from evergreen_dags.replaying import DAG_ID, ReplayForm, read_replay_form, replay_dag

from ml.flows.loop import run
from ml.flows.workspace import Workspace
from ml.settings import Settings
from ml.specs import load_spec
from tests.dags.conftest import DAGS
from tests.integration.streams import stream

ANSWERS = {"model": "orders", "start": None, "end": None, "error": None, "training": None}


def parsed() -> Any:
    """Parse the whole folder of DAGs."""
    from airflow.dag_processing.dagbag import BundleDagBag

    found = BundleDagBag(str(DAGS), bundle_path=DAGS, bundle_name="dags-folder")
    assert found.import_errors == {}
    return found


def test_it_is_one_dag_for_all_models(write):
    write("orders")
    found = parsed()
    assert sorted(found.dags) == [DAG_ID, "orders", "orders.retrain"]
    assert type(found.dags[DAG_ID].timetable).__name__ == "NullTimetable"


def test_its_form_says_what_each_field_does():
    params = replay_dag().params
    assert list(params) == ["model", "start", "end", "error", "training"]
    for name in params:
        param = params.get_param(name)
        assert param.schema["title"]
        assert param.description.endswith(".")


def test_answers_are_read():
    given = ANSWERS | {"start": "2026-01-01", "error": 2, "training": 0}
    assert read_replay_form(given) == ReplayForm("orders", datetime(2026, 1, 1, tzinfo=UTC), None, 2.0, 0.0)
    assert read_replay_form(ANSWERS) == ReplayForm("orders", None, None, None, None)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("model", None),
        ("model", " "),
        ("model", 3),
        ("start", "soon"),
        ("error", 0),
        ("error", -1),
        ("error", True),
        ("training", "much"),
        ("training", -0.5),
    ],
)
def test_an_answer_that_cannot_be_used_is_named(name, value):
    with pytest.raises(FormError, match=f"`{name}`"):
        read_replay_form(ANSWERS | {name: value})


def test_a_past_that_ends_before_it_begins_is_refused():
    with pytest.raises(FormError, match="no past"):
        read_replay_form(ANSWERS | {"start": "2026-02-01", "end": "2026-01-01"})


def test_a_run_records_the_replay_under_the_name_of_who_started_it(
    airflow_database, write, tmp_path: Path, monkeypatch
):
    path = write("orders", "training: {min_rows: 50, candidates: [{estimator: LogisticRegression}]}")
    path.write_text(path.read_text().replace("batch: 7d", "batch: 1d").replace("orders/*.csv", "orders.csv"))
    stream().to_csv(tmp_path / "orders.csv", index=False)
    for name, value in (("HOME", tmp_path), ("DATA_ROOT", tmp_path), ("DATABASE_URL", f"sqlite:///{tmp_path}/e.db")):
        monkeypatch.setenv(f"EVERGREEN_{name}", str(value))
    spec = load_spec(path)
    with Workspace.open(Settings.from_environment(), actor="test") as workspace:
        run(workspace, spec, start=datetime(2026, 1, 1, tzinfo=UTC), end=datetime(2026, 1, 8, tzinfo=UTC))
    done = parsed().dags[DAG_ID].test(run_conf={"model": "orders", "error": 2.0})
    assert done.state == "success"
    with Workspace.open(Settings.from_environment()) as workspace, workspace.registry.read() as reader:
        (record,) = reader.replays("orders")
    assert record.actor == (done.triggering_user_name or "airflow")
    assert record.costs["error"] == 2.0
