"""Questions about the chain of custody."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import bindparam, select

from ml.domain.custody import START, Audit, Event, EventKind, Head
from ml.domain.errors import NotFoundError
from ml.registry.custody.audit import Walk
from ml.registry.custody.live import LIVE, Live
from ml.registry.custody.signing import Checker
from ml.registry.custody.standing import standing
from ml.registry.custody.tables import EventRow
from ml.registry.session import MODEL, Reading
from ml.registry.tables import ModelRow

_TOGETHER = 500
_MOST_BREACHES = 20
_EVENTS = (
    select(EventRow.__table__)
    .where(EventRow.model == MODEL, EventRow.number > bindparam("after"))
    .order_by(EventRow.number)
    .limit(bindparam("limit"))
)
_HEAD = (
    select(EventRow.number, EventRow.sha256).where(EventRow.model == MODEL).order_by(EventRow.number.desc()).limit(1)
)
_KNOWN = select(ModelRow.name).where(ModelRow.name == MODEL)


class CustodyReader(Reading):
    """Questions about who did what, and whether the records still say so."""

    def head(self, model: str) -> Head:
        """The newest event of a model; number 0 if there is none yet.

        Raises:
            NotFoundError: the records do not know the model.
        """
        self._must_know(model)
        row = self._first(_HEAD, model=model)
        return Head(model, 0, START) if row is None else Head(model, row.number, row.sha256)

    def events(self, model: str, *, after: int = 0, limit: int = _TOGETHER) -> tuple[Event, ...]:
        """The events of a model behind a number, in order."""
        return tuple(event_of(row) for row in self._mappings(_EVENTS, model=model, after=after, limit=limit))

    def audit(
        self,
        model: str,
        *,
        expected: Sequence[Head] = (),
        verifying_key: str = "",
        on_event: Callable[[int], None] | None = None,
    ) -> Audit:
        """Go through a model's chain and all its records, and name what is not as it was written, the first one first.

        ``expected`` are heads that were noted elsewhere; with the path of a ``verifying_key`` every event that ought to
        be signed must be. Writers go on meanwhile. ``on_event`` is told the number of the event that was reached.

        Raises:
            NotFoundError: the records do not know the model.
            SpecError: the key cannot be used.
        """
        self._must_know(model)
        walk = Walk(self._connection, model, Checker.read(verifying_key) if verifying_key else None)
        self._walk_on(walk, on_event)
        breaches = [] if walk.breach is None else [walk.breach]
        if walk.breach is None:
            with self._one_state():  # what was written meanwhile, and then nothing more
                self._walk_on(walk, on_event)
                mine = [head for head in expected if head.model == model]
                rest = standing(self._connection, model, mine, walk.number)
                breaches += [walk.breach] if walk.breach is not None else islice(rest, _MOST_BREACHES)
        return Audit(Head(model, walk.number, walk.sha256), walk.number, walk.records, walk.signed, tuple(breaches))

    def live_at(self, model: str, at: datetime) -> Live | None:
        """What was live at a moment of the data's time, since when and why; None if nothing was."""
        self._must_know(model)
        rows = self._mappings(LIVE, model=model, at=at)
        return Live(**rows[0]) if rows else None

    def _walk_on(self, walk: Walk, on_event: Callable[[int], None] | None) -> None:
        while walk.breach is None and (events := self.events(walk.model, after=walk.number)):
            walk.go(events)
            if on_event is not None:
                on_event(walk.number)

    def _must_know(self, model: str) -> None:
        if self._first(_KNOWN, model=model) is None:
            raise NotFoundError(
                f"There is no model {model!r} in the records.", remedy="see `evergreen status` for those there are."
            )


def event_of(row: Mapping[str, Any]) -> Event:
    """Read an event."""
    return Event(**{**row, "kind": EventKind(row["kind"])})
