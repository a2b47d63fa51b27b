"""What Airflow itself knows of the models' DAGs: whether they are paused, and when they run next."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from airflow.models.dag import DagModel
from airflow.models.dagrun import DagRun
from airflow.utils.session import create_session
from airflow.utils.types import DagRunType
from sqlalchemy import select

from evergreen_console.made import RETRAIN


@dataclass(frozen=True)
class Dag:
    """A model's DAG. ``next_run`` is when its next scheduled batch comes in, null without a schedule."""

    paused: bool
    next_run: datetime | None


def dags_of(models: Iterable[str]) -> dict[str, Dag]:
    """Return the DAGs of models that have one: records may outlive a DAG, or come from the command line."""
    asked = list(models)
    question = select(DagModel.dag_id, DagModel.is_paused, DagModel.next_dagrun_create_after).where(
        DagModel.dag_id.in_(asked), DagModel.is_stale.is_(False)
    )
    with create_session() as session:
        return {dag_id: Dag(bool(paused), after) for dag_id, paused, after in session.execute(question)}


def run_of_batch(model: str, start: datetime, end: datetime) -> str | None:
    """Return the newest run of a model's DAG for a window; a run by hand has no data interval and is not found.

    The interval of a cron schedule has no length in Airflow 3: it begins and ends with the end of the batch.
    """
    question = (
        select(DagRun.run_id)
        .where(
            DagRun.dag_id == model,
            DagRun.run_type.in_((DagRunType.SCHEDULED, DagRunType.BACKFILL_JOB)),
            DagRun.data_interval_start.in_((start, end)),
            DagRun.data_interval_end == end,
        )
        .order_by(DagRun.id.desc())
        .limit(1)
    )
    with create_session() as session:
        return session.scalar(question)


def run_of_decision(model: str, decision_id: str) -> str | None:
    """Return the run that a decision started: it has the decision's id."""
    question = select(DagRun.run_id).where(DagRun.dag_id == f"{model}{RETRAIN}", DagRun.run_id == decision_id)
    with create_session() as session:
        return session.scalar(question)
