"""Starting the other DAG: joined, not skipped, when its run is there already; and errors that say what to do."""

from types import SimpleNamespace

import pytest
from airflow.providers.standard.triggers.external_task import DagStateTrigger
from airflow.sdk.exceptions import DagRunTriggerException, TaskDeferred
from evergreen_dags.start import RetrainingError, start_retraining

EVENT = "airflow.providers.standard.triggers.external_task.DagStateTrigger"


class Instance:
    """A task instance that sees so many runs of a DAG, which may be paused."""

    def __init__(self, *, runs=0, paused=False):
        self.runs, self.paused, self.asked = runs, paused, []

    def get_dr_count(self, dag_id, run_ids):
        self.asked.append((dag_id, run_ids))
        return self.runs

    def get_dag(self, dag_id):
        return SimpleNamespace(is_paused=self.paused)

    def xcom_push(self, key, value):
        pass


@pytest.fixture
def task():
    return start_retraining(model_dag_id="orders", retrain_dag_id="orders.retrain", decision_id="orders-1")


def test_a_decision_starts_the_run_that_bears_its_id(task):
    instance = Instance()
    with pytest.raises(DagRunTriggerException) as started:
        task.execute({"ti": instance})
    assert instance.asked == [("orders.retrain", ["orders-1"])]
    assert (started.value.dag_run_id, started.value.conf) == ("orders-1", {"decision_id": "orders-1"})
    assert (started.value.logical_date, started.value.deferrable) == (None, True)


def test_a_run_that_is_there_is_waited_for(task):
    with pytest.raises(TaskDeferred) as deferred:
        task.execute({"ti": Instance(runs=1)})
    trigger = deferred.value.trigger
    assert isinstance(trigger, DagStateTrigger)
    assert (trigger.dag_id, trigger.run_ids) == ("orders.retrain", ["orders-1"])
    assert [str(state) for state in trigger.states] == ["success", "failed"]


def test_a_paused_dag_is_named_with_the_remedy(task):
    with pytest.raises(RetrainingError, match=r"orders\.retrain is paused.*unpause orders\.retrain"):
        task.execute({"ti": Instance(paused=True)})


def test_a_failed_run_fails_the_task_and_says_where_to_look(task):
    event = {"run_ids": ["orders-1"], "orders-1": "failed"}
    with pytest.raises(RetrainingError, match=r"orders-1 failed.*read the log of what failed in orders\.retrain"):
        task.execute_complete({}, (EVENT, event))


def test_a_run_that_ended_well_ends_the_task(task):
    task.execute_complete({}, (EVENT, {"run_ids": ["orders-1"], "orders-1": "success"}))
