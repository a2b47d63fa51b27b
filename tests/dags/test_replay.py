"""`evergreen.replay`: what Airflow sees of it, its form, and what its task makes of the answers."""

import logging
import time
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from airflow.sdk.definitions.param import ParamsDict
from evergreen_dags import replay
from evergreen_dags.form import FormError
from evergreen_dags.replay import DAG_ID, build_replay_dag
from evergreen_dags.replay_form import ReplayForm, read_replay_form, replay_params

from ml.domain.errors import SpecError
from tests.dags.conftest import DAGS
from tests.dags.test_parsing import HEAVY, LIGHT, PLAIN, imported

ANSWERS = {
    "model": "orders",
    "policies": None,
    "start": None,
    "end": None,
    "error": None,
    "training": None,
    "per_hour": None,
    "look": None,
    "jobs": 1,
}


def test_it_is_one_dag_for_all_models_in_a_file_of_its_own(write, bag):
    write("orders")
    write("parcels", "polcy: {}")
    dags = bag(keep=DAG_ID).dags
    assert sorted(dags) == [DAG_ID, "orders", "orders.retrain", "parcels"]
    assert dags[DAG_ID].relative_fileloc == "evergreen_replay.py"
    assert dags[DAG_ID].params.get_param("model").schema["enum"] == ["orders", "parcels"]


def test_without_a_model_there_is_no_dag_and_no_error(bag):
    assert bag(keep=DAG_ID).dags == {}


def test_it_never_starts_by_itself_and_needs_no_unpausing(write, bag, monkeypatch):
    write("orders")
    monkeypatch.setenv("EVERGREEN_TRAINING_POOL", "training")
    dag = bag(keep=DAG_ID).dags[DAG_ID]
    assert type(dag.timetable).__name__ == "NullTimetable"
    assert dag.is_paused_upon_creation is False
    (task,) = dag.tasks
    assert (task.task_id, task.pool, task.retries, task.owner) == ("play", "training", 3, "evergreen")
    assert task.retry_policy is not None
    assert task.execution_timeout is not None
    assert task.doc_md
    assert dag.doc_md


def test_parsing_loads_no_spec_and_imports_nothing_heavy(write, models, monkeypatch):
    write("orders")
    write("broken", "polcy: {}")
    program = "import runpy; found = runpy.run_path('{}'); assert found['dag'].dag_id == 'evergreen.replay'"
    ours = imported(program.format(DAGS / "evergreen_replay.py"), models)
    assert not [name for name in ours if name.startswith(HEAVY)]
    more = {name.partition(".")[0] for name in ours - imported(PLAIN, models)}
    assert more - {"encodings", "runpy"} <= LIGHT
    monkeypatch.setattr("evergreen_dags.specs.load_spec", lambda path: pytest.fail(f"loaded {path}"))
    assert build_replay_dag() is not None


def test_it_survives_serialisation(write, bag):
    from airflow.serialization.serialized_objects import DagSerialization

    write("orders")
    first, second = (DagSerialization.to_dict(bag(keep=DAG_ID).dags[DAG_ID]) for _ in range(2))
    assert first == second
    assert sorted(DagSerialization.from_dict(first).params) == sorted(ANSWERS)


def test_the_form_asks_for_nothing_but_the_model():
    several = ParamsDict(replay_params(["orders", "parcels"]))
    with pytest.raises(Exception, match="No value passed"):
        several.validate()
    several["model"] = "parcels"
    assert several.validate() == {**ANSWERS, "model": "parcels"}
    assert ParamsDict(replay_params(["orders"])).validate() == ANSWERS
    with pytest.raises(Exception, match="is not one of"):
        several["model"] = "pears"


def test_every_field_has_a_title_and_says_what_it_does():
    for param in replay_params(["orders"]).values():
        assert param.schema["title"]
        assert param.schema["section"]
        assert param.description or param.schema["description_md"]


