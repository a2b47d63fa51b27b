"""What readers and writers stand on: one connection in one transaction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, cast

from sqlalchemy import Connection, Executable, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from ml.domain.errors import NotFoundError
from ml.registry.base import Base
from ml.registry.convert import AnyRow
from ml.registry.tables import ModelRow

AUTOCOMMIT = "evergreen_autocommit"
"""Execution option of a connection on which each statement is a transaction of its own."""


class Reading:
    """Asks questions on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def _all(self, statement: Executable) -> Sequence[AnyRow]:
        return self._connection.execute(statement).all()

    def _mappings(self, statement: Executable) -> Sequence[Mapping[str, Any]]:
        return cast("Sequence[Mapping[str, Any]]", self._connection.execute(statement).mappings().all())

    def _first(self, statement: Executable) -> AnyRow | None:
        return self._connection.execute(statement).first()

    @contextmanager
    def _one_state(self) -> Iterator[None]:
        """Let several statements see one state of the database, also where each is a transaction by default."""
        if not self._connection.get_execution_options().get(AUTOCOMMIT, False):
            yield
            return
        self._connection.exec_driver_sql("BEGIN")
        try:
            yield
        finally:
            self._connection.exec_driver_sql("COMMIT")


class Writing(Reading):
    """Changes rows on one connection; whoever opened it commits."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self._locked: set[str] = set()

    def _lock(self, model: str) -> None:
        """Keep every other writer of the model out until the transaction ends; on SQLite they are out already.

        The lock leaves the key alone, so that rows which only refer to the model need not wait, nor can they deadlock.
        """
        if model in self._locked:
            return
        statement = select(ModelRow.name).where(ModelRow.name == model).with_for_update(key_share=True)
        if self._first(statement) is None:
            raise NotFoundError(
                f"There is no model {model!r} in the records.", remedy="ingest a batch of it first; that registers it."
            )
        self._locked.add(model)

    def _insert(self, table: type[Base], values: dict[str, Any]) -> int:
        """Insert a row and return its number (0 for a table whose rows have none)."""
        key = self._connection.execute(insert(table), values).inserted_primary_key
        return key[0] if key is not None and isinstance(key[0], int) else 0

    def _insert_all(self, table: type[Base], rows: list[dict[str, Any]]) -> None:
        if rows:
            self._connection.execute(insert(table), rows)

    def _insert_or_ignore(self, table: type[Base], values: dict[str, Any]) -> None:
        """Insert a row unless its key is taken, without an error that would end the transaction."""
        dialect = postgresql if self._connection.dialect.name == "postgresql" else sqlite
        self._connection.execute(dialect.insert(table).on_conflict_do_nothing(), values)
