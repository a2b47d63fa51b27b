"""What a record held before rows were erased: an event keeps the digest of what was, a tombstone says why it moved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from sqlalchemy import Connection, select

from ml.registry.custody.content import content_sha256
from ml.registry.custody.records import BY_NAME, Recorded
from ml.registry.custody.tables import EventRow
from ml.registry.erasure_tables import TombstoneRow

_STONES = select(
    TombstoneRow.record, TombstoneRow.key, TombstoneRow.field, TombstoneRow.old_sha256, TombstoneRow.new_sha256
)
_NUMBER = {"snapshot": "id", "validation": "snapshot_id", "scoring": "id", "version": "version"}

Row = Mapping[str, Any]


class Stones:
    """The tombstones of a model. They are records with events themselves, so none can be made up unnoticed."""

    def __init__(self, connection: Connection, model: str) -> None:
        self._connection, self._model = connection, model
        asked = _STONES.where(TombstoneRow.model == model).order_by(TombstoneRow.id.desc())
        self._of: dict[tuple[str, str], list[tuple[str, str, str]]] = {}
        for row in connection.execute(asked):
            self._of.setdefault((row.record, row.key), []).append((row.field, row.new_sha256, row.old_sha256))

    def before(self, record: Recorded, rows: Sequence[Row]) -> Sequence[Row]:
        """Return rows with the digests that they held first: the newest tombstone is undone first."""
        number = _NUMBER.get(record.table.name)
        if not self._of or number is None:
            return rows
        return [self._undone(record.table.name, str(row[number]), row) for row in rows]

    def altered(self) -> int | None:
        """The number of the event whose tombstones are not what was written, None if all are."""
        record = BY_NAME[TombstoneRow.__tablename__]
        mine = record.table.c.model == self._model
        rows: Iterator[Any] = iter(
            self._connection.execute(select(record.table).where(mine).order_by(record.table.c.id)).mappings()
        )
        events = select(EventRow.number, EventRow.rows, EventRow.content_sha256)
        of_stones = (EventRow.model == self._model, EventRow.record == record.name)
        for event in self._connection.execute(events.where(*of_stones).order_by(EventRow.number)).all():
            if content_sha256(record.table, record.columns, islice(rows, event.rows)) != event.content_sha256:
                return int(event.number)
        return None

    def _undone(self, table: str, key: str, row: Row) -> Row:
        values = dict(row)
        for field, new, old in self._of.get((table, key), ()):
            manifest = values.get("manifest")
            if table != "version":
                if values.get(field) == new:
                    values[field] = old
            elif manifest is not None and manifest.get(field) == new:
                values["manifest"] = {**manifest, field: old}
        return values
