"""What Airflow sees of a model: two DAGs, their tasks, schedule, assets, retries."""

from datetime import UTC, datetime, timedelta

import pytest

SCHEDULED = 'schedule: "@weekly"'


def test_a_model_is_two_dags(write, bag):
    write("orders", SCHEDULED)
    dags = bag().dags
    assert sorted(dags) == ["orders", "orders.retrain"]
    assert [task.task_id for task in dags["orders"].topological_sort()][:4] == [
        "ingest",
        "validate",
        "monitor",
        "decide",
    ]
    assert [task.task_id for task in dags["orders.retrain"].topological_sort()] == ["train", "evaluate", "promote"]


def test_the_dags_are_the_file_evergreen_py_and_the_package_is_hidden(write, bag):
    write("orders")
    assert {dag.relative_fileloc for dag in bag().dags.values()} == {"evergreen.py"}


def test_each_task_follows_the_one_before_and_nothing_waits_for_the_report(write, bag):
    write("orders", "monitoring: {report: on_retrain}")
    dag = bag().dags["orders"]
    assert {task.task_id: task.downstream_task_ids for task in dag.tasks} == {
        "ingest": {"validate"},
        "validate": {"monitor"},
        "monitor": {"decide", "report"},
        "decide": {"retrain", "report"},
        "retrain": set(),
        "report": set(),
    }


@pytest.mark.parametrize(
    ("when", "upstream"), [("never", None), ("on_retrain", {"monitor", "decide"}), ("always", {"monitor"})]
)
def test_the_report_is_built_when_the_spec_says(write, bag, when, upstream):
    write("orders", f"monitoring: {{report: {when}}}")
    dag = bag().dags["orders"]
    assert (dag.get_task("report").upstream_task_ids if dag.has_task("report") else None) == upstream


ASKS = "gate: {approval: {assigned_users: [ann, {id: '7', name: bob}], expires: 2d}}"


def test_a_person_is_asked_between_gate_and_promotion_only_where_the_spec_says(write, bag):
    write("orders", ASKS)
    dags = bag().dags
    dag = dags["orders.retrain"]
    assert {task.task_id: task.downstream_task_ids for task in dag.tasks} == {
        "train": {"evaluate"},
        "evaluate": {"approval", "promote"},
        "approval": {"promote"},
        "promote": set(),
    }
    asked = dag.get_task("approval")
    assert asked.assigned_users == [{"id": "ann", "name": "ann"}, {"id": "7", "name": "bob"}]
    assert (asked.response_timeout, asked.defaults) == (timedelta(days=2), ["Reject"])
    assert list(asked.params) == ["comment"]
    assert [asset.name for asset in dag.get_task("promote").outlets] == ["champion/orders"]


def test_no_batch_waits_for_a_person(write, bag):
    write("orders", ASKS)
    dags = bag().dags
    start = dags["orders"].get_task("retrain")
    assert (start.wait_for_completion, start.deferrable, start.downstream_task_ids) == (False, False, {"verdict"})
    assert dags["orders.retrain"].max_active_runs > 1, "a run that was answered elsewhere does not block the next"
    assert dags["orders.retrain"].dagrun_timeout is None


def test_every_task_of_an_asking_model_is_as_the_others_and_survives_serialisation(write, bag):
    from airflow.serialization.serialized_objects import DagSerialization

    write("orders", ASKS)
    first, second = bag().dags, bag().dags
    for dag_id, dag in first.items():
        written = DagSerialization.to_dict(dag)
        assert written == DagSerialization.to_dict(second[dag_id])
        assert sorted(DagSerialization.from_dict(written).task_dict) == sorted(dag.task_dict)
        for task in dag.tasks:
            assert (task.retries, len(task.on_failure_callback)) == (3, 1)
            assert task.doc_md
            assert task.execution_timeout is not None or task.task_id in {"retrain", "verdict"}


def test_one_run_of_a_model_at_a_time(write, bag):
    write("orders")
    assert {dag.max_active_runs for dag in bag().dags.values()} == {1}


def test_the_schedule_gives_real_intervals_in_utc(write, bag):
    write("orders", SCHEDULED)
    timetable = bag().dags["orders"].timetable
    assert type(timetable).__name__ == "CronDataIntervalTimetable"
    assert (timetable.expression, str(timetable.timezone)) == ("0 0 * * 0", "UTC")


def test_without_a_schedule_only_by_hand(write, bag):
    write("orders")
    assert type(bag().dags["orders"].timetable).__name__ == "NullTimetable"


