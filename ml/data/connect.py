"""A guarded connection: read-only, one statement, a time limit; and no password in any message."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import sqlalchemy

from ml.data.source import Request, refusal
from ml.domain.codes_dv import data_finding
from ml.domain.errors import DataError, SourceUnavailableError, SpecError
from ml.domain.findings import Finding, Severity
from ml.domain.windows import Window
from ml.specs.source import SqlSource

_HIDDEN = ("password", "passwd", "pwd", "token", "secret", "key")
_CHECK_EVERY = 10_000
_ALLOWED = (
    sqlite3.SQLITE_SELECT,
    sqlite3.SQLITE_READ,
    sqlite3.SQLITE_FUNCTION,
    sqlite3.SQLITE_RECURSIVE,
)
_CANCELLED = "57014"
_REMEDY = "check that the database runs and that the connection's host, user and password are right, then run again."


@dataclass(frozen=True, slots=True)
class Guarded:
    """An open connection in a transaction that is never committed."""

    engine: sqlalchemy.Engine
    connection: sqlalchemy.Connection
    url: sqlalchemy.URL
    zone: str
    findings: tuple[Finding, ...]

    @property
    def shown(self) -> str:
        """The URL without its secrets."""
        return shown(self.url)

    def select(self, query: str, window: Window) -> Any:
        """Run the query with the window's bounds.

        Raises:
            DataError: the database refuses the query.
            SourceUnavailableError: the time is up, or the connection is lost.
        """
        bounds = {name: self._bound(moment) for name, moment in (("start", window.start), ("end", window.end))}
        with scrubbed(self, "the query failed"):
            return self.connection.execution_options(stream_results=True).execute(sqlalchemy.text(query), bounds)

    def _bound(self, moment: datetime) -> datetime | str:
        """SQLite compares moments as texts: give it the form that it uses itself, in the zone of the data."""
        if self.url.get_backend_name() != "sqlite":
            return moment
        local = moment.astimezone(ZoneInfo(self.zone))
        return local.strftime("%Y-%m-%d %H:%M:%S") + (f".{local.microsecond:06d}" if local.microsecond else "")

    def close(self) -> None:
        """Roll back and release everything."""
        self.connection.close()
        self.engine.dispose()


def connect(source: SqlSource, request: Request) -> Guarded:
    """Open a guarded connection for a source.

    Raises:
        SpecError: the URL cannot be understood, or its driver is not installed.
        SourceUnavailableError: the database does not answer.
    """
    url = _url(source, request)
    guards = {"sqlite": _sqlite, "postgresql": _postgresql}
    name = url.get_backend_name()
    engine = guards.get(name, _other)(url, source, request)
    guarded = (
        ()
        if name in guards
        else (data_finding("DV024", Severity.WARNING, shown(url), seen=name, expected="SQLite or PostgreSQL"),)
    )
    try:
        connection = engine.connect()
    except (sqlalchemy.exc.DBAPIError, sqlite3.Error, OSError) as error:
        engine.dispose()
        raise SourceUnavailableError(
            f"{shown(url)} does not answer: {_without_secrets(error, url)}.", remedy=_REMEDY
        ) from None
    return Guarded(engine, connection, url, request.time.zone, guarded)


def _url(source: SqlSource, request: Request) -> sqlalchemy.URL:
    text = source.connection if "://" in source.connection else request.resolve_connection(source.connection)
    try:
        url = sqlalchemy.make_url(text.replace("postgres://", "postgresql://", 1))
        url.get_dialect()
    except (sqlalchemy.exc.ArgumentError, sqlalchemy.exc.NoSuchModuleError, ValueError) as error:
        raise SpecError(
            f"The connection {source.connection!r} is no SQLAlchemy URL: {type(error).__name__}.",
            remedy="write for example postgresql://user@host/database or sqlite:///orders.db.",
        ) from None
    return url


def _sqlite(url: sqlalchemy.URL, source: SqlSource, request: Request) -> sqlalchemy.Engine:
    path = Path(url.database or "")
    file = path if path.is_absolute() else Path(request.data_root) / path
    if not file.is_file():
        raise SourceUnavailableError(
            f"There is no database {file}.", remedy="wait for it, or correct source.connection (EVERGREEN_DATA_ROOT)."
        )

    def creator() -> sqlite3.Connection:
        deadline = time.monotonic() + source.timeout.total_seconds()
        connection = sqlite3.connect(f"file:{quote(str(file))}?mode=ro", uri=True, timeout=30, check_same_thread=False)
        connection.execute("PRAGMA query_only = ON")
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
        connection.set_authorizer(_authorize)
        connection.set_progress_handler(lambda: int(time.monotonic() > deadline), _CHECK_EVERY)
        return connection

    return sqlalchemy.create_engine("sqlite://", creator=creator, poolclass=sqlalchemy.pool.NullPool)


def _authorize(action: int, first: str | None, second: str | None, *_: str | None) -> int:
    """Let a statement read and call functions, but load no code; the rest is SQLAlchemy's own beginning and end."""
    own = (action == sqlite3.SQLITE_TRANSACTION and first == "ROLLBACK") or (
        action == sqlite3.SQLITE_PRAGMA and first == "read_uncommitted" and second is None
    )
    allowed = own or (action in _ALLOWED and second != "load_extension")
    return sqlite3.SQLITE_OK if allowed else sqlite3.SQLITE_DENY


