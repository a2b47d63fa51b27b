"""`evergreen.report`: its form, and that a click on a batch's page needs nothing but model and moment."""

from datetime import UTC, datetime

import pytest
from evergreen_dags.form import FormError
from evergreen_dags.report import DAG_ID, build_report_dag, read_report_form

from tests.dags.conftest import DAGS
from tests.dags.test_parsing import HEAVY, imported


def test_it_is_one_dag_for_all_models_in_a_file_of_its_own(write, bag):
    write("orders")
    write("parcels")
    dag = bag(keep=DAG_ID).dags[DAG_ID]
    assert dag.relative_fileloc == "evergreen_report.py"
    assert dag.params.get_param("model").schema["enum"] == ["orders", "parcels"]
    assert dag.is_paused_upon_creation is False
    assert [task.task_id for task in dag.tasks] == ["build"]


def test_without_a_model_there_is_none(models):
    assert build_report_dag() is None


def test_parsing_imports_nothing_heavy(write, models):
    write("orders")
    program = f"import runpy; runpy.run_path('{DAGS / 'evergreen_report.py'}')"
    assert not [name for name in imported(program, models) if name.startswith(HEAVY)]


def test_the_answers_are_read():
    given = {"model": "orders", "start": "2025-04-27T00:00:00Z"}
    assert read_report_form(given) == ("orders", datetime(2025, 4, 27, tzinfo=UTC))


@pytest.mark.parametrize("wrong", [{"model": 3}, {"model": ""}, {"start": None}, {"start": "soon"}], ids=str)
def test_an_answer_that_cannot_be_used_is_named(wrong):
    with pytest.raises(FormError, match=f"`{next(iter(wrong))}`"):
        read_report_form({"model": "orders", "start": "2025-04-27", **wrong})
