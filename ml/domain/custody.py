"""The chain of custody: what happened to a model, link by link, each holding the digest of the one before.

A record says what is so; its event says when it was written, by whom, and what it held then. A record that is edited
no longer has the digest of its event; an event that is edited, removed or moved breaks the chain behind it.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

START = ""
"""What the first event of a model has for the digest of the one before."""


class EventKind(StrEnum):
    """What an event speaks of."""

    ANCHOR = "anchor"  # a record that was there before the chain was
    SPEC = "spec"
    SCHEMA = "schema"
    SNAPSHOT = "snapshot"
    LABELS = "labels"
    FINDINGS = "findings"
    VALIDATION = "validation"
    SCORED = "scored"
    OBSERVED = "observed"
    DECISION = "decision"
    TRAINING = "training"
    VERDICT = "verdict"
    REFIT = "refit"
    APPROVAL = "approval"  # its key is the number of the version, its actor who approved
    PROMOTION = "promotion"
    REJECTION = "rejection"
    ROLLBACK = "rollback"
    REPORT = "report"
    REPLAY = "replay"
    ERASURE = "erasure"  # a request, its tombstones, its end


SIGNED = frozenset({EventKind.TRAINING, EventKind.REFIT, EventKind.PROMOTION, EventKind.ROLLBACK, EventKind.ERASURE})
"""Events that are signed where there is a key: which estimators there are, which of them serves, what was erased."""


@dataclass(frozen=True, slots=True)
class Event:
    """One link. ``record`` and ``key`` name what it speaks of, ``rows`` how many rows of a table that are.

    ``content_sha256`` is the digest of what the record held; ``as_of`` the data's time, None for what has none;
    ``created_at`` the wall clock. ``signature`` signs ``sha256``, and by it the whole chain up to here.
    """

    model: str
    number: int
    kind: EventKind
    record: str
    key: str
    rows: int
    as_of: datetime | None
    actor: str
    created_at: datetime
    content_sha256: str
    before_sha256: str
    sha256: str
    signature: str | None = None


@dataclass(frozen=True, slots=True)
class Head:
    """The newest event of a model's chain: noted elsewhere, it proves later that nothing before it was taken away."""

    model: str
    number: int
    sha256: str

    def __str__(self) -> str:
        return f"{self.model}:{self.number}:{self.sha256}"

    @classmethod
    def parse(cls, text: str) -> Head:
        """Read what ``str`` wrote; raise ``ValueError`` for anything else.

        >>> str(Head.parse("orders:12:" + "a" * 64)) == "orders:12:" + "a" * 64
        True
        """
        found = re.fullmatch("([^:]*):([0-9]+):([^:]{64})", text)
        if found is None:
            raise ValueError(
                f"{text!r} is no head of a chain; accepted is MODEL:NUMBER:SHA256, as `audit head` says it"
            )
        return cls(found[1], int(found[2]), found[3])


class Fault(StrEnum):
    """How a record or an event is not what it was."""

    EDITED = "edited"
    REMOVED = "removed"
    ADDED = "added"  # it is there, and no event knows of it
    REORDERED = "reordered"
    UNSIGNED = "unsigned"


@dataclass(frozen=True, slots=True)
class Breach:
    """One thing that is not as it was written, with the number of the event that shows it (0: none does)."""

    model: str
    number: int
    fault: Fault
    what: str


@dataclass(frozen=True, slots=True)
class Audit:
    """What going through a model's chain found: ``breaches`` begin with the first, ``signed`` are good signatures."""

    head: Head
    events: int
    records: int
    signed: int
    breaches: tuple[Breach, ...]


def event_sha256(event: Event) -> str:
    """Return the digest of a link: of all that it says and of the link before, not of its signature."""
    said = [
        event.model,
        event.number,
        event.kind.value,
        event.record,
        event.key,
        event.rows,
        None if event.as_of is None else event.as_of.isoformat(timespec="microseconds"),
        event.actor,
        event.created_at.isoformat(timespec="microseconds"),
        event.content_sha256,
        event.before_sha256,
    ]
    return hashlib.sha256(json.dumps(said, separators=(",", ":")).encode()).hexdigest()
