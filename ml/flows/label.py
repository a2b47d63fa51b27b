"""label: read the labels that have arrived since, batch by batch, never before their time."""

from __future__ import annotations

import pandas as pd

from ml.artifacts.frames import put_frame
from ml.data import read_window
from ml.data.labels import ROW_ID, labels_of, row_ids
from ml.domain.errors import DataError, SourceUnavailableError
from ml.domain.records import Snapshot, SnapshotRole
from ml.domain.windows import Window
from ml.flows.provenance import code_version
from ml.flows.rows import kept_rows
from ml.flows.workspace import Workspace
from ml.monitoring.labels import BatchLabels, windows_due
from ml.registry import Batch
from ml.specs import ModelSpec


def label(workspace: Workspace, spec: ModelSpec, window: Window) -> tuple[Snapshot, ...]:
    """Store the labels known at the end of ``window`` for every earlier batch that still lacks some.

    Each becomes a snapshot of its own with ``as_of`` the end of ``window``; unchanged labels add nothing. A batch
    whose labels are due and not there yet is recorded as such: an empty snapshot. Does nothing for a model whose
    labels come with their rows.
    """
    if not spec.labels_are_separate:
        return ()
    as_of = window.end
    with workspace.registry.read() as reader:
        batches = {batch.window: batch for batch in reader.batches(spec.model, as_of=as_of)}
        known = {
            snapshot.window: snapshot for snapshot in reader.snapshots(spec.model, SnapshotRole.LABELS, as_of=as_of)
        }
    counts = [
        BatchLabels(
            batch.window, batch.validation.rows_kept, known[batch.window].rows if batch.window in known else None
        )
        for batch in batches.values()
    ]
    due = windows_due(counts, delay=spec.labels.delay, patience=spec.labels.patience, as_of=as_of)
    return tuple(_store(workspace, spec, batches[batch_window], window) for batch_window in due)


def _store(workspace: Workspace, spec: ModelSpec, batch: Batch, window: Window) -> Snapshot:
    found, source = _arrived(workspace, spec, batch.window, window)
    with kept_rows(workspace, batch) as kept:
        rows = kept.some(list(spec.key) or kept.columns)
    ids = row_ids(rows, key=spec.key, targets=spec.problem.targets)
    found = found[found[ROW_ID].isin(set(ids))].reset_index(drop=True)
    sha256 = put_frame(workspace.store, found)
    workspace.remember(sha256, found)
    with workspace.registry.write() as writer:
        return writer.add_snapshot(
            model=spec.model,
            role=SnapshotRole.LABELS,
            window=batch.window,
            as_of=window.end,
            sha256=sha256,
            rows=len(found),
            columns={str(name): str(dtype) for name, dtype in found.dtypes.items()},
            source=source,
            code_version=code_version(),
        )


def _arrived(workspace: Workspace, spec: ModelSpec, batch: Window, window: Window) -> tuple[pd.DataFrame, str]:
    """Return the labels of ``batch`` that had arrived by the end of ``window``; none if the source has none."""
    own = spec.labels.source
    time = spec.time
    asked = batch
    if own is not None and spec.labels.time is not None:
        time = time.model_copy(update={"column": spec.labels.time})
        asked = Window(batch.start, window.end)
    try:
        read = read_window(
            own or spec.source,
            time=time,
            window=asked,
            max_rows=spec.validation.max_rows,
            data_root=workspace.settings.data_root,
            resolve_connection=workspace.resolve_connection,
        )
    except SourceUnavailableError:
        if own is None:
            raise
        return _none(spec), "no answer"
    except DataError as error:
        if not error.empty:
            raise
        return _none(spec), "nothing arrived"
    return labels_of(read.frame, key=spec.key, targets=spec.problem.targets), read.description


def _none(spec: ModelSpec) -> pd.DataFrame:
    return pd.DataFrame(columns=[ROW_ID, *spec.problem.targets], dtype=object)
