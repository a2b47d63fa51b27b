"""Records of the batches that came in, and of what validation made of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, select

from ml.domain.errors import NotFoundError
from ml.domain.findings import Finding
from ml.domain.records import Snapshot, SnapshotRole, Validation
from ml.domain.windows import Window
from ml.registry.columns import dumps
from ml.registry.convert import AnyRow, finding_json, finding_of, snapshot_of, validation_of, window_values
from ml.registry.records import Batch
from ml.registry.session import Reading, Writing
from ml.registry.tables import (
    FindingRow,
    FindingSetRow,
    SnapshotRow,
    ValidationRow,
)

FindingsBySet = Mapping[int, list[Finding]]


class DataReader(Reading):
    """Questions about batches."""

    def snapshot(self, snapshot_id: int) -> Snapshot:
        """One snapshot; raise ``NotFoundError`` if there is none with this id."""
        row = self._first(select(SnapshotRow.__table__).where(SnapshotRow.id == snapshot_id))
        if row is None:
            raise NotFoundError(f"There is no snapshot {snapshot_id}.")
        return snapshot_of(row)

    def snapshots(
        self,
        model: str,
        role: SnapshotRole,
        *,
        as_of: datetime,
        start: datetime | None = None,
        end: datetime | None = None,
    ) -> tuple[Snapshot, ...]:
        """The newest snapshot of each window known at ``as_of``, by window; only windows within start and end."""
        statement = select(SnapshotRow.__table__).where(
            SnapshotRow.model == model,
            SnapshotRow.role == role.value,
            SnapshotRow.as_of <= as_of,
            *_within(SnapshotRow, start, end),
        )
        return tuple(snapshot_of(row) for row in self._newest(statement))

    def watermark(self, model: str) -> datetime | None:
        """End of the newest batch that was ingested."""
        statement = (
            select(SnapshotRow.window_end)
            .where(SnapshotRow.model == model, SnapshotRow.role == SnapshotRole.ROWS.value)
            .order_by(SnapshotRow.window_end.desc())
            .limit(1)
        )
        row = self._first(statement)
        return None if row is None else row.window_end

    def validation_of(self, snapshot_id: int) -> Validation | None:
        """What validation made of a snapshot, None if it was not validated."""
        with self._one_state():
            row = self._first(select(ValidationRow.__table__).where(ValidationRow.snapshot_id == snapshot_id))
            if row is None:
                return None
            found = self._findings_by_set(select(FindingRow.__table__).where(FindingRow.set_id == row.set_id))
        return validation_of(row, found.get(row.set_id, ()))

    def batches(
        self,
        model: str,
        *,
        as_of: datetime,
        start: datetime | None = None,
        end: datetime | None = None,
        passed: bool = True,
    ) -> tuple[Batch, ...]:
        """The newest rows of each window known at ``as_of``, by window, if they were validated.

        ``start`` and ``end`` bound the windows. One whose newest snapshot was stopped or is not validated yet is left
        out; with ``passed=False`` the stopped ones are in.
        """
        with self._one_state():
            rows = self._batch_rows(model, as_of, start=start, end=end)
            found = self._findings_by_set(
                select(FindingRow.__table__)
                .join(ValidationRow, ValidationRow.set_id == FindingRow.set_id)
                .where(ValidationRow.model == model, *_within(ValidationRow, start, end))
            )
        return tuple(
            Batch(snapshot_of(row), validation_of(row, found.get(row.set_id, ())))
            for row in rows
            if row.passed or (row.passed is not None and not passed)
        )

    def recent_rows(self, model: str, *, before: datetime, limit: int) -> tuple[int, ...]:
        """Row counts of the last ``limit`` batches that passed and ended by ``before``, in the order of time."""
        passed = [row.rows for row in self._batch_rows(model, before) if row.passed and row.window_end <= before]
        return tuple(passed[-limit:]) if limit > 0 else ()

    def _batch_rows(
        self, model: str, as_of: datetime, *, start: datetime | None = None, end: datetime | None = None
    ) -> list[AnyRow]:
        """Newest ROWS snapshots joined to their validation; ``passed`` is None for one without."""
        validation = ValidationRow.__table__.c
        extra = [column for column in validation if column.name not in SnapshotRow.__table__.c]
        statement = (
            select(SnapshotRow.__table__, *extra)
            .join(ValidationRow, ValidationRow.snapshot_id == SnapshotRow.id, isouter=True)
            .where(
                SnapshotRow.model == model,
                SnapshotRow.role == SnapshotRole.ROWS.value,
                SnapshotRow.as_of <= as_of,
                *_within(SnapshotRow, start, end),
            )
        )
        return self._newest(statement)

    def _newest(self, statement: Select[Any]) -> list[AnyRow]:
        """Of the snapshots of one window keep the last; superseded ones are few, so they are dropped here."""
        ordered = statement.order_by(
            SnapshotRow.window_start, SnapshotRow.window_end, SnapshotRow.as_of, SnapshotRow.id
        )
        newest = {(row.window_start, row.window_end): row for row in self._all(ordered)}
        return list(newest.values())

    def _findings_by_set(self, statement: Select[Any]) -> FindingsBySet:
        found: dict[int, list[Finding]] = {}
        for row in self._mappings(statement.order_by(FindingRow.id)):
            found.setdefault(row["set_id"], []).append(finding_of(row))
        return found


def _within(
    row: type[SnapshotRow | ValidationRow], start: datetime | None, end: datetime | None
) -> tuple[ColumnElement[bool], ...]:
    """Conditions that a window lies between two moments, each of which may be open."""
    return (
        *(() if start is None else (row.window_start >= start,)),
        *(() if end is None else (row.window_end <= end,)),
    )


class DataWriter(Writing, DataReader):
    """Records batches."""

    def add_snapshot(
        self,
        *,
        model: str,
        role: SnapshotRole,
        window: Window,
        as_of: datetime,
        sha256: str,
        rows: int,
        columns: Mapping[str, str],
        source: str,
        code_version: str,
    ) -> Snapshot:
        """Record data; what the window's newest snapshot holds already adds nothing, other data supersedes it."""
        self._lock(model)
        known = self.snapshots(model, role, as_of=as_of, start=window.start, end=window.end)
        before = next((snapshot for snapshot in known if snapshot.window == window), None)
        if before is not None and before.sha256 == sha256:
            return before
        number = self._insert(
            SnapshotRow,
            {
                "model": model,
                "role": role.value,
                **window_values(window, as_of),
                "sha256": sha256,
                "rows": int(rows),
                "columns": dict(columns),
                "source": source,
                "code_version": code_version,
                "supersedes": None if before is None else before.id,
            },
        )
        return self.snapshot(number)

    def add_validation(self, validation: Validation, *, model: str, window: Window, as_of: datetime) -> Validation:
        """Record what validation made of a snapshot, and its findings; the first record of a snapshot stays."""
        self._lock(model)
        done = self.validation_of(validation.snapshot_id)
        if done is not None:
            return done
        set_id = self._add_finding_set(model, window, as_of, "validate", validation.findings, key="")
        self._insert(
            ValidationRow,
            {
                "snapshot_id": validation.snapshot_id,
                "model": model,
                **window_values(window, as_of),
                "set_id": set_id,
                "passed": bool(validation.passed),
                "rows_kept": int(validation.rows_kept),
                "rows_quarantined": int(validation.rows_quarantined),
                "kept_sha256": validation.kept_sha256,
                "quarantine_sha256": validation.quarantine_sha256,
            },
        )
        return validation

    def add_findings(
        self,
        model: str,
        window: Window,
        as_of: datetime,
        step: str,
        findings: Iterable[Finding],
        *,
        key: str = "",
    ) -> None:
        """Record all that a step found on a batch, also that it found nothing.

        The same findings of the same step, batch and key again add nothing; others take the place of the earlier ones,
        which stay on record.
        """
        self._lock(model)
        self._add_finding_set(model, window, as_of, step, tuple(findings), key=key)

    def _add_finding_set(
        self, model: str, window: Window, as_of: datetime, step: str, findings: tuple[Finding, ...], *, key: str
    ) -> int:
        rows = [finding_json(finding) for finding in findings]
        sha256 = hashlib.sha256(dumps(rows).encode()).hexdigest()
        newest = self._first(
            select(FindingSetRow.id, FindingSetRow.sha256)
            .where(
                FindingSetRow.model == model,
                FindingSetRow.window_start == window.start,
                FindingSetRow.window_end == window.end,
                FindingSetRow.as_of == as_of,
                FindingSetRow.step == step,
                FindingSetRow.key == key,
            )
            .order_by(FindingSetRow.id.desc())
            .limit(1)
        )
        if newest is not None and newest.sha256 == sha256:
            return int(newest.id)
        values = {"model": model, **window_values(window, as_of), "step": step, "key": key, "sha256": sha256}
        set_id = self._insert(FindingSetRow, values)
        self._insert_all(FindingRow, [{"set_id": set_id, **row} for row in rows])
        return set_id
