"""One batch: what came in, what was found, what was measured, what was decided."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from ml.domain.errors import NotFoundError
from ml.domain.findings import Finding
from ml.domain.records import Quantity, SnapshotRole, Validation
from ml.domain.windows import Window
from ml.registry.convert import AnyRow
from ml.views.console import statements
from ml.views.console.drift import DriftCell, cell_of
from ml.views.console.story import StoryDecision, decisions, interval_of

if TYPE_CHECKING:
    from ml.registry import Reader

_MOST_SNAPSHOTS = 20
_MOST_MEASURED = 5000
REPORT = "evidently-drift"
"""The kind of report that the flow ``report`` records."""


@dataclass(frozen=True, slots=True)
class SnapshotView:
    """One snapshot of the batch; the newest of a role holds."""

    id: int
    role: str
    sha256: str
    rows: int
    source: str
    as_of: datetime
    created_at: datetime


@dataclass(frozen=True, slots=True)
class MetricView:
    """One metric of one version on the labelled rows, with its 95 % interval where that is on record."""

    name: str
    version: int
    role: str
    value: float | None
    rows: int
    note: str
    interval: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class BatchPage:
    """All that is on record about a batch.

    ``other_drift`` is that of predictions and target; ``report_sha256`` is Evidently's report, None if it is not built.
    """

    model: str
    window: Window
    rows_kept: int | None
    rows_quarantined: int | None
    passed: bool | None
    has_quarantine: bool
    findings: tuple[Finding, ...]
    snapshots: tuple[SnapshotView, ...]
    metrics: tuple[MetricView, ...]
    columns: tuple[DriftCell, ...]
    other_drift: tuple[DriftCell, ...]
    decisions: tuple[StoryDecision, ...]
    report_sha256: str | None


def batch_page(reader: Reader, model: str, start: datetime) -> BatchPage:
    """Return the batch that begins at a moment.

    Raises:
        NotFoundError: there is no such batch.
    """
    window = _window(reader, model, start)
    place = {"model": model, "start": window.start, "end": window.end}
    snapshots = reader.ask(statements.SNAPSHOTS_OF, **place, limit=_MOST_SNAPSHOTS)
    validation = _validation(reader, snapshots)
    built = [one for one in reader.reports(model, window) if one.kind == REPORT]
    found = reader.ask(statements.DRIFT_OF_BATCH, **place, limit=_MOST_MEASURED)
    newest = {(row.quantity, row.subject, row.version): row for row in found}.values()
    taken = decisions(reader, model, start=window.start)
    return BatchPage(
        model=model,
        window=window,
        rows_kept=None if validation is None else validation.rows_kept,
        rows_quarantined=None if validation is None else validation.rows_quarantined,
        passed=None if validation is None else validation.passed,
        has_quarantine=validation is not None and validation.quarantine_sha256 is not None,
        findings=reader.findings(model, window),
        snapshots=tuple(_snapshot(row) for row in snapshots),
        metrics=tuple(_metric(row) for row in newest if row.quantity == Quantity.METRIC.value),
        columns=_drift(newest, Quantity.COLUMN_DRIFT),
        other_drift=_drift(newest, Quantity.PREDICTION_DRIFT) + _drift(newest, Quantity.TARGET_DRIFT),
        decisions=tuple(one for one in taken if (one.start, one.end) == (window.start, window.end)),
        report_sha256=built[-1].sha256 if built else None,
    )


def validation_at(reader: Reader, model: str, start: datetime) -> tuple[Window, Validation | None]:
    """Return the batch that begins at a moment and what validation made of its newest rows, None if it did not yet.

    Raises:
        NotFoundError: there is no such batch.
    """
    window = _window(reader, model, start)
    found = reader.ask(statements.SNAPSHOTS_OF, model=model, start=window.start, end=window.end, limit=_MOST_SNAPSHOTS)
    return window, _validation(reader, found)


def report_of(reader: Reader, model: str, start: datetime) -> str | None:
    """Return the digest of the newest report of the batch that begins at a moment, None if none was built.

    Raises:
        NotFoundError: there is no such batch.
    """
    built = [one for one in reader.reports(model, _window(reader, model, start)) if one.kind == REPORT]
    return built[-1].sha256 if built else None


def _validation(reader: Reader, snapshots: Iterable[AnyRow]) -> Validation | None:
    """What validation made of the newest rows among snapshots, the newest first."""
    rows = next((snapshot for snapshot in snapshots if snapshot.role == SnapshotRole.ROWS.value), None)
    return None if rows is None else reader.validation_of(rows.id)


def _window(reader: Reader, model: str, start: datetime) -> Window:
    found = reader.ask(statements.WINDOW_AT, model=model, start=start)
    if not found:
        raise NotFoundError(
            f"{model} has no batch that begins at {start.isoformat()}.", remedy="choose one from the model's page."
        )
    return Window(found[0].window_start, found[0].window_end)


def _snapshot(row: AnyRow) -> SnapshotView:
    return SnapshotView(row.id, row.role, row.sha256, row.rows, row.source, row.as_of, row.created_at)


def _metric(row: AnyRow) -> MetricView:
    detail = row.detail
    role, note = str(detail.get("role", "")), str(detail.get("note", ""))
    return MetricView(row.subject, row.version, role, row.value, row.rows, note, interval_of(detail))


def _drift(rows: Iterable[AnyRow], quantity: Quantity) -> tuple[DriftCell, ...]:
    cells = [cell_of(row) for row in rows if row.quantity == quantity.value]
    return tuple(sorted(cells, key=lambda cell: (-(cell.strength or 0.0), cell.column)))
