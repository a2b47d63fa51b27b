"""Gather the labelled rows that may be seen at a moment of the data's time, and nothing later."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd

from ml.data.labels import join_labels
from ml.domain.digests import digest_of
from ml.domain.records import SnapshotRole
from ml.domain.windows import Window
from ml.flows.workspace import Workspace
from ml.registry import Batch, Reader
from ml.specs import ModelSpec


@dataclass(frozen=True, slots=True)
class LabelledRows:
    """Rows with a label, in the order of time, and where they came from.

    ``snapshots`` are the digests of every frame that went in, rows and labels; ``batches`` the windows of those with a
    labelled row, in order.
    """

    frame: pd.DataFrame
    snapshots: tuple[str, ...]
    batches: tuple[Window, ...]

    @property
    def until(self) -> datetime | None:
        """Exclusive end of the newest batch with a labelled row, None if there is none."""
        return max((batch.end for batch in self.batches), default=None)

    @property
    def sha256(self) -> str:
        """Identity of exactly these rows."""
        return digest_of(list(self.snapshots))


def batch_with_labels(
    workspace: Workspace, reader: Reader, spec: ModelSpec, batch: Batch, *, as_of: datetime
) -> pd.DataFrame:
    """Return the kept rows of one batch with the labels known at ``as_of``; other rows have none."""
    rows = workspace.frame(batch.validation.kept_sha256)
    if not spec.labels_are_separate:
        return rows
    found = reader.snapshots(
        spec.model, SnapshotRole.LABELS, as_of=as_of, start=batch.window.start, end=batch.window.end
    )
    return _joined(workspace, spec, rows, [snapshot.sha256 for snapshot in found if snapshot.window == batch.window])


def labelled_rows(workspace: Workspace, reader: Reader, spec: ModelSpec, *, as_of: datetime) -> LabelledRows:
    """Return all labelled rows known at ``as_of``: the newest snapshot of every batch that passed validation."""
    labels: dict[Window, str] = {}
    if spec.labels_are_separate:
        known = reader.snapshots(spec.model, SnapshotRole.LABELS, as_of=as_of)
        labels = {snapshot.window: snapshot.sha256 for snapshot in known}
    frames: list[pd.DataFrame] = []
    used: list[str] = []
    windows: list[Window] = []
    for batch in reader.batches(spec.model, as_of=as_of):
        if spec.labels_are_separate and batch.window not in labels:
            continue
        parts = [batch.validation.kept_sha256, *([labels[batch.window]] if batch.window in labels else [])]
        frame = _with_label(_joined(workspace, spec, workspace.frame(parts[0]), parts[1:]), spec)
        if frame.empty:
            continue
        frames.append(frame)
        used.extend(parts)
        windows.append(batch.window)
    frame = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()
    return LabelledRows(frame, tuple(used), tuple(windows))


def _with_label(frame: pd.DataFrame, spec: ModelSpec) -> pd.DataFrame:
    """Return the rows whose every target has a value; the frame itself where that is all of them."""
    known = np.ones(len(frame), dtype=np.bool_)
    for target in spec.problem.targets:
        if target not in frame.columns:
            return frame.iloc[:0]
        known &= frame[target].notna().to_numpy()
    return frame if known.all() else frame[known]


def _joined(workspace: Workspace, spec: ModelSpec, rows: pd.DataFrame, labels: list[str]) -> pd.DataFrame:
    for sha256 in labels:
        rows = join_labels(rows, workspace.frame(sha256), key=spec.key, targets=spec.problem.targets)
    return rows
