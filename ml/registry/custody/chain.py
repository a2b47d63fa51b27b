"""Writes the events of one transaction, all of a model at once, just before it commits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select

from ml.domain.custody import SIGNED, START, Event, EventKind, event_sha256
from ml.domain.windows import as_utc
from ml.registry.columns import storable
from ml.registry.custody.content import content_sha256
from ml.registry.custody.records import Recorded
from ml.registry.custody.signing import Signer
from ml.registry.custody.tables import EventRow

_HEAD = (
    select(EventRow.number, EventRow.sha256)
    .where(EventRow.model == bindparam("model"))
    .order_by(EventRow.number.desc())
    .limit(1)
)
_INSERT = insert(EventRow)
_COLUMNS = tuple(column.name for column in fields(Event))


@dataclass(frozen=True, slots=True)
class Author:
    """Who writes: a name, and a key to sign with where there is one."""

    name: str = ""
    signer: Signer | None = None


@dataclass
class Chain:
    """The events of a transaction that is not committed yet. ``now`` is its moment, the same for all its rows."""

    author: Author
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    _waiting: dict[str, list[Event]] = field(default_factory=dict)

    def add(self, record: Recorded, rows: Sequence[Mapping[str, Any]], kind: EventKind | None = None) -> None:
        """Note what was just written: one record, or the rows of one that were written together."""
        first = rows[0]
        moment = first.get("as_of")
        event = Event(
            model=first["model"],
            number=0,
            kind=kind or record.kind(first),
            record=record.name,
            key="" if record.key is None else str(first[record.key]),
            rows=len(rows),
            as_of=None if moment is None else as_utc(moment),
            actor=storable(self.author.name),
            created_at=self.now,
            content_sha256=content_sha256(record.table, record.columns, rows),
            before_sha256="",
            sha256="",
        )
        self._waiting.setdefault(event.model, []).append(event)

    def close(self, connection: Connection) -> None:
        """Number and link what was noted, and write it. Every model noted is locked: nobody else adds meanwhile."""
        for model, events in self._waiting.items():
            head = connection.execute(_HEAD, {"model": model}).first()
            last, before = (0, START) if head is None else (head.number, head.sha256)
            rows = []
            for number, event in enumerate(events, last + 1):
                linked = replace(event, number=number, before_sha256=before)
                before = event_sha256(linked)
                rows.append({**_said(linked), "sha256": before, "signature": self._signature(event.kind, before)})
            connection.execute(_INSERT, rows)
        self._waiting.clear()

    def _signature(self, kind: EventKind, sha256: str) -> str | None:
        signer = self.author.signer
        return None if signer is None or kind not in SIGNED else signer.sign(sha256)


def _said(event: Event) -> dict[str, Any]:
    """The columns of an event; a kind is stored as its value."""
    return {name: getattr(event, name) for name in _COLUMNS} | {"kind": event.kind.value}
