"""The beginning of the chain of a model whose records are older than the chain: an event for each of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, select

from ml.domain.custody import EventKind
from ml.registry.custody.chain import Author, Chain
from ml.registry.custody.records import RECORDS, Recorded
from ml.registry.custody.tables import EventRow
from ml.registry.tables import ModelRow

_AUTHOR = "evergreen migration 0005"
_TOGETHER = 500
"""So many rows of what is written many at once become one event."""


def begin_chains(connection: Connection) -> None:
    """Anchor all that is on record of every model without an event: from here on a change of it is noticed."""
    begun = select(EventRow.model).where(EventRow.number == 1)
    for model in connection.execute(select(ModelRow.name).where(ModelRow.name.not_in(begun))).scalars().all():
        chain = Chain(Author(_AUTHOR))
        for record in RECORDS:
            for rows in _parts(connection, record, model):
                chain.add(record, rows, EventKind.ANCHOR)
        chain.close(connection)


def _parts(connection: Connection, record: Recorded, model: str) -> Iterator[Sequence[Mapping[str, Any]]]:
    """The rows of a record in their order, in the parts that are an event each."""
    table = record.table
    columns = [column for column in table.c if column.name in record.columns | {record.order, "as_of"}]
    found = select(*columns).where(table.c.model == model, record.there).order_by(table.c[record.order])
    rows: list[Mapping[str, Any]] = [*connection.execute(found).mappings()]
    size = 1 if record.key is not None else _TOGETHER
    return (rows[first : first + size] for first in range(0, len(rows), size))
