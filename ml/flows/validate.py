"""validate: check a batch, set bad rows aside, stop what cannot be used."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pandas as pd

from ml.artifacts.frames import put_frame
from ml.artifacts.rows import Frames, put_rows, rows_from
from ml.domain.errors import DataError, NotFoundError
from ml.domain.findings import Finding, Severity
from ml.domain.records import Snapshot, SnapshotRole, Validation
from ml.domain.schema import TableSchema
from ml.domain.windows import Window
from ml.flows.profile import frozen_layout, layout_for, put_layout, put_profile
from ml.flows.schema import frozen_schema, inferred_schema, schema_key
from ml.flows.workspace import Workspace
from ml.profiles import Layout, Profile
from ml.profiles.engine import StoredTable, engine_of
from ml.registry import Reader
from ml.specs import ModelSpec
from ml.validation import Judgement, judge

_RECENT_BATCHES = 10


def validate(workspace: Workspace, spec: ModelSpec, window: Window) -> Validation:
    """Validate the newest snapshot of ``window`` and record what was found; the first good batch freezes the schema.

    Raises:
        DataError: an error of the whole table, or too many bad rows: the batch is stopped. It is recorded first.
        NotFoundError: the window was not ingested.
    """
    with workspace.registry.read() as reader:
        snapshot = newest_snapshot(reader, spec, window)
        done = reader.validation_of(snapshot.id)
    if done is None:
        done = _validated(workspace, spec, snapshot)
    if not done.passed:
        raise DataError(_stopped(spec, window, done.findings), findings=done.findings, remedy=_remedy(done.findings))
    return done


def newest_snapshot(reader: Reader, spec: ModelSpec, window: Window) -> Snapshot:
    """Return the snapshot of exactly this window; raise ``NotFoundError`` if there is none."""
    found = reader.snapshots(spec.model, SnapshotRole.ROWS, as_of=window.end, start=window.start, end=window.end)
    exact = [snapshot for snapshot in found if snapshot.window == window]
    if not exact:
        raise NotFoundError(f"{spec.model} has no snapshot of {window}.", remedy="ingest the window first.")
    return exact[-1]


def _validated(workspace: Workspace, spec: ModelSpec, snapshot: Snapshot) -> Validation:
    with workspace.registry.read() as reader:
        schema, layout = frozen_schema(reader, spec), frozen_layout(workspace, reader, spec)
        recent = reader.recent_rows(spec.model, before=snapshot.window.start, limit=_RECENT_BATCHES)
    with workspace.frames(snapshot.sha256, cells=snapshot.rows * len(snapshot.columns)) as batch:
        expected = schema or inferred_schema(batch.whole if batch.whole is not None else batch, spec)
        known = layout or _layout(batch, expected, spec)
        profile = _profile(workspace, spec, snapshot.sha256, batch, known)
        judged = judge(batch, spec=spec, schema=expected, window=snapshot.window, profile=profile, recent_rows=recent)
        validation = _record(workspace, snapshot, batch, judged)
    if validation.kept_sha256 != snapshot.sha256:
        # Rows that were set aside are in no profile, nor do they say what is frozen.
        with workspace.frames(validation.kept_sha256, cells=validation.rows_kept * len(snapshot.columns)) as kept:
            known = layout or _layout(kept, expected, spec)
            profile = _profile(workspace, spec, validation.kept_sha256, kept, known)
    if validation.passed or layout is not None:
        validation = replace(validation, profile_sha256=put_profile(workspace, profile))
    with workspace.registry.write() as writer:
        if validation.passed and schema is None:
            writer.freeze_schema(spec.model, schema_key(spec), expected.to_json())
        if validation.passed and layout is None:
            writer.freeze_layout(spec.model, schema_key(spec), put_layout(workspace, known))
        writer.add_validation(validation, model=spec.model, window=snapshot.window, as_of=snapshot.as_of)
    return validation


def _layout(batch: Frames, schema: TableSchema, spec: ModelSpec) -> Layout:
    return layout_for(batch.whole if batch.whole is not None else batch, schema, spec)


def _profile(workspace: Workspace, spec: ModelSpec, sha256: str, batch: Frames, layout: Layout) -> Profile:
    table = StoredTable(workspace.store.url_of(sha256), batch.whole, batch.path)
    return engine_of(spec.engine).profile(table, layout)


def _record(workspace: Workspace, snapshot: Snapshot, batch: Frames, judged: Judgement) -> Validation:
    """Store the kept and the quarantined rows; where nothing was changed, the snapshot itself is the kept frame."""
    kept_sha256, quarantine_sha256, out = snapshot.sha256, None, judged.set_aside
    if out or judged.targets:
        kept_sha256 = _put(workspace, batch, judged.kept, remember=True)
    if out:
        quarantine_sha256 = _put(workspace, batch, judged.quarantined, remember=False)
    return Validation(
        snapshot_id=snapshot.id,
        passed=judged.passed,
        rows_kept=batch.rows - out,
        rows_quarantined=out,
        kept_sha256=kept_sha256,
        quarantine_sha256=quarantine_sha256,
        findings=judged.findings,
    )


def _put(
    workspace: Workspace, batch: Frames, part: Callable[[int, pd.DataFrame], pd.DataFrame], *, remember: bool
) -> str:
    """Store a part of every frame of the batch."""
    if batch.whole is None:
        rows = rows_from(lambda: (part(place, frame) for place, frame in enumerate(batch.read(None))))
        return put_rows(workspace.store, rows)
    frame = part(0, batch.whole)
    sha256 = put_frame(workspace.store, frame)
    if remember:
        workspace.remember(sha256, frame)
    return sha256


def _errors(findings: tuple[Finding, ...]) -> list[Finding]:
    return [finding for finding in findings if finding.severity is Severity.ERROR]


def _stopped(spec: ModelSpec, window: Window, findings: tuple[Finding, ...]) -> str:
    reasons = "; ".join(finding.sentence() for finding in _errors(findings))
    return f"The batch {window} of {spec.model} is stopped: {reasons}."


def _remedy(findings: tuple[Finding, ...]) -> str:
    return " ".join(dict.fromkeys(finding.remedy for finding in _errors(findings)))
