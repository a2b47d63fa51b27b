"""Who did what to a model's records: the newest events of its chain of custody."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from ml.views.console import statements
from ml.views.console.bounds import HIGHEST

if TYPE_CHECKING:
    from ml.registry import Reader

MOST_EVENTS = 200


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """One link: ``kind`` of ``record`` ``key`` (``rows`` of them, without a key), who wrote it and when.

    ``sha256`` is the link's digest, by which ``evergreen audit verify --head`` recognises it.
    """

    number: int
    kind: str
    record: str
    key: str
    rows: int
    as_of: datetime | None
    actor: str
    created_at: datetime
    sha256: str
    signed: bool


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Events, the newest first; ``below`` asks for those before, None: these are the first."""

    events: tuple[AuditEvent, ...]
    below: int | None


def audit_page(reader: Reader, model: str, *, limit: int, below: int | None = None, acts: bool = False) -> AuditPage:
    """Return a page of a model's events; with ``acts`` only those that changed the model, its spec or its champion."""
    most = min(limit, MOST_EVENTS)
    question = statements.ACTS if acts else statements.EVENTS
    found = reader.ask(question, model=model, below=below or HIGHEST, limit=most + 1)
    events = tuple(
        AuditEvent(
            number=row.number,
            kind=row.kind,
            record=row.record,
            key=row.key,
            rows=row.rows,
            as_of=row.as_of,
            actor=row.actor,
            created_at=row.created_at,
            sha256=row.sha256,
            signed=row.signature is not None,
        )
        for row in found[:most]
    )
    return AuditPage(events, events[-1].number if len(found) > most else None)
