"""What must be so at the end of a chain: no record without an event, and every version where the events leave it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import Connection, func, select

from ml.domain.custody import Breach, Fault, Head
from ml.domain.records import Stage
from ml.registry.custody.records import RECORDS, REJECTION, Recorded
from ml.registry.custody.tables import EventRow
from ml.registry.tables import ModelRow, PromotionRow, VersionRow


def standing(connection: Connection, model: str, expected: Sequence[Head], events: int) -> Iterator[Breach]:
    """Yield what does not agree with a chain that is sound in itself; all is read in one state of the database."""
    yield from _heads(connection, model, expected, events)
    for record in RECORDS:
        yield from _without_event(connection, record, model)
    yield from _stages(connection, model)


def _heads(connection: Connection, model: str, expected: Sequence[Head], events: int) -> Iterator[Breach]:
    for head in expected:
        asked = select(EventRow.sha256).where(EventRow.model == model, EventRow.number == head.number)
        found = connection.execute(asked).scalar()
        if found is None:
            yield Breach(
                model, events + 1, Fault.REMOVED, f"the chain ends with event {events}; it once had {head.number}"
            )
        elif found != head.sha256:
            what = f"event {head.number} is not the one that was noted: the chain was written anew"
            yield Breach(model, head.number, Fault.EDITED, what)


def _without_event(connection: Connection, record: Recorded, model: str) -> Iterator[Breach]:
    """A record that is there although no event speaks of it."""
    table, claims = record.table, (EventRow.model == model, EventRow.record == record.name)
    mine = (table.c.model == model, record.there)
    there = connection.execute(select(func.count()).select_from(table).where(*mine)).scalar_one()
    if record.key is None:
        known = connection.execute(select(func.coalesce(func.sum(EventRow.rows), 0)).where(*claims)).scalar_one()
        if there > known:
            what = f"{there - known} of {there} rows of {record.name} were added behind the chain's back"
            yield Breach(model, 0, Fault.ADDED, what)
        return
    known = connection.execute(select(func.count(EventRow.key.distinct())).where(*claims)).scalar_one()
    if there > known:
        keys = set(connection.execute(select(EventRow.key).where(*claims)).scalars())
        rows = connection.execute(select(table.c[record.key]).where(*mine).order_by(table.c[record.key])).scalars()
        first = next(str(key) for key in rows if str(key) not in keys)
        what = f"{record.name} {first} was added behind the chain's back: no event speaks of it"
        yield Breach(model, 0, Fault.ADDED, what)


def _stages(connection: Connection, model: str) -> Iterator[Breach]:
    """Compare what may change, stages and the generation, with the changes of champion and the rejections."""
    changed = select(PromotionRow.to_version).where(PromotionRow.model == model).order_by(PromotionRow.generation)
    served = list(connection.execute(changed).scalars())
    generation = connection.execute(select(ModelRow.generation).where(ModelRow.name == model)).scalar_one()
    if generation != len(served):
        what = f"the model's generation is {generation}, but its champion changed {len(served)} times"
        yield Breach(model, 0, Fault.EDITED, what)
    rejected = set(
        connection.execute(
            select(EventRow.key).where(EventRow.model == model, EventRow.record == REJECTION.name)
        ).scalars()
    )
    versions = (
        select(VersionRow.version, VersionRow.stage).where(VersionRow.model == model).order_by(VersionRow.version)
    )
    for number, stage in connection.execute(versions):
        due = _stage(number, served, rejected)
        if stage != due.value:
            what = f"version {number} is on record as {stage}; what happened to it makes it {due.value}"
            yield Breach(model, 0, Fault.EDITED, what)


def _stage(version: int, served: Sequence[int], rejected: set[str]) -> Stage:
    if served and served[-1] == version:
        return Stage.CHAMPION
    if version in served:
        return Stage.RETIRED
    return Stage.REJECTED if str(version) in rejected else Stage.CHALLENGER
