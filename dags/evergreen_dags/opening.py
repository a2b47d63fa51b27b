"""How a task gets at the records and the artifacts: environment, Airflow's connections, and who started the run."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ml.domain.errors import SpecError
from ml.settings import Settings, sqlalchemy_url

if TYPE_CHECKING:
    from ml.flows.workspace import Workspace


@contextmanager
def open_workspace(dag_run: Any, *, actor: str | None = None) -> Iterator[Workspace]:
    """Open the workspace for one task; the actor of its records is who started the run, or who is named."""
    from ml.flows.workspace import Workspace

    # When skops is imported it looks at every name in every module, and Airflow's old ones answer with a warning each:
    # a thousand lines in the task's log.
    warnings.filterwarnings("ignore", message="The `airflow", category=FutureWarning, module="skops")
    with Workspace.open(
        settings(), resolve_connection=resolve_connection, actor=actor or actor_of(dag_run)
    ) as workspace:
        yield workspace


def settings() -> Settings:
    """The environment's settings; ``EVERGREEN_DATABASE_CONN_ID`` may name an Airflow connection as the database."""
    found = Settings.from_environment()
    conn_id = os.environ.get("EVERGREEN_DATABASE_CONN_ID")
    if conn_id and not os.environ.get("EVERGREEN_DATABASE_URL"):
        return replace(found, database_url=resolve_connection(conn_id))
    return found


def actor_of(dag_run: Any) -> str:
    """Name who started a run: the user who did so by hand, else Airflow."""
    return dag_run.triggering_user_name or "airflow"


def resolve_connection(connection: str) -> str:
    """Turn the id of an Airflow connection into a SQLAlchemy URL; a URL stays what it is.

    Raises:
        SpecError: Airflow knows no such connection.
    """
    if "://" in connection:
        return connection
    from airflow.sdk import Connection
    from airflow.sdk.exceptions import AirflowNotFoundException

    try:
        found = Connection.get(connection)
    except AirflowNotFoundException as error:
        raise SpecError(
            f"Airflow has no connection {connection!r}.",
            remedy=f"add it under Admin, Connections, or set the variable AIRFLOW_CONN_{connection.upper()}.",
        ) from error
    return sqlalchemy_url(found.get_uri())
