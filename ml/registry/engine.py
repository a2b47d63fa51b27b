"""The engine: one way to begin, lock and commit on SQLite and on PostgreSQL."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from ml.domain.errors import RegistryError, RegistryUnavailableError
from ml.registry.session import AUTOCOMMIT

BUSY_SECONDS = 30
_STEPS_BETWEEN_LOOKS = 20_000  # of SQLite's machine: some tenths of a millisecond
_BEGIN = "evergreen_begin"
_POSTGRESQL = {"postgres", "postgresql", "postgresql+psycopg", "postgresql+psycopg2"}
_SQLITE = {"sqlite", "sqlite+pysqlite"}


def parse_url(text: str) -> URL:
    """Read a database URL as people and Airflow write it; any spelling of PostgreSQL means the driver psycopg 3.

    Raises:
        RegistryError: it is no URL, or one of a database that is not supported. The message never repeats the URL,
            which may hold a password.
    """
    remedy = "write sqlite:////path/to/evergreen.db or postgresql://user:password@host/database."
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise RegistryError("The URL of the database (EVERGREEN_DATABASE_URL) is not a URL.", remedy=remedy) from None
    if url.drivername in _POSTGRESQL:
        return url.set(drivername="postgresql+psycopg").difference_update_query(["__extra__"])
    if url.drivername not in _SQLITE:
        raise RegistryError(
            f"The database kind {url.drivername!r} is not supported; accepted are sqlite and postgresql.", remedy=remedy
        )
    if not url.database or url.database == ":memory:":
        raise RegistryError(
            "A database in memory forgets everything when its connection closes; records need a file.", remedy=remedy
        )
    return url


def place_of(url: URL) -> str:
    """Name a database for people, without user, password and parameters."""
    if url.drivername.startswith("sqlite"):
        return str(url.database)
    host = url.host or url.query.get("host", "the local socket")
    return f"PostgreSQL database {url.database or ''} at {host}{f':{url.port}' if url.port else ''}"


def journal_mode(version: tuple[int, ...]) -> str:
    """Choose SQLite's journal: WAL where its reset bug is mended (3.51.3, 3.50.7, 3.44.6), else a rollback journal.

    PERSIST is DELETE without removing the file: as safe, synchronised as often, and five times faster to commit here.

    >>> journal_mode((3, 40, 1)), journal_mode((3, 44, 6)), journal_mode((3, 51, 2))
    ('persist', 'wal', 'persist')
    """
    mended = version >= (3, 51, 3) or (3, 50, 7) <= version < (3, 51) or (3, 44, 6) <= version < (3, 45)
    return "wal" if mended else "persist"


def open_engine(url: URL, *, journal: str | None = None) -> Engine:
    """Build the engine of a database; SQLite's folder is made if it is missing.

    Raises:
        RegistryError: the driver is not installed, or the folder cannot be made.
    """
    if url.drivername.startswith("sqlite"):
        return _sqlite(url, journal or journal_mode(sqlite3.sqlite_version_info))
    return _postgresql(url)


def reading(engine: Engine) -> Connection:
    """Connect for reading: one unchanging state on PostgreSQL and on SQLite's WAL.

    With a rollback journal an open reading transaction would keep every writer from committing. There each statement is
    a transaction of its own, and what must agree is read in a short one (``Reading._one_state``).
    """
    if engine.dialect.name == "postgresql":
        return engine.connect().execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    if engine.get_execution_options()["evergreen_journal"] == "wal":
        return engine.connect().execution_options(**{_BEGIN: "BEGIN"})
    return engine.connect().execution_options(**{_BEGIN: "", AUTOCOMMIT: True})


@contextmanager
def time_limit(connection: Connection, *, seconds: float) -> Iterator[None]:
    """End every statement on a connection for reading that runs longer than ``seconds``."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SET LOCAL statement_timeout = {round(seconds * 1000)}")
        yield
        return
    driver: Any = connection.connection.driver_connection
    deadline = time.monotonic() + seconds
    driver.set_progress_handler(lambda: time.monotonic() > deadline, _STEPS_BETWEEN_LOOKS)
    try:
        yield
    finally:
        driver.set_progress_handler(None, 0)


def _sqlite(url: URL, journal: str) -> Engine:
    try:
        Path(str(url.database)).absolute().parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RegistryUnavailableError(
            f"The folder of the database {url.database} cannot be made: {error.strerror}.",
            remedy="set EVERGREEN_HOME or EVERGREEN_DATABASE_URL to a place that you may write to.",
        ) from error
    engine = create_engine(
        url, connect_args={"timeout": BUSY_SECONDS}, execution_options={"evergreen_journal": journal}
    )

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver begins nothing by itself: we do, below
        connection.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA trusted_schema=OFF")
        _set_journal(connection, journal)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        statement = connection.get_execution_options().get(_BEGIN, "BEGIN IMMEDIATE")
        if statement:
            connection.exec_driver_sql(statement)

    return engine


def _set_journal(connection: sqlite3.Connection, journal: str) -> None:
    """Set the journal mode. SQLite does not wait for others when a file changes to or from WAL, so we do."""
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute(f"PRAGMA journal_mode={journal}").fetchone()
        except sqlite3.OperationalError as error:
            if (
                error.sqlite_errorcode & 0xFF not in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
                or time.monotonic() > deadline
            ):
                raise
            time.sleep(0.02)
        else:
            return


def _postgresql(url: URL) -> Engine:
    try:
        engine = create_engine(
            url,
            pool_pre_ping=True,
            connect_args={"connect_timeout": 10, "application_name": "evergreen"},
        )
    except ModuleNotFoundError as error:
        raise RegistryError(
            "PostgreSQL needs the driver psycopg 3, which is not installed.", remedy="pip install 'psycopg[binary]'"
        ) from error

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        connection.autocommit = True
        # Acknowledged means durable, whatever the server's default is.
        connection.execute("SET synchronous_commit TO on")
        connection.execute("SET TIME ZONE 'UTC'")
        connection.autocommit = False

    return engine
