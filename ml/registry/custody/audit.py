"""Goes through a model's chain and says where a record or an event is not what was written."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import groupby, islice
from typing import Any

from sqlalchemy import Connection, bindparam, func, select

from ml.domain.custody import SIGNED, START, Breach, Event, EventKind, Fault, event_sha256
from ml.domain.errors import RegistryError
from ml.registry.columns import dumps
from ml.registry.custody.content import content_sha256
from ml.registry.custody.records import BY_NAME, Recorded
from ml.registry.custody.signing import Checker
from ml.registry.custody.stones import Stones
from ml.registry.custody.tables import EventRow
from ml.registry.tables import FindingRow, FindingSetRow

_LAST = select(func.max(EventRow.number)).where(EventRow.model == bindparam("model"))
_FINDINGS = (
    select(
        FindingRow.set_id, FindingRow.code, FindingRow.severity, FindingRow.outcome, FindingRow.rows, FindingRow.said
    )
    .where(FindingRow.set_id.in_(bindparam("sets", expanding=True)))
    .order_by(FindingRow.set_id, FindingRow.id)
)
_SAID = ("code", "severity", "outcome", "rows", "said")
Row = Mapping[str, Any]


class Walk:
    """A walk along one chain, event by event in order; it ends at the first breach, which explains all behind it."""

    def __init__(self, connection: Connection, model: str, checker: Checker | None) -> None:
        self.model = model
        self.number, self.records, self.signed = 0, 0, 0
        self.sha256 = START
        self.breach: Breach | None = None
        self._connection = connection
        self._checker = checker
        self._read_until: dict[str, int] = {}
        self._findings: dict[int, str] = {}
        self._stones = Stones(connection, model)

    def go(self, events: Sequence[Event]) -> None:
        """Go on over the next events of the chain."""
        single = self._single(events)
        self._findings = self._findings_sha256(single)
        many = {name: iter(self._next(name, events)) for name in {event.record for event in events if not event.key}}
        for event in events:
            rows = single.get((event.record, event.key)) if event.key else list(islice(many[event.record], event.rows))
            self.breach = self._in_chain(event) or self._in_record(event, rows) or self._in_signature(event)
            if self.breach is not None:
                return
            self.number, self.sha256 = event.number, event.sha256
            self.records += event.rows

    def _in_chain(self, event: Event) -> Breach | None:
        whole = event_sha256(event) == event.sha256
        if whole and event.number == self.number + 1 and event.before_sha256 == self.sha256:
            return None
        place = None if whole else self._place(event)
        if place is not None:
            return self._breach(event, Fault.REORDERED, f"event {event.number} was written as number {place}")
        if not whole:
            return self._breach(event, Fault.EDITED, f"event {event.number} ({_name(event)}) is not what was written")
        missing = self.number + 1
        return Breach(self.model, missing, Fault.REMOVED, f"event {missing} is missing, or was put in another's place")

    def _place(self, event: Event) -> int | None:
        """Find the number that an event was written with; None if it is no event that was ever written."""
        last = self._connection.execute(_LAST, {"model": self.model}).scalar_one()
        places = range(1, last + 1)
        return next((at for at in places if event_sha256(replace(event, number=at)) == event.sha256), None)

    def _in_record(self, event: Event, rows: Sequence[Row] | None) -> Breach | None:
        record = _record(event)
        if not rows or len(rows) < event.rows:
            return self._breach(event, Fault.REMOVED, f"{_name(event)}, written {_when(event)}, is gone")
        if not self._as_written(event, record, rows):
            stones = self._stones.altered()
            if stones is not None:
                what = (
                    f"the tombstones of event {stones} are not what was written: {_name(event, rows)} lost its digest"
                )
                return Breach(self.model, stones, Fault.EDITED, what)
            return self._breach(event, Fault.EDITED, f"{_name(event, rows)} is not what was written {_when(event)}")
        if record.row is FindingSetRow and self._findings.get(rows[0]["id"], _NOTHING) != rows[0]["sha256"]:
            return self._breach(event, Fault.EDITED, f"the findings of {_name(event)}, written {_when(event)}, changed")
        return None

    def _as_written(self, event: Event, record: Recorded, rows: Sequence[Row]) -> bool:
        """Whether rows hold what they did, but for digests that tombstones moved, also while the walk went on."""
        for look_again in (True, False):
            if content_sha256(record.table, record.columns, self._stones.before(record, rows)) == event.content_sha256:
                return True
            if look_again:
                self._stones = Stones(self._connection, self.model)
        return False

    def _in_signature(self, event: Event) -> Breach | None:
        if self._checker is None or event.kind not in SIGNED:
            return None
        if event.signature is None or not self._checker.is_good(event.sha256, event.signature):
            how = "not signed" if event.signature is None else "signed by another key"
            return self._breach(event, Fault.UNSIGNED, f"event {event.number} ({_name(event)}) is {how}")
        self.signed += 1
        return None

    def _breach(self, event: Event, fault: Fault, what: str) -> Breach:
        return Breach(self.model, event.number, fault, what)

    def _single(self, events: Sequence[Event]) -> dict[tuple[str, str], list[Row]]:
        """The records with a key of their own that some events speak of."""
        wanted: dict[str, list[str]] = {}
        for event in events:
            if event.key:
                wanted.setdefault(event.record, []).append(event.key)
        found: dict[tuple[str, str], list[Row]] = {}
        for name, keys in wanted.items():
            record = BY_NAME.get(name)
            if record is None or record.key is None:
                continue  # said when the event is reached, unless it is not what was written
            column = record.table.c[record.key]
            asked = [int(key) for key in keys if key.isdecimal()] if column.type.python_type is int else keys
            for row in self._rows(record, column.in_(asked)):
                found[name, str(row[record.key])] = [row]
        return found

    def _next(self, name: str, events: Sequence[Event]) -> Sequence[Row]:
        """The next rows of a record that is written many rows at once, as many as the events speak of."""
        record = BY_NAME.get(name)
        if record is None:
            return ()
        number = record.table.c.id
        count = sum(event.rows for event in events if event.record == name and not event.key)
        rows = self._rows(record, number > self._read_until.get(name, 0), limit=count)
        if rows:
            self._read_until[name] = rows[-1]["id"]
        return rows

    def _rows(self, record: Recorded, which: Any, *, limit: int | None = None) -> Sequence[Row]:
        table = record.table
        names = record.columns | {record.order}
        # Rows are found by their number: by an index on the model each part would be sorted anew.
        mine = table.c.model == self.model if limit is None else table.c.model.concat("") == self.model
        found = select(*(column for column in table.c if column.name in names)).where(mine, which, record.there)
        return [*self._connection.execute(found.order_by(table.c[record.order]).limit(limit)).mappings()]

    def _findings_sha256(self, single: Mapping[tuple[str, str], Sequence[Row]]) -> dict[int, str]:
        """The digests of the findings of the sets among some records, as they are now."""
        sets = [rows[0]["id"] for (name, _), rows in single.items() if name == FindingSetRow.__tablename__]
        rows = self._connection.execute(_FINDINGS, {"sets": sets}).mappings().all() if sets else []
        said = groupby(rows, key=lambda row: int(row["set_id"]))
        return {number: _digest([{name: row[name] for name in _SAID} for row in of_set]) for number, of_set in said}


def _digest(findings: list[dict[str, Any]]) -> str:
    return hashlib.sha256(dumps(findings).encode()).hexdigest()


_NOTHING = _digest([])


def _record(event: Event) -> Recorded:
    record = BY_NAME.get(event.record)
    if record is None:
        raise RegistryError(
            f"Event {event.number} of {event.model} speaks of a {event.record!r}, which this version does not know.",
            remedy="audit with the version of Evergreen that wrote it, or a newer one.",
        )
    return record


def _name(event: Event, rows: Sequence[Row] = ()) -> str:
    if event.key:
        return f"{event.record} {event.key}"
    between = f" (ids {rows[0]['id']} to {rows[-1]['id']})" if rows else ""
    return f"one of {event.rows} rows of {event.record}{between}"


def _when(event: Event) -> str:
    what = (
        "anchored" if event.kind is EventKind.ANCHOR else f"by {event.actor}" if event.actor else "by an unnamed hand"
    )
    return f"on {event.created_at:%Y-%m-%d %H:%M:%S} UTC {what} (event {event.number})"