def test_past_batches_are_caught_up_only_from_a_start(write, bag):
    write("live", SCHEDULED)
    write("replayed", SCHEDULED, "start: 2026-01-04")
    dags = bag().dags
    assert not dags["live"].catchup
    assert dags["replayed"].catchup
    assert dags["replayed"].start_date == datetime(2026, 1, 4, tzinfo=UTC)


def test_a_schedule_that_ends_leaves_runs_by_hand_free(write, bag):
    write("orders", SCHEDULED, "start: 2026-01-04", "end: 2026-02-01")
    dag = bag().dags["orders"]
    assert dag.end_date is None
    assert [f"{moment:%m-%d}" for moment in dag.timetable.event_dates] == ["01-11", "01-18", "01-25", "02-01"]


def test_the_retraining_needs_no_unpausing(write, bag):
    write("orders")
    dags = bag().dags
    assert dags["orders.retrain"].is_paused_upon_creation is False
    assert dags["orders"].is_paused_upon_creation is None


def test_the_retraining_is_one_run_a_decision_and_waited_for_without_a_worker(write, bag):
    write("orders")
    task = bag().dags["orders"].get_task("retrain")
    assert task.trigger_dag_id == "orders.retrain"
    assert str(task.trigger_run_id) == str(task.conf["decision_id"])
    assert "task_ids='decide'" in str(task.trigger_run_id)
    assert (task.skip_when_already_exists, task.fail_when_dag_is_paused) == (True, True)
    assert (task.wait_for_completion, task.deferrable, task.logical_date) == (True, True, None)


def test_assets_name_what_the_dags_produce(write, bag):
    write("orders")
    outlets = {
        (task.dag_id, task.task_id): [(asset.name, getattr(asset, "uri", "alias")) for asset in task.outlets]
        for dag in bag().dags.values()
        for task in dag.tasks
        if task.outlets
    }
    assert outlets == {
        ("orders", "validate"): [("snapshot/orders", "x-evergreen://snapshot/orders")],
        ("orders", "monitor"): [("observation/orders", "x-evergreen://observation/orders")],
        ("orders", "decide"): [("champion/orders", "alias")],
        ("orders.retrain", "promote"): [("champion/orders", "x-evergreen://champion/orders")],
    }


def test_tags_owner_and_description_come_from_the_spec(write, bag):
    write("orders", "tags: [shop]", "owner: mia", "description: Late or not.")
    for dag in bag().dags.values():
        assert dag.tags == {"evergreen", "classification", "shop"}
        assert {task.owner for task in dag.tasks} == {"mia"}
        assert dag.description == "Late or not."


def test_every_task_has_a_policy_a_limit_and_a_sentence(write, bag):
    write("orders")
    for dag in bag().dags.values():
        for task in dag.tasks:
            assert task.retries == 3, task.task_id
            assert task.retry_policy is not None
            assert task.doc_md
            assert len(task.on_failure_callback) == 1
            assert task.execution_timeout is not None or task.task_id == "retrain"


def test_training_has_the_time_that_the_spec_gives_it(write, bag):
    write("orders", "training: {max_duration: 20m}")
    dag = bag().dags["orders.retrain"]
    assert {task.task_id: task.execution_timeout for task in dag.tasks} == {
        "train": timedelta(minutes=20),
        "evaluate": timedelta(minutes=20),
        "promote": timedelta(hours=1),
    }


def test_a_pool_is_used_only_if_one_is_named(write, bag, monkeypatch):
    write("orders")
    assert {task.pool for task in bag().dags["orders.retrain"].tasks} == {"default_pool"}
    monkeypatch.setenv("EVERGREEN_TRAINING_POOL", "training")
    assert {task.task_id: task.pool for task in bag().dags["orders.retrain"].tasks} == {
        "train": "training",
        "evaluate": "training",
        "promote": "default_pool",
    }


def test_the_same_specs_give_the_same_dags(write, bag):
    """Another serialised form would be another version of the DAG, every thirty seconds."""
    from airflow.serialization.serialized_objects import DagSerialization

    write("orders", SCHEDULED, "tags: [b, a]", "start: 2026-01-04", "end: 2026-03-01")
    first, second = bag().dags, bag().dags
    assert first.keys() == second.keys()
    for dag_id, dag in first.items():
        assert DagSerialization.to_dict(dag) == DagSerialization.to_dict(second[dag_id])


def test_the_dags_survive_serialisation(write, bag):
    from airflow.serialization.serialized_objects import DagSerialization

    write("orders", SCHEDULED, "start: 2026-01-04", "end: 2026-03-01")
    for dag in bag().dags.values():
        back = DagSerialization.from_dict(DagSerialization.to_dict(dag))
        assert sorted(back.task_dict) == sorted(dag.task_dict)
        assert len(back.params) == len(dag.params)
