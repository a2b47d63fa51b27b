"""The records and the artifacts, opened once for the API server."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache

from ml.domain.errors import SpecError
from ml.settings import Settings, sqlalchemy_url
from ml.views.console.records import Reader, Records

SECONDS = 10.0
"""A page's question that takes longer is given up: it must not hold a thread of Airflow's web server."""


@contextmanager
def consulted() -> Iterator[Reader]:
    """Ask the records; nothing is changed."""
    with records().consult(seconds=SECONDS) as reader:
        yield reader


@cache
def records() -> Records:
    """The records of this installation."""
    return Records.open(settings())


def settings() -> Settings:
    """The environment's settings; ``EVERGREEN_DATABASE_CONN_ID`` may name an Airflow connection, as for the DAGs."""
    found = Settings.from_environment()
    conn_id = os.environ.get("EVERGREEN_DATABASE_CONN_ID")
    if not conn_id or os.environ.get("EVERGREEN_DATABASE_URL"):
        return found
    from airflow.models import Connection
    from airflow.sdk.exceptions import AirflowNotFoundException

    try:
        connection = Connection.get_connection_from_secrets(conn_id)
    except AirflowNotFoundException as error:
        raise SpecError(
            f"Airflow has no connection {conn_id!r} (EVERGREEN_DATABASE_CONN_ID).",
            remedy="add it under Admin, Connections, then restart the API server.",
        ) from error
    return replace(found, database_url=sqlalchemy_url(connection.get_uri()))
