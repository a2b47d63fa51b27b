"""Two versions on the batches that both scored: the same rows, while one served and the other went along."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from ml.views.console import statements

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


def beside(reader: Reader, model: str, metric: str, first: int, second: int) -> Beside:
    """Compare two versions on the newest batches that both scored.

    Raises:
        NotFoundError: one of them is not there.
    """
    reader.version(model, first)
    reader.version(model, second)
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
