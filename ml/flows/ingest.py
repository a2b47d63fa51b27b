"""ingest: read one window from the source and keep it as an immutable snapshot."""

from __future__ import annotations

from ml.artifacts.rows import Rows, put_rows, rows_sha256
from ml.data import read_window
from ml.domain.errors import DataError
from ml.domain.records import Snapshot, SnapshotRole
from ml.domain.windows import Window
from ml.flows.provenance import code_version, register
from ml.flows.workspace import Workspace
from ml.specs import ModelSpec


def ingest(workspace: Workspace, spec: ModelSpec, window: Window) -> Snapshot:
    """Store the rows of ``window``; the same data gives the same snapshot, other data one that supersedes it.

    Labels that arrive later, or from elsewhere, are cut off here, even where the source already has them.

    Raises:
        DataError: the source's content cannot be a batch; its findings are recorded first.
            Or the source still gives rows that were erased from this window.
        SourceUnavailableError: the source does not answer, or has nothing yet.
    """
    try:
        read = read_window(
            spec.source,
            time=spec.time,
            window=window,
            max_rows=spec.validation.max_rows,
            data_root=workspace.settings.data_root,
            resolve_connection=workspace.resolve_connection,
        )
    except DataError as error:
        with workspace.registry.write() as writer:
            register(writer, spec)
            writer.add_findings(spec.model, window, window.end, "ingest", error.findings)
        raise
    # Labels that arrive later, or from elsewhere, are cut off, even where the source already has them.
    rows = read.rows.without(spec.problem.targets) if spec.labels_are_separate else read.rows
    _must_stay_erased(workspace, spec, window, rows)
    sha256 = put_rows(workspace.store, rows)
    if rows.fit:
        workspace.remember(sha256, rows.frame())
    with workspace.registry.write() as writer:
        register(writer, spec)
        writer.add_findings(spec.model, window, window.end, "ingest", read.findings)
        return writer.add_snapshot(
            model=spec.model,
            role=SnapshotRole.ROWS,
            window=window,
            as_of=window.end,
            sha256=sha256,
            rows=rows.count,
            columns={name: str(dtype) for name, dtype in rows.dtypes().items()},
            source=read.description,
            code_version=code_version(),
        )


def _must_stay_erased(workspace: Workspace, spec: ModelSpec, window: Window, rows: Rows) -> None:
    """Refuse a batch that rows were erased from: read again it would bring them back."""
    with workspace.registry.read() as reader:
        erased = reader.erased_digests(spec.model, window)
    if erased and rows_sha256(rows) in erased:
        raise DataError(
            f"The source of {spec.model} still gives rows of {window} that were erased on request.",
            remedy="erase them at the source, then run the batch again; what is stored stays as it is.",
        )
