"""What parsing costs: only light imports, and for a task only its own spec."""

import json
import os
import subprocess
import sys

import pytest
from evergreen_dags import factory, specs
from evergreen_dags.factory import build_dags

from ml.specs import load_spec
from tests.dags.conftest import DAGS

# What a file with nothing but Airflow's own building blocks imports is the base line: Airflow brings sqlalchemy along.
PLAIN = """
from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import DAG, Asset, CronDataIntervalTimetable, Param, task
@task
def step(): ...
"""
LIGHT = {"ml", "evergreen_dags", "yaml", "_yaml", "airflow", "croniter", "difflib"}
HEAVY = (
    "pandas",
    "numpy",
    "sklearn",
    "scipy",
    "evidently",
    "duckdb",
    "pyarrow",
    "skops",
    "optuna",
    "ml.flows",
    "ml.registry",
)


def imported(code: str, models: object) -> set[str]:
    """Modules in a fresh process after running a piece of code as a DAG file."""
    program = f"{code}\nimport json, sys\nprint(json.dumps(sorted(sys.modules)))"
    environment = {**os.environ, "PYTHONPATH": str(DAGS), "EVERGREEN_MODELS_DIR": str(models)}
    done = subprocess.run([sys.executable, "-c", program], env=environment, check=True, capture_output=True, text=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_parsing_imports_nothing_heavy(write, models):
    write("orders", 'schedule: "@weekly"')
    write("broken", "polcy: {}")
    program = "import runpy; found = runpy.run_path('{}'); assert len(found['__builtins__']) and 'orders' in found"
    ours = imported(program.format(DAGS / "evergreen.py"), models)
    more = ours - imported(PLAIN, models)
    assert not [name for name in ours if name.startswith(HEAVY)]
    assert {name.partition(".")[0] for name in more} - {"encodings", "runpy"} <= LIGHT


@pytest.fixture
def loaded(monkeypatch):
    """The files whose specs were really loaded."""
    seen = []
    monkeypatch.setattr(specs, "load_spec", lambda path: seen.append(path.name) or load_spec(path))
    return seen


def on_behalf_of(monkeypatch, dag_id, task_id="ingest"):
    monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_DAG_ID", dag_id)
    monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_TASK_ID", task_id)


@pytest.mark.parametrize("dag_id", ["orders", "orders.retrain"])
def test_a_task_reads_only_its_own_spec(write, models, loaded, monkeypatch, dag_id):
    for model in ("apples", "orders", "pears"):
        write(model)
    on_behalf_of(monkeypatch, dag_id)
    assert sorted(build_dags(models)) == ["orders", "orders.retrain"]
    assert loaded == ["orders.yaml"]


def test_a_file_named_otherwise_is_found_without_loading_the_rest(write, models, loaded, monkeypatch):
    write("apples")
    write("orders", file="z.yml")
    on_behalf_of(monkeypatch, "orders")
    assert "orders" in build_dags(models)
    assert loaded == ["z.yml"]


@pytest.mark.parametrize("dag_id", ["parcels", "a"])
def test_a_broken_spec_is_found_by_its_task_too(write, models, monkeypatch, dag_id):
    write("orders")
    write("parcels", "polcy: {}")
    write("twin", file="a.yaml")
    write("twin", file="b.yaml")
    on_behalf_of(monkeypatch, dag_id, "broken_spec")
    assert build_dags(models)[dag_id].task_ids == ["broken_spec"]


def test_the_task_of_a_twin_named_after_the_model_finds_the_placeholder(write, models, monkeypatch):
    write("parcels")
    write("parcels", file="z.yaml")
    on_behalf_of(monkeypatch, "parcels", factory.BROKEN_TASK)
    assert build_dags(models)["parcels"].task_ids == ["broken_spec"]


def test_parts_share_the_models_out(write, models):
    names = {f"m{number:02}" for number in range(30)}
    for name in names:
        write(name)
    parts = [set(build_dags(models, part=part, parts=4)) for part in (1, 2, 3, 4)]
    assert set.union(*parts) == names | {f"{name}.retrain" for name in names}
    assert sum(len(part) for part in parts) == 60
    assert all(parts)


def test_a_new_file_moves_no_other_to_another_part(write, models):
    for number in range(10):
        write(f"m{number:02}")
    before = set(build_dags(models, part=1, parts=2))
    write("a-new-one")
    assert before <= set(build_dags(models, part=1, parts=2))


@pytest.mark.parametrize(("part", "parts"), [(0, 2), (3, 2), (1, 0)])
def test_parts_are_counted_from_one(models, part, parts):
    with pytest.raises(ValueError, match="counted from 1"):
        build_dags(models, part=part, parts=parts)


def test_a_spec_in_unusual_clothes_is_found_by_its_tasks_too(write, models, monkeypatch):
    write("apples")
    spec = {
        "model": "orders",
        "problem": {"kind": "regression", "target": "minutes"},
        "source": {"kind": "file", "path": "o.csv"},
        "time": {"column": "ts", "batch": "1d"},
    }
    (models / "json.yaml").write_text(json.dumps(spec, indent=2))
    assert "orders" in build_dags(models)
    assert specs.find_spec(models, "orders").problem.kind == "regression"


def test_the_spec_of_a_task_must_be_one(write, models):
    from ml.domain.errors import SpecError

    with pytest.raises(SpecError, match="described by no file"):
        specs.find_spec(models, "orders")
    write("orders", file="a.yaml")
    write("orders", file="b.yaml")
    with pytest.raises(SpecError, match=r"described by a\.yaml and b\.yaml"):
        specs.find_spec(models, "orders")