def _postgresql(url: sqlalchemy.URL, source: SqlSource, request: Request) -> sqlalchemy.Engine:
    milliseconds = max(int(source.timeout.total_seconds() * 1000), 1)
    settings = {
        "default_transaction_read_only": "on",
        "statement_timeout": str(milliseconds),
        "lock_timeout": str(milliseconds),
        "TimeZone": request.time.zone,
        "search_path": None,
    }
    options = " ".join(f"-c {name}={value}" for name, value in settings.items() if value is not None)
    return sqlalchemy.create_engine(
        url,
        poolclass=sqlalchemy.pool.NullPool,
        connect_args={"options": options, "connect_timeout": 30},
        execution_options={"postgresql_readonly": True},
    )


def _other(url: sqlalchemy.URL, source: SqlSource, request: Request) -> sqlalchemy.Engine:
    del source, request  # nothing that every database understands
    try:
        return sqlalchemy.create_engine(url, poolclass=sqlalchemy.pool.NullPool)
    except ImportError as error:
        raise SpecError(
            f"The driver of {shown(url)} is not installed: {error.name}.", remedy="install it beside Evergreen."
        ) from None


@contextmanager
def scrubbed(database: Guarded, what: str) -> Iterator[None]:
    """Turn a driver's error into ours: to be tried again if time or connection ran out, else a matter of the query."""
    try:
        yield
    except sqlalchemy.exc.DBAPIError as error:
        reason = _without_secrets(error, database.url)
        if error.connection_invalidated or _may_pass(error):
            raise SourceUnavailableError(
                f"{database.shown}: {what}: {reason}.",
                remedy="run again; if the time was up, raise source.timeout or add an index on the time column.",
            ) from None
        raise _query_refused(database.shown, reason) from None
    except (sqlalchemy.exc.StatementError, sqlalchemy.exc.InvalidRequestError) as error:
        raise _query_refused(database.shown, _without_secrets(error, database.url)) from None


def _query_refused(subject: str, reason: str) -> DataError:
    return refusal("DV023", subject, seen=reason, expected="a SELECT that the database accepts")


def _may_pass(error: sqlalchemy.exc.DBAPIError) -> bool:
    """Tell whether the same query may succeed later."""
    origin = error.orig
    if isinstance(origin, sqlite3.OperationalError):
        return any(word in str(origin) for word in ("interrupted", "locked", "busy", "disk I/O"))
    state = getattr(origin, "sqlstate", None) or getattr(origin, "pgcode", None) or ""
    return state == _CANCELLED or state[:2] in {"08", "40", "53", "55", "57", "58"}


def shown(url: sqlalchemy.URL) -> str:
    """Return a URL for people: without password, and without secrets among its options."""
    options = {name: "***" if _is_secret(name) else value for name, value in url.query.items()}
    return url.set(query=options).render_as_string(hide_password=True)


def _is_secret(name: str) -> bool:
    return any(word in name.lower() for word in _HIDDEN)


def _without_secrets(error: BaseException, url: sqlalchemy.URL) -> str:
    """Return the driver's own words, without statement, parameters and secrets."""
    text = str(getattr(error, "orig", None) or error).strip().splitlines()
    message = text[0] if text else type(error).__name__
    secrets = [url.password, *(value for name, value in url.query.items() if _is_secret(name))]
    for secret in secrets:
        if secret:
            message = message.replace(str(secret), "***").replace(quote(str(secret), safe=""), "***")
    return message.rstrip(".")
