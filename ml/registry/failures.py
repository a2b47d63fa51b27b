"""The database's failures in words, and which of them may go away by themselves."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import URL
from sqlalchemy.exc import DBAPIError, IntegrityError, StatementError

from ml.domain.errors import RegistryError, RegistryUnavailableError
from ml.registry.engine import place_of

_PASSING_STATES = {"40001", "40P01", "55P03", "57P01", "57P02", "57P03", "53300"}
_FULL_STATES = {"53100"}
_SQLITE_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_SQLITE_FULL = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR}
_SQLITE_CLOSED = {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH}
_TOO_LONG_STATE = "57014"
_SQLITE_BROKEN = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


def is_passing(error: DBAPIError) -> bool:
    """Tell whether the same transaction, run again as a whole, may succeed: lock, deadlock, lost connection."""
    state = _state(error)
    if state is None:
        return error.connection_invalidated or _code(error) in _SQLITE_BUSY or _could_not_connect(error)
    return error.connection_invalidated or state in _PASSING_STATES or state.startswith("08")


@contextmanager
def in_words(url: URL) -> Iterator[None]:
    """Turn what a database driver raises into an error that a person can act on.

    Raises:
        RegistryUnavailableError: the database cannot be reached or used now.
        RegistryError: what was to be written contradicts the records, or is nothing that can be written.
    """
    try:
        yield
    except DBAPIError as error:
        said = translated(error, url)
        if said is None:
            raise
        raise said from error
    except StatementError as error:
        if not isinstance(error.orig, ValueError | TypeError):
            raise
        raise RegistryError(f"A record holds a value that cannot be stored: {error.orig}.") from error


def translated(error: DBAPIError, url: URL) -> RegistryError | None:
    """Return our error for a driver's, None for one that only a mistake of ours can explain."""
    place, why = place_of(url), _first_line(error)
    if isinstance(error, IntegrityError):
        message = f"The records in {place} do not allow this: {why}."
        return RegistryError(message, remedy="read the records again, then decide anew.")
    if _code(error) in _SQLITE_BROKEN:
        message = f"{place} is not a sound SQLite database: {why}."
        return RegistryError(message, remedy="restore it from a backup.")
    remedy = _remedy(error)
    return None if remedy is None else RegistryUnavailableError(f"{place} cannot be used: {why}.", remedy=remedy)


def _remedy(error: DBAPIError) -> str | None:
    """Say what to do about a database that cannot be used now, None if the statement itself is at fault."""
    state, code = _state(error) or "", _code(error)
    if state in _FULL_STATES or code in _SQLITE_FULL:
        return "free space on its disk, then run the same again: nothing was lost."
    if state == _TOO_LONG_STATE or code == sqlite3.SQLITE_INTERRUPT:
        return "ask for less, or try again when the database is less busy."
    if code in _SQLITE_CLOSED:
        return "check the path, and the permissions of file and folder."
    if code in _SQLITE_BUSY:
        return "run the same again; for many workers at once use PostgreSQL."
    if is_passing(error) or state.startswith("28") or state == "3D000":
        return "check that it runs, and that EVERGREEN_DATABASE_URL names its host, user, password and database."
    return None


def _could_not_connect(error: DBAPIError) -> bool:
    """Tell whether no session came about: the driver then has no SQLSTATE to give, and no statement was run."""
    return error.statement is None and type(error.orig).__name__ in {"OperationalError", "ConnectionTimeout"}


def _state(error: DBAPIError) -> str | None:
    state = getattr(error.orig, "sqlstate", None)
    return state if isinstance(state, str) else None


def _code(error: DBAPIError) -> int | None:
    code = getattr(error.orig, "sqlite_errorcode", None)
    return code & 0xFF if isinstance(code, int) else None


def _first_line(error: DBAPIError) -> str:
    text = str(error.orig).strip()
    return text.splitlines()[0].rstrip(".") if text else type(error.orig).__name__
