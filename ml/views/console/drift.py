"""Drift of columns over batches: how far each is from its threshold, the most drifting column first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from ml.domain.windows import Window
from ml.registry.convert import AnyRow
from ml.views.console import statements
from ml.views.console.bounds import NEVER

if TYPE_CHECKING:
    from ml.registry import Reader

MOST_CELLS = 6000
_P_VALUES = ("ks", "chisquare")
_LEAST = 1e-12


@dataclass(frozen=True, slots=True)
class DriftCell:
    """One column on one batch. ``strength`` is 1 at the threshold whatever the method; None: not testable."""

    column: str
    start: datetime
    end: datetime
    value: float | None
    threshold: float | None
    method: str
    strength: float | None
    drifted: bool
    note: str


@dataclass(frozen=True, slots=True)
class DriftMap:
    """Cells of the last batches. ``columns`` are those shown, of ``of`` in all."""

    columns: tuple[str, ...]
    of: int
    windows: tuple[Window, ...]
    cells: tuple[DriftCell, ...]


def drift_map(reader: Reader, model: str, *, batches: int, columns: int, before: datetime | None = None) -> DriftMap:
    """Return the drift of the columns that drifted most over the last batches before a moment."""
    end = before or NEVER
    found = reader.ask(statements.WINDOWS, model=model, before=end, limit=batches)
    if not found:
        return DriftMap((), 0, (), ())
    start = found[-1].window_start
    rows = reader.ask(statements.COLUMN_DRIFT, model=model, start=start, before=end, limit=10 * MOST_CELLS)
    newest = {(row.window_start, row.window_end, row.subject): row for row in rows}
    cells = [cell_of(row) for row in newest.values()]
    heights: dict[str, float] = {}
    for cell in cells:
        heights[cell.column] = heights.get(cell.column, 0.0) + min(cell.strength or 0.0, 3.0)
    ranked = sorted(heights, key=lambda name: (-heights[name], name))
    shown = ranked[:columns]
    kept = [cell for cell in cells if cell.column in set(shown)][:MOST_CELLS]
    windows = sorted({Window(cell.start, cell.end) for cell in kept})
    return DriftMap(tuple(shown), len(ranked), tuple(windows), tuple(kept))


def cell_of(row: AnyRow) -> DriftCell:
    """Read one column's drift on one batch."""
    threshold, method = row.detail.get("threshold"), str(row.detail.get("method", ""))
    return DriftCell(
        column=row.subject,
        start=row.window_start,
        end=row.window_end,
        value=row.value,
        threshold=threshold,
        method=method,
        strength=None if row.value is None or not threshold else _strength(row.value, threshold, method),
        drifted=bool(row.detail.get("drifted")),
        note=str(row.detail.get("note", "")),
    )


def _strength(value: float, threshold: float, method: str) -> float:
    """How far beyond its threshold: a p-value is the stronger the smaller it is."""
    return threshold / max(value, _LEAST) if method in _P_VALUES else value / threshold
