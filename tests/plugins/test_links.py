"""From a run of Airflow to the page of what it made, and back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from tests.builders import MODEL, week
from tests.plugins.conftest import PREFIX, Login

API = f"{PREFIX}/api/models/{MODEL}"
START = week(3).start.isoformat()
Interval = tuple[datetime, datetime]
WEEK = week(3).end - week(3).start


class Airflow:
    """Writes runs, and what their tasks handed on, as Airflow's own tables hold it."""

    def __init__(self, session: Any) -> None:
        self.session = session
        self._written: list[Any] = []

    def run(
        self, dag_id: str, run_id: str, *, conf: Any = None, interval: Interval | None = None, **returned: Any
    ) -> None:
        from airflow.models.dagrun import DagRun
        from airflow.models.xcom import XComModel
        from airflow.utils.types import DagRunTriggeredByType, DagRunType

        run = DagRun(
            dag_id=dag_id,
            run_id=run_id,
            run_type=DagRunType.SCHEDULED if interval else DagRunType.MANUAL,
            logical_date=interval[1] if interval else None,
            data_interval=interval,
            conf=conf,
            triggered_by=DagRunTriggeredByType.TEST,
            run_after=datetime(2026, 1, 1, tzinfo=UTC),
        )
        self.session.add(run)
        self.session.flush()
        for task_id, value in returned.items():
            key = {"dag_run_id": run.id, "task_id": task_id, "dag_id": dag_id, "run_id": run_id, "map_index": -1}
            self.session.execute(
                XComModel.__table__.insert().values(**key, key="return_value", value=value, timestamp=run.run_after)
            )
        self.session.commit()
        self._written.append(run)

    def forget(self) -> None:
        from airflow.models.xcom import XComModel

        for run in self._written:
            self.session.execute(XComModel.__table__.delete().where(XComModel.__table__.c.dag_run_id == run.id))
            self.session.delete(run)
        self.session.commit()


@pytest.fixture
def airflow(login: Login) -> Iterator[Airflow]:
    from airflow import settings
    from sqlalchemy.orm import Session

    assert settings.engine is not None
    with settings.engine.connect() as connection:
        # A value handed on needs a task instance there, which no question here does.
        connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
        connection.commit()
        found = Airflow(Session(bind=connection))
        yield found
        found.forget()
        found.session.close()
        connection.exec_driver_sql("PRAGMA foreign_keys = ON")


def button(dag_id: str, run_id: str, task_id: str) -> str:
    from evergreen_plugin import EvergreenLink

    return EvergreenLink().get_link(None, ti_key=SimpleNamespace(dag_id=dag_id, run_id=run_id, task_id=task_id))


def test_a_task_leads_to_what_it_made(airflow: Airflow) -> None:
    airflow.run(MODEL, "one", ingest={"start": START, "end": "later"}, decide="why-1")
    airflow.run(MODEL, "two", ingest={"start": START, "end": "later"}, decide="")
    airflow.run(f"{MODEL}.retrain", "why-1", conf={"decision_id": "why-1"}, train={"decision_id": "why-1"}, promote=3)
    airflow.run("evergreen.report", "r", conf={"model": MODEL, "start": START})
    airflow.run("evergreen.replay", "p", conf={"model": MODEL}, play="0123")
    airflow.run("somebody", "s", ingest="else's")
    root = f"/plugin/evergreen/models/{MODEL}"
    batch = f"{root}/batches/{START.replace(':', '%3A').replace('+', '%2B')}"
    assert button(MODEL, "one", "validate").endswith(batch)
    assert button(MODEL, "one", "decide").endswith(f"{root}/decisions/why-1")
    assert button(MODEL, "two", "decide").endswith(batch)
    assert button(f"{MODEL}.retrain", "why-1", "evaluate").endswith(f"{root}/decisions/why-1")
    assert button(f"{MODEL}.retrain", "why-1", "promote").endswith(f"{root}/versions/3")
    assert button("evergreen.report", "r", "build").endswith(batch)
    assert button("evergreen.replay", "p", "play").endswith(f"{root}/replays/0123")
    assert button("somebody", "s", "ingest") == ""
    assert button("nobody", "n", "ingest") == ""


def test_a_run_says_what_it_made(airflow: Airflow, login: Login) -> None:
    airflow.run(MODEL, "one", ingest={"start": START, "end": "later"}, decide="why-1")
    client = login("viewer")
    found = client.get(f"{API}/made/one").json()
    assert found == {"model": MODEL, "start": START, "decision": "why-1", "version": None, "replay": None}
    assert client.get(f"{API}/made/one?retraining=true").status_code == 404


@pytest.mark.parametrize(
    "interval",
    [(week(3).start, week(3).end), (week(3).end, week(3).end)],
    ids=["of its length", "of a cron schedule, which has none"],
)
def test_a_page_leads_back_to_its_run(airflow: Airflow, login: Login, interval: Interval) -> None:
    client = login("viewer")
    assert client.get(f"{API}/batches/{START}").json()["run"] == {"dag": MODEL, "run": None}
    airflow.run(MODEL, "scheduled__0", interval=(interval[0] - WEEK, interval[1] - WEEK))
    assert client.get(f"{API}/batches/{START}").json()["run"]["run"] is None
    airflow.run(MODEL, "scheduled__1", interval=interval)
    decision = client.get(f"{API}/decisions").json()["decisions"][-1]["id"]
    airflow.run(f"{MODEL}.retrain", decision)
    assert client.get(f"{API}/batches/{START}").json()["run"] == {"dag": MODEL, "run": "scheduled__1"}
    assert client.get(f"{API}/decisions/{decision}").json()["run"] == {"dag": f"{MODEL}.retrain", "run": decision}
