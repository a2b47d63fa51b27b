"""What readers and writers stand on: one connection in one transaction.

Statements that are asked for every batch are built once, with named parameters: building one costs as much as running
it.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from typing import Any, cast

from sqlalchemy import BindParameter, Connection, Executable, Insert, bindparam, insert, select

from ml.domain.errors import NotFoundError
from ml.domain.records import Decision, GateResult, Json, Observation, Promotion, Scoring
from ml.registry.base import Base
from ml.registry.convert import AnyRow
from ml.registry.custody.chain import Author, Chain
from ml.registry.custody.records import BY_ROW, Recorded
from ml.registry.memory import Memory
from ml.registry.records import Batch, Outline
from ml.registry.tables import ModelRow

AUTOCOMMIT = "evergreen_autocommit"
"""Execution option of a connection on which each statement is a transaction of its own."""


MODEL: BindParameter[Any] = bindparam("model")
AS_OF: BindParameter[Any] = bindparam("as_of")
NOBODY = Author()
_LOCK = select(ModelRow.name).where(ModelRow.name == MODEL).with_for_update(key_share=True)


class Memories:
    """What one registry remembers of the tables that its readers go through again and again."""

    def __init__(self) -> None:
        self.observations: Memory[Observation] = Memory(_what)
        self.decisions: Memory[Decision] = Memory(lambda one: one.id)
        self.scorings: Memory[Scoring] = Memory(lambda one: one.id)
        self.promotions: Memory[Promotion] = Memory(lambda one: one.generation)
        self.outlines: Memory[Outline] = Memory(lambda one: one.id)
        self.passed: dict[int, bool] = {}
        self.batches: dict[int, Batch] = {}
        self.manifests: dict[tuple[str, int], Json] = {}
        self.gates: dict[tuple[str, int], GateResult] = {}
        self.schemas: dict[tuple[str, str], dict[str, Any]] = {}
        self.layouts: dict[tuple[str, str], str] = {}
        self.models: set[str] = set()


def _what(one: Observation) -> Hashable:
    return one.window, one.as_of, one.quantity, one.subject, one.version


class Reading:
    """Asks questions on one connection; with memories only if all that it sees is committed."""

    def __init__(self, connection: Connection, memories: Memories | None = None) -> None:
        self._connection = connection
        self._memories = memories or Memories()

    def ask(self, statement: Executable, **values: Any) -> Sequence[AnyRow]:
        """Answer a question of the read side, which brings its own statement; nothing of it is remembered."""
        return self._all(statement, **values)

    def _all(self, statement: Executable, **values: Any) -> Sequence[AnyRow]:
        return self._connection.execute(statement, values).all()

    def _mappings(self, statement: Executable, **values: Any) -> Sequence[Mapping[str, Any]]:
        return cast("Sequence[Mapping[str, Any]]", self._connection.execute(statement, values).mappings().all())

    def _first(self, statement: Executable, **values: Any) -> AnyRow | None:
        return self._connection.execute(statement, values).first()

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
    """Changes rows on one connection; whoever opened it seals it, and commits.

    ``models`` are names that are on record for sure.
    """

    def __init__(self, connection: Connection, models: Set[str] = frozenset(), author: Author = NOBODY) -> None:
        super().__init__(connection)
        self._chain = Chain(author)
        begun = connection.dialect.name == "sqlite"  # ... which lets nobody else write from then on
        self._locked = set(models) if begun else set()

    def seal(self) -> None:
        """Write the events of all that was written, as the last act of the transaction."""
        self._chain.close(self._connection)

    @property
    def locked(self) -> Set[str]:
        """The models that are on record once this transaction is."""
        return self._locked

    def lock(self, model: str) -> None:
        """Keep every other writer of the model out until the transaction ends, before anything that it needs is read.

        Raises:
            NotFoundError: there is no such model.
        """
        self._lock(model)

    def _lock(self, model: str) -> None:
        """Keep every other writer of the model out until the transaction ends; on SQLite they are out already.

        The lock leaves the key alone, so that rows which only refer to the model need not wait, nor can they deadlock.
        """
        if model in self._locked:
            return
        if self._first(_LOCK, model=model) is None:
            raise NotFoundError(
                f"There is no model {model!r} in the records.", remedy="ingest a batch of it first; that registers it."
            )
        self._locked.add(model)

    def _insert(self, table: type[Base], values: dict[str, Any]) -> int:
        """Insert a row with its event, and return its number (0 for a table whose rows have none)."""
        record = BY_ROW.get(table)
        if record is not None:
            values = {"created_at": self._chain.now, **values}
        key = self._connection.execute(_into(table), values).inserted_primary_key
        number = key[0] if key is not None and isinstance(key[0], int) else 0
        if record is not None:
            self._note(record, {**values, key._fields[0]: number} if key is not None and number else values)
        return number

    def _insert_all(self, table: type[Base], rows: list[dict[str, Any]]) -> None:
        """Insert rows that are one event together, if their table has events."""
        if not rows:
            return
        record = BY_ROW.get(table)
        if record is not None:
            rows = [{"created_at": self._chain.now, **row} for row in rows]
        self._connection.execute(_into(table), rows)
        if record is not None:
            self._note(record, *rows)

    def _note(self, record: Recorded, *rows: Mapping[str, Any]) -> None:
        """Put what was written into the model's chain of custody; the model is locked."""
        self._chain.add(record, rows)

    def _insert_or_ignore(self, table: type[Base], values: dict[str, Any]) -> None:
        """Insert a row unless its key is taken, without an error that would end the transaction."""
        dialect = import_module(f"sqlalchemy.dialects.{self._connection.dialect.name}")  # only the one in use
        self._connection.execute(dialect.insert(table).on_conflict_do_nothing(), values)


@cache
def _into(table: type[Base]) -> Insert:
    return insert(table)
