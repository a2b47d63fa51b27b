"""One real Airflow for all tests of this folder: API server, scheduler with its executor, DAG processor, triggerer."""

from __future__ import annotations

import os
import socket
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
import yaml
from sqlalchemy.engine import make_url

from demo import airflow as local
from demo.places import Places
from ml.flows.workspace import Workspace
from ml.settings import Settings
from ml.specs import ModelSpec, load_spec
from tests.integration.streams import stream

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared" / "data"
SLOW_TREES = 1500  # some seconds of training, enough to be killed in the middle


@dataclass(frozen=True)
class _Places(Places):
    """The project's DAGs, with a home of the test's own, and Airflow on PostgreSQL.

    On SQLite, creating a backfill while the scheduler works can end the scheduler (3.3.2: ObjectDeletedError).
    """

    folder: Path = ROOT
    database: str = ""

    @property
    def metadata_url(self) -> str:
        return self.database

    @property
    def home(self) -> Path:
        return self.folder


@dataclass
class Running:
    """A running Airflow with its records."""

    folder: Path
    http: httpx.Client
    settings: Settings

    def spec(self, model: str) -> ModelSpec:
        return load_spec(self.folder / "models" / f"{model}.yaml")

    def records(self) -> Workspace:
        return Workspace.open(self.settings, actor="test")

    def call(self, method: str, path: str, **body: Any) -> Any:
        response = self.http.request(method, f"/api/v2{path}", json=body or None)
        assert response.is_success, f"{method} {path}: {response.status_code} {response.text}"
        return response.json()

    def unpause(self, model: str) -> None:
        for dag_id in (model, f"{model}.retrain"):
            self.call("PATCH", f"/dags/{dag_id}", is_paused=False)

    def trigger(self, dag_id: str, **conf: Any) -> str:
        return str(self.call("POST", f"/dags/{dag_id}/dagRuns", logical_date=None, conf=conf)["dag_run_id"])

    def backfill(self, dag_id: str, from_date: str, to_date: str) -> None:
        self.call(
            "POST",
            "/backfills",
            dag_id=dag_id,
            from_date=from_date,
            to_date=to_date,
            max_active_runs=1,
            reprocess_behavior="none",
            run_backwards=False,
        )

    def run_state(self, dag_id: str, run_id: str) -> str:
        return str(self.call("GET", f"/dags/{dag_id}/dagRuns/{run_id}")["state"])

    def runs(self, dag_id: str) -> list[dict[str, Any]]:
        return list(self.call("GET", f"/dags/{dag_id}/dagRuns?limit=100")["dag_runs"])

    def tasks(self, dag_id: str, run_id: str) -> dict[str, str | None]:
        found = self.call("GET", f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances")["task_instances"]
        return {item["task_id"]: item["state"] for item in found}

    def task_id(self, dag_id: str, run_id: str, task: str) -> str:
        """Return the id under which Airflow's executor knows one try of a task."""
        return str(self.call("GET", f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task}")["id"])

    def wait(self, what: str, done: Callable[[], Any], *, seconds: float = 240.0) -> Any:
        """Poll until ``done`` gives something true; say what was awaited if it never does."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            found = done()
            if found:
                return found
            time.sleep(0.5)
        pytest.fail(f"waited {seconds:.0f} s in vain for: {what}")

    def wait_run(self, dag_id: str, run_id: str, *, seconds: float = 240.0) -> str:
        def ended() -> str | None:
            state = self.run_state(dag_id, run_id)
            return state if state in {"success", "failed"} else None

        return str(self.wait(f"the end of {dag_id} {run_id}", ended, seconds=seconds))


def _database(server: str) -> str:
    """Make an empty database for Airflow and return its address."""
    name = f"airflow_{uuid.uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    url = make_url(server).set(drivername="postgresql+psycopg2", database=name)
    return url.render_as_string(hide_password=False)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _spec(name: str, csv: Path, **more: Any) -> dict[str, Any]:
    return {
        "model": name,
        "problem": {"kind": "classification", "target": "late"},
        "source": {"kind": "file", "path": str(csv)},
        "time": {"column": "ts", "batch": "1d"},
        "key": ["order_id"],
        "schedule": "@daily",
        "training": {"min_rows": 50, "candidates": [{"estimator": "LogisticRegression"}]},
        "monitoring": {"report": "never"},
        **more,
    }


def _shared(name: str, problem: dict[str, Any], **when: str) -> dict[str, Any]:
    return {
        "model": name,
        "problem": problem,
        "source": {"kind": "file", "path": str(SHARED / f"{name}.csv.gz")},
        "time": {"column": "ts", "batch": when.pop("batch")},
        "monitoring": {"report": "never"},
        **when,
    }


def _write_models(folder: Path) -> None:
    models = folder / "models"
    models.mkdir()
    csv = folder / "orders.csv"
    stream().to_csv(csv, index=False)
    slow = {
        "estimator": "RandomForestClassifier",
        "parameters": {"n_estimators": SLOW_TREES, "n_jobs": 1},
    }
    specs = [
        _spec("scheduled", csv, start="2026-01-01", end="2026-01-09"),
        _spec("filled", csv, labels={"delay": "2d"}),
        _spec(
            "slow",
            csv,
            schedule=None,
            training={"min_rows": 50, "candidates": [slow]},
            policy={"when": {"kind": "never"}},
        ),
    ]
    specs.append(
        _spec(
            "asked",
            csv,
            schedule=None,
            gate={"min_rows": 20, "approval": {"assigned_users": ["admin"], "expires": "2d"}},
            policy={"when": {"kind": "schedule", "every": 1}},
        )
    )
    specs.append(
        _spec(
            "held",
            csv,
            start="2026-01-01",
            end="2026-01-06",
            gate={"min_rows": 20, "shadow": 1},
            policy={"when": {"kind": "schedule", "every": 2}},
        )
    )
    if SHARED.exists():
        up = {"kind": "classification", "target": "price_up"}
        count = {"kind": "regression", "target": "cnt"}
        specs += [
            _shared("electricity", up, batch="7d", schedule="0 0 * * 2", start="1996-05-07", end="1996-07-02"),
            _shared("bike_sharing", count, batch="14d", schedule="0 0 1,15 * *", start="2011-01-01", end="2011-04-01"),
        ]
    for spec in specs:
        (models / f"{spec['model']}.yaml").write_text(yaml.safe_dump(spec, sort_keys=False))
    (models / "broken.yaml").write_text("model: broken\nproblem: {kind: classification}\n")


@pytest.fixture(scope="package")
def running(tmp_path_factory: pytest.TempPathFactory, postgres_server: str) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("airflow")
    _write_models(folder)
    places = _Places(folder=folder, database=_database(postgres_server))
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("EVERGREEN_")},
        "EVERGREEN_HOME": str(folder / "home"),
        "EVERGREEN_MODELS_DIR": str(folder / "models"),
        "EVERGREEN_DATA_ROOT": str(folder),
    }
    settings = Settings.from_environment(environment)
    started = local.up(places, _free_port(), environment, lambda _: None)
    try:
        with httpx.Client(base_url=started.address, timeout=30.0, trust_env=False) as http:
            answer = http.post("/auth/token", json={"username": started.user, "password": started.password})
            http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
            airflow = Running(folder, http, settings)
            expected = 2 * len(
                list((folder / "models").glob("*.yaml"))
            )  # a broken spec is one DAG; replays have one too
            airflow.wait(
                f"{expected} DAGs",
                lambda: airflow.call("GET", "/dags?limit=50&exclude_stale=true")["total_entries"] >= expected,
            )
            yield airflow
    finally:
        local.down(places)