def test_the_answers_are_read():
    assert read_replay_form(ANSWERS) == ReplayForm("orders")
    given = {
        **ANSWERS,
        "policies": " when: {kind: never}\n",
        "start": "2026-01-01",
        "end": "2026-03-01T00:00:00Z",
        "error": 2,
        "look": 0.5,
        "jobs": 2,
    }
    assert read_replay_form(given) == ReplayForm(
        "orders",
        datetime(2026, 1, 1, tzinfo=UTC),
        datetime(2026, 3, 1, tzinfo=UTC),
        "when: {kind: never}",
        {"error": 2.0, "look": 0.5},
        2,
    )


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"model": None}, r"Model \(`model`\) was None; accepted is the name of a model"),
        ({"start": "next week"}, r"From \(`start`\): 'next week' is not a date: write it as 2026-03-01"),
        ({"start": "2026-03-08", "end": "2026-03-01"}, "the start must come before the end"),
        ({"policies": {"when": {"kind": "never"}}}, "accepted is YAML as text"),
        ({"training": "500"}, r"Cost of a retraining \(`training`\) was '500'; accepted is a number"),
        ({"error": True}, r"Cost of an error \(`error`\) was True; accepted is a number"),
        ({"jobs": 0}, "accepted is a whole number from 1 to 64"),
        ({"jobs": 1.5}, "accepted is a whole number from 1 to 64"),
        ({"jobs": True}, "accepted is a whole number from 1 to 64"),
    ],
)
def test_answers_that_cannot_be_used_name_field_answer_and_what_is_accepted(wrong, words):
    with pytest.raises(FormError, match=words) as caught:
        read_replay_form({**ANSWERS, **wrong})
    assert caught.value.remedy


@pytest.fixture
def started(write, tmp_path, monkeypatch):
    """Run the task's own code with a form, where `orders` has a sound spec and `parcels` a broken one."""
    write("orders")
    write("parcels", "polcy: {}")
    monkeypatch.setenv("EVERGREEN_HOME", str(tmp_path / "home"))
    by_hand = SimpleNamespace(triggering_user_name="mia")
    return lambda params: replay.play.function(dag_run=by_hand, params=params)


@pytest.mark.parametrize(
    ("model", "form", "words"),
    [
        ("pears", {}, "'pears' must be described by exactly one file"),
        ("parcels", {}, r"parcels\.yaml:5: polcy"),
        ("orders", {"policies": "when: {kind: nvr}"}, r"Policies \(`policies`\):1: when.kind: given \"nvr\""),
        ("orders", {"policies": "[1]"}, r"Policies \(`policies`\) holds no policy"),
        ("orders", {"policies": "a: {when: ["}, "this is not YAML"),
        ("orders", {"policies": "a: &x {when: {kind: never}}\nb: *x"}, "anchor"),
        ("orders", {"error": -1}, "The form cannot use 'error=-1': input should be greater than 0"),
        ("orders", {"look": 2}, "The form cannot use 'look=2'"),
        ("orders", {"policies": "never: {when: {kind: never}}"}, "the name 'never' is taken"),
    ],
)
def test_what_only_the_spec_can_tell_is_checked_before_anything_is_played(started, model, form, words):
    with pytest.raises(SpecError, match=words):
        started({**ANSWERS, "model": model, **form})


def test_progress_is_logged_now_and_then_with_the_time_left(caplog, monkeypatch):
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    caplog.set_level(logging.INFO, logger="evergreen_dags.replay")
    advance = replay._Progress()
    for done in range(20, 101):
        advance("trainings", done, 100)
        now[0] += 5.0
    assert caplog.messages[:2] == [
        "100 trainings are needed; 20 of them were kept from before.",
        "24 of 100 trainings, 6 min left.",
    ]
    assert caplog.messages[-1] == "100 of 100 trainings."
    assert len(caplog.messages) <= 2 + 80 * 5 / 20
