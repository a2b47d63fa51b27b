"""A version beside another one: how both were judged, and the batches that both scored, one serving and one along."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from ml.views.console import statements
from ml.views.console.version import MOST_VERSIONS, VersionPage, version_page, versions_page
from ml.views.timeline import primary_metric

if TYPE_CHECKING:
    from ml.registry import Reader

MOST_BATCHES = 60
_MOST_ROWS = 4000


@dataclass(frozen=True, slots=True)
class BothScored:
    """The primary metric of both on one batch, on ``rows`` labelled rows."""

    start: datetime
    end: datetime
    first: float
    second: float
    rows: int


@dataclass(frozen=True, slots=True)
class Beside:
    """The newest batches that both scored, oldest first; none, where they never served at the same time."""

    first: int
    second: int
    metric: str
    batches: tuple[BothScored, ...]


@dataclass(frozen=True, slots=True)
class Other:
    """A version that one may compare with."""

    version: int
    stage: str


@dataclass(frozen=True, slots=True)
class Compared:
    """A version with another one: ``theirs`` is its page, null where there is none to compare with; ``others`` may be
    chosen: the newest ones, and this one.
    """

    others: tuple[Other, ...]
    theirs: VersionPage | None
    both: Beside | None


def compared(reader: Reader, model: str, number: int, other: int | None = None) -> Compared:
    """Lay a version beside another one: by default today's champion, and that one beside whom it was judged against.

    Raises:
        NotFoundError: one of them is not there.
    """
    mine = version_page(reader, model, number)
    wanted = _rival(mine) if other is None else other
    listed = versions_page(reader, model, limit=MOST_VERSIONS).versions
    others = {one.version: Other(one.version, one.stage) for one in listed if one.version != number}
    if wanted is None:
        return Compared(tuple(others.values()), None, None)
    theirs = version_page(reader, model, wanted)
    others.setdefault(wanted, Other(wanted, theirs.version.stage.value))  # it may be older than all that are listed
    return Compared(tuple(others.values()), theirs, _both(reader, model, number, wanted))


def _rival(page: VersionPage) -> int | None:
    if page.champion != page.version.version:
        return page.champion
    return None if page.gate is None else page.gate.champion


def _both(reader: Reader, model: str, first: int, second: int) -> Beside:
    metric = primary_metric(reader, model)
    rows = reader.ask(statements.BOTH_SCORED, model=model, metric=metric, first=first, second=second, limit=_MOST_ROWS)
    values: dict[tuple[datetime, datetime], dict[int, tuple[float, int]]] = {}
    for row in rows:
        if row.value is not None:
            values.setdefault((row.window_start, row.window_end), {}).setdefault(row.version, (row.value, row.rows))
    both = [(window, found) for window, found in values.items() if first in found and second in found][:MOST_BATCHES]
    batches = tuple(
        BothScored(*window, found[first][0], found[second][0], min(found[first][1], found[second][1]))
        for window, found in sorted(both)
    )
    return Beside(first, second, metric, batches)
