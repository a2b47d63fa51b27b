"""Drift of columns over batches: the verdict on each with its evidence, the columns that weigh most first."""

from __future__ import annotations

from collections.abc import Mapping
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
_HIGHEST = 3.0
"""Beyond so many times the threshold a column ranks no higher: one batch must not outweigh many."""


@dataclass(frozen=True, slots=True)
class DriftCell:
    """One column on one batch.

    ``drifted`` is the verdict: beyond the threshold, and more than chance. ``strength`` is how far, 1 at the threshold
    whatever the method; None: not testable. ``interval`` and ``p_value`` are the evidence, as far as the method has
    any. ``weight`` is the share that the champion of then drew on the column, None where that is not known.
    """

    column: str
    start: datetime
    end: datetime
    value: float | None
    threshold: float | None
    method: str
    strength: float | None
    drifted: bool
    note: str
    interval: tuple[float, float] | None = None
    p_value: float | None = None
    weight: float | None = None


@dataclass(frozen=True, slots=True)
class DriftMap:
    """Cells of the last batches. ``columns`` are those shown, of ``of`` in all.

    ``weights`` is how much the newest champion among them draws on each column; those on which it draws most come
    first. Where no weight is known, ``weights`` is empty and the most drifting column comes first.
    """

    columns: tuple[str, ...]
    weights: Mapping[str, float]
    of: int
    windows: tuple[Window, ...]
    cells: tuple[DriftCell, ...]


def drift_map(reader: Reader, model: str, *, batches: int, columns: int, before: datetime | None = None) -> DriftMap:
    """Return the drift of the columns that matter most over the last batches before a moment."""
    end = before or NEVER
    found = reader.ask(statements.WINDOWS, model=model, before=end, limit=batches)
    if not found:
        return DriftMap((), {}, 0, (), ())
    start = found[-1].window_start
    rows = reader.ask(statements.COLUMN_DRIFT, model=model, start=start, before=end, limit=10 * MOST_CELLS)
    newest = {(row.window_start, row.window_end, row.subject): row for row in rows}
    cells = [cell_of(row) for row in newest.values()]
    weights = {cell.column: cell.weight for cell in cells if cell.weight is not None}
    heights: dict[str, float] = {}
    for cell in cells:
        heights[cell.column] = heights.get(cell.column, 0.0) + min(cell.strength or 0.0, _HIGHEST)
    ranked = sorted(heights, key=lambda name: (-weights.get(name, 0.0), -heights[name], name))
    shown = ranked[:columns]
    kept = [cell for cell in cells if cell.column in set(shown)][:MOST_CELLS]
    windows = sorted({Window(cell.start, cell.end) for cell in kept})
    return DriftMap(tuple(shown), weights, len(ranked), tuple(windows), tuple(kept))


def cell_of(row: AnyRow) -> DriftCell:
    """Read one column's drift on one batch."""
    threshold, method = row.detail.get("threshold"), str(row.detail.get("method", ""))
    interval = row.detail.get("interval")
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
        interval=None if interval is None else (interval[0], interval[1]),
        p_value=row.detail.get("p_value"),
        weight=row.detail.get("weight"),
    )


def _strength(value: float, threshold: float, method: str) -> float:
    """How far beyond its threshold: a p-value is the stronger the smaller it is."""
    return threshold / max(value, _LEAST) if method in _P_VALUES else value / threshold
