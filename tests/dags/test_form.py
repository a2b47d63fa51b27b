"""The form of a run by hand: what Airflow shows, and what a task makes of the answers."""

from datetime import UTC, datetime

import pytest
from airflow.sdk.definitions.param import ParamsDict
from evergreen_dags.form import BatchForm, FormError, batch_params, read_batch_form, read_reason, retrain_params

ANSWERS = {"start": None, "end": None, "retrain": "policy", "reason": None, "dry_run": False}


@pytest.mark.parametrize("params", [batch_params(), retrain_params()])
def test_the_defaults_are_valid(params):
    """The DAGs are given their form past Airflow's own check, which costs more than all the rest of a DAG."""
    ParamsDict(params).validate()


@pytest.mark.parametrize("params", [batch_params(), retrain_params()])
def test_every_field_has_a_title_and_says_what_it_does(params):
    for param in params.values():
        assert param.schema["title"]
        assert param.schema["section"]
        assert param.description.endswith(".")


def test_the_dags_carry_their_forms_and_the_tasks_do_not(write, bag):
    write("orders", 'schedule: "@weekly"')
    dags = bag().dags
    assert list(dags["orders"].params) == ["start", "end", "retrain", "reason", "dry_run"]
    assert list(dags["orders.retrain"].params) == ["reason"]
    assert not [task.task_id for dag in dags.values() for task in dag.tasks if task.params]


def test_a_scheduled_run_asks_for_nothing():
    assert read_batch_form(ANSWERS) == BatchForm()
    assert read_batch_form({}) == BatchForm()


@pytest.mark.parametrize(
    "text", ["2026-03-01", "2026-03-01T00:00:00", "2026-03-01T00:00:00Z", "2026-03-01T01:00:00+01:00"]
)
def test_a_moment_is_a_date_or_a_date_and_time(text):
    assert read_batch_form({**ANSWERS, "start": text}).start == datetime(2026, 3, 1, tzinfo=UTC)


@pytest.mark.parametrize(("answer", "force"), [("policy", None), ("always", True), ("never", False)])
def test_whether_to_retrain(answer, force):
    assert read_batch_form({**ANSWERS, "retrain": answer}).force is force


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"start": "next week"}, r"From \(`start`\): 'next week' is not a date: write it as 2026-03-01"),
        ({"end": 7}, r"Until \(`end`\): '7' is not a date"),
        ({"start": "2026-03-08", "end": "2026-03-01"}, "its start must come before its end"),
        ({"start": "2026-03-01", "end": "2026-03-01"}, "its start must come before its end"),
        ({"retrain": "yes"}, "accepted is one of policy, always, never"),
        ({"retrain": None}, "accepted is one of policy, always, never"),
        ({"retrain": ["always"]}, "accepted is one of policy, always, never"),
        ({"dry_run": "true"}, "accepted is true or false"),
        ({"reason": 7}, "accepted is text"),
    ],
)
def test_answers_that_cannot_be_used_name_field_answer_and_what_is_accepted(wrong, words):
    with pytest.raises(FormError, match=words) as caught:
        read_batch_form({**ANSWERS, **wrong})
    assert caught.value.remedy


def test_a_reason_is_trimmed():
    assert read_reason({"reason": "  new courier \n"}) == "new courier"
    assert read_reason({}) == ""
