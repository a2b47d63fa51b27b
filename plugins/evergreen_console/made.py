"""What a run of one of our DAGs has made, by what its tasks handed on, and where the console shows it."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote, urlsplit

from airflow.configuration import conf
from airflow.models.dagrun import DagRun
from airflow.models.xcom import XComModel
from airflow.utils.session import create_session
from sqlalchemy import select

RETRAIN = ".retrain"
_TASKS = ("ingest", "decide", "train", "promote", "play")
_RETURNED = "return_value"
_OF_BATCH = frozenset({"ingest", "validate", "monitor", "report", "build"})


@dataclass(frozen=True)
class Made:
    """What a run has made so far; null: not yet, or never. ``start`` is the first moment of the batch."""

    model: str
    start: str | None = None
    decision: str | None = None
    version: int | None = None
    replay: str | None = None


def made_by(dag_id: str, run_id: str) -> Made | None:
    """Read what the tasks of a run handed on; None for a run that is not there, or of no model."""
    with create_session() as session:
        run = session.scalar(select(DagRun).where(DagRun.dag_id == dag_id, DagRun.run_id == run_id))
        if run is None:
            return None
        query = XComModel.get_many(run_id=run_id, dag_ids=dag_id, key=_RETURNED, task_ids=_TASKS, limit=len(_TASKS))
        handed_on: Iterable[Any] = session.scalars(query)
        given = {one.task_id: XComModel.deserialize_value(one) for one in handed_on}
        asked = dict(run.conf or {})
    if dag_id in ("evergreen.report", "evergreen.replay"):
        return _asked_for(asked, given)
    found = Made(dag_id.removesuffix(RETRAIN))
    if dag_id.endswith(RETRAIN):
        challenger = given.get("train")
        decision = challenger.get("decision_id") if isinstance(challenger, dict) else asked.get("decision_id")
        return replace(found, decision=decision, version=given.get("promote"))
    batch = given.get("ingest")
    start = batch.get("start") if isinstance(batch, dict) else None
    return replace(found, start=start, decision=given.get("decide") or None)


def link_of(dag_id: str, run_id: str, task_id: str) -> str | None:
    """Return the address of the page that shows what a task made, None where there is none."""
    found = made_by(dag_id, run_id)
    if found is None or found.model == "":
        return None
    below = f"/models/{quote(found.model, safe='')}"
    if found.replay is not None:
        return _page(f"{below}/replays/{quote(found.replay, safe='')}")
    if task_id == "promote" and found.version is not None:
        return _page(f"{below}/versions/{found.version}")
    if found.decision is not None and task_id not in _OF_BATCH:
        return _page(f"{below}/decisions/{quote(found.decision, safe='')}")
    return None if found.start is None else _page(f"{below}/batches/{quote(found.start, safe='')}")


def _asked_for(asked: dict[str, Any], given: dict[str, Any]) -> Made:
    start, model = asked.get("start"), asked.get("model")
    replay = given.get("play")
    is_report = "play" not in given and isinstance(start, str)
    return Made(str(model or ""), start=start if is_report else None, replay=replay)


def _page(below: str) -> str:
    root = urlsplit(conf.get("api", "base_url", fallback="")).path.rstrip("/")
    return f"{root}/plugin/evergreen{below}"
