"""Records of the batches that came in, and of what validation made of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Select, bindparam, select

from ml.domain.errors import NotFoundError
from ml.domain.findings import Finding
from ml.domain.records import Snapshot, SnapshotRole, Validation
from ml.domain.windows import Window, as_utc
from ml.registry.columns import dumps, storable
from ml.registry.convert import AnyRow, finding_json, finding_of, snapshot_of, validation_of, window_of, window_values
from ml.registry.memory import END_OF_TIME, START_OF_TIME, Entry
from ml.registry.records import Batch, Outline
from ml.registry.session import AS_OF, MODEL, Reading, Writing
from ml.registry.tables import FindingRow, FindingSetRow, SnapshotRow, ValidationRow

_CHUNK = 1000  # below what any database takes as parameters of one statement
_KEPT_BATCHES = 20_000

_IN_TIME = (SnapshotRow.window_start, SnapshotRow.window_end, SnapshotRow.as_of, SnapshotRow.id)
_SNAPSHOT = select(SnapshotRow.__table__).where(SnapshotRow.id == bindparam("id"))
_WATERMARK = (
    select(SnapshotRow.window_end)
    .where(SnapshotRow.model == MODEL, SnapshotRow.role == SnapshotRole.ROWS.value)
    .order_by(SnapshotRow.window_end.desc())
    .limit(1)
)
_NEWEST_SET = (
    select(FindingSetRow.id, FindingSetRow.sha256)
    .where(
        FindingSetRow.model == MODEL,
        FindingSetRow.window_start == bindparam("window_start"),
        FindingSetRow.window_end == bindparam("window_end"),
        FindingSetRow.as_of == AS_OF,
        FindingSetRow.step == bindparam("step"),
        FindingSetRow.key == bindparam("key"),
    )
    .order_by(FindingSetRow.id.desc())
    .limit(1)
)


@cache
def _snapshots(start: bool, end: bool) -> Select[Any]:
    """Select snapshots known at a moment, in time; those of one window in the order of superseding."""
    known = (SnapshotRow.model == MODEL, SnapshotRow.role == bindparam("role"), SnapshotRow.as_of <= AS_OF)
    return select(SnapshotRow.__table__).where(*known, *_within(start, end)).order_by(*_IN_TIME)


_OUTLINES = (
    select(*_IN_TIME, SnapshotRow.rows, ValidationRow.passed)
    .outerjoin_from(SnapshotRow, ValidationRow, ValidationRow.snapshot_id == SnapshotRow.id)
    .where(
        SnapshotRow.model == MODEL,
        SnapshotRow.role == SnapshotRole.ROWS.value,
        SnapshotRow.id > bindparam("number"),
    )
)
_SOME: BindParameter[Any] = bindparam("ids", expanding=True)
_PASSED = select(ValidationRow.snapshot_id, ValidationRow.passed).where(ValidationRow.snapshot_id.in_(_SOME))
_SOME_BATCHES = (
    select(
        SnapshotRow.__table__,
        *(column for column in ValidationRow.__table__.c if column.name not in SnapshotRow.__table__.c),
    )
    .join(ValidationRow, ValidationRow.snapshot_id == SnapshotRow.id)
    .where(SnapshotRow.id.in_(_SOME))
)
_FINDINGS_OF_SOME = (
    select(FindingRow.__table__)
    .join(ValidationRow, ValidationRow.set_id == FindingRow.set_id)
    .where(ValidationRow.snapshot_id.in_(_SOME))
    .order_by(FindingRow.id)
)


def _within(start: bool, end: bool) -> list[ColumnElement[bool]]:
    """Conditions that a window lies between two moments, each of which may be open."""
    conditions = []
    if start:
        conditions.append(SnapshotRow.window_start >= bindparam("start"))
    if end:
        conditions.append(SnapshotRow.window_end <= bindparam("end"))
    return conditions


def _given(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _chunks(numbers: list[int]) -> Iterator[list[int]]:
    return (numbers[first : first + _CHUNK] for first in range(0, len(numbers), _CHUNK))


def _entry(row: AnyRow) -> Entry[Outline]:
    window = window_of(row.window_start, row.window_end)
    return Entry(row.id, row.as_of, (window.start, window.end, row.as_of, row.id), Outline(row.id, window, row.rows))


class DataReader(Reading):
    """Questions about batches."""

    def snapshot(self, snapshot_id: int) -> Snapshot:
        """One snapshot; raise ``NotFoundError`` if there is none with this id."""
        row = self._first(_SNAPSHOT, id=snapshot_id)
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
        statement, bounds = _snapshots(start is not None, end is not None), _given(start=start, end=end)
        rows = self._all(statement, model=model, role=role.value, as_of=as_of, **bounds)
        newest = {(row.window_start, row.window_end): row for row in rows}
        return tuple(snapshot_of(row) for row in newest.values())

    def watermark(self, model: str) -> datetime | None:
        """End of the newest batch that was ingested."""
        row = self._first(_WATERMARK, model=model)
        return None if row is None else row.window_end

    def validation_of(self, snapshot_id: int) -> Validation | None:
        """What validation made of a snapshot, None if it was not validated."""
        found = self._remembered_batches([snapshot_id]).get(snapshot_id)
        return None if found is None else found.validation

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
        first, last = start or START_OF_TIME, end or END_OF_TIME
        wanted = [
            outline.id
            for outline, verdict in self._newest(model, as_of)
            if (verdict or (verdict is not None and not passed))
            and first <= outline.window.start
            and outline.window.end <= last
        ]
        found = self._remembered_batches(wanted)
        return tuple(found[number] for number in wanted)

    def recent_rows(self, model: str, *, before: datetime, limit: int) -> tuple[int, ...]:
        """Row counts of the last ``limit`` batches that passed and ended by ``before``, in the order of time."""
        if limit <= 0:
            return ()
        found = [outline for outline, passed in self._newest(model, before) if passed]
        return tuple([outline.rows for outline in found if outline.window.end <= before][-limit:])

    def _passed_windows(self, model: str, as_of: datetime) -> tuple[Window, ...]:
        return tuple(outline.window for outline, passed in self._newest(model, as_of) if passed)

    def _newest(self, model: str, as_of: datetime) -> list[tuple[Outline, bool | None]]:
        """Of the snapshots of one window known at ``as_of`` the last, and whether it passed; None: not validated."""
        passed = self._memories.passed

        def newer(number: int) -> list[Entry[Outline]]:
            rows = self._all(_OUTLINES, model=model, number=number)
            passed.update({row.id: row.passed for row in rows if row.passed is not None})
            return [_entry(row) for row in rows]

        known = self._memories.outlines.known_at(model, as_of, newer)
        newest = {outline.window: outline for outline in known}.values()
        open_ones = [outline.id for outline in newest if outline.id not in passed]
        for some in _chunks(open_ones):
            passed.update({row.snapshot_id: row.passed for row in self._all(_PASSED, ids=some)})
        return [(outline, passed.get(outline.id)) for outline in newest]

    def _remembered_batches(self, wanted: Sequence[int]) -> Mapping[int, Batch]:
        """Read the batches that were not read before; a batch with its validation never changes."""
        known = self._memories.batches
        missing = [number for number in wanted if number not in known]
        for some in _chunks(missing):
            rows = self._all(_SOME_BATCHES, ids=some)  # a validation is written with its findings, and never changes
            found: dict[int, list[Finding]] = {}
            for row in self._mappings(_FINDINGS_OF_SOME, ids=some) if rows else ():
                found.setdefault(row["set_id"], []).append(finding_of(row))
            fresh = {row.id: Batch(snapshot_of(row), validation_of(row, found.get(row.set_id, ()))) for row in rows}
            known = {**known, **fresh}
        if missing:
            self._memories.batches = known if len(known) <= _KEPT_BATCHES else {}
        return known


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
        values: dict[str, Any] = {
            "sha256": sha256,
            "rows": int(rows),
            "columns": dict(columns),
            "source": storable(source),
            "code_version": code_version,
            "supersedes": None if before is None else before.id,
        }
        place = {"model": model, "role": role.value, **window_values(window, as_of)}
        number = self._insert(SnapshotRow, {**place, **values})
        return Snapshot(id=number, model=model, role=role, window=window, as_of=as_utc(as_of), **values)

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
                "profile_sha256": validation.profile_sha256,
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
        values = {"model": model, **window_values(window, as_of), "step": step, "key": key}
        newest = self._first(_NEWEST_SET, **values)
        if newest is not None and newest.sha256 == sha256:
            return int(newest.id)
        set_id = self._insert(FindingSetRow, {**values, "sha256": sha256})
        self._insert_all(FindingRow, [{"set_id": set_id, **row} for row in rows])
        return set_id
