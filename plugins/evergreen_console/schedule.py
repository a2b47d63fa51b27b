"""What Airflow itself knows of the models' DAGs: whether they are paused, and when they run next."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from airflow.models.dag import DagModel
from airflow.utils.session import create_session
from sqlalchemy import select


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
