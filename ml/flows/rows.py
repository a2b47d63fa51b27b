"""Gather the labelled rows that may be seen at a moment of the data's time, and nothing later."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml.artifacts.rows import Frames
from ml.data.labels import join_labels
from ml.domain.digests import digest_of
from ml.domain.errors import NotFoundError
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


class _Part(NamedTuple):
    """Digests of a batch's rows and of the labels to be joined to them."""

    window: Window
    rows: str
    labels: tuple[str, ...]


def kept_rows(workspace: Workspace, batch: Batch) -> AbstractContextManager[Frames]:
    """Lend the kept rows of a batch."""
    cells = batch.validation.rows_kept * len(batch.snapshot.columns)
    return workspace.frames(batch.validation.kept_sha256, cells=cells)


def batch_with_labels(
    workspace: Workspace,
    reader: Reader,
    spec: ModelSpec,
    batch: Batch,
    *,
    as_of: datetime,
    needed: Sequence[str],
) -> pd.DataFrame:
    """Return the kept rows of one batch with the labels known at ``as_of``; other rows have none.

    The columns are the targets and those ``needed``; others are there or not.
    """
    with kept_rows(workspace, batch) as kept:
        names = {*needed, *spec.problem.targets, *spec.key}
        if spec.labels_are_separate and not spec.key:  # a row is known by all that it holds
            names = set(kept.dtypes)
        rows = kept.some([name for name in kept.dtypes if name in names])
    if not spec.labels_are_separate:
        return rows
    found = reader.snapshots(
        spec.model, SnapshotRole.LABELS, as_of=as_of, start=batch.window.start, end=batch.window.end
    )
    return _joined(workspace, spec, rows, [snapshot.sha256 for snapshot in found if snapshot.window == batch.window])


def labelled_rows(workspace: Workspace, reader: Reader, spec: ModelSpec, *, as_of: datetime) -> LabelledRows:
    """Return all labelled rows known at ``as_of``: the newest snapshot of every batch that passed validation."""
    labels: dict[Window, tuple[str, ...]] = {}
    if spec.labels_are_separate:
        known = reader.snapshots(spec.model, SnapshotRole.LABELS, as_of=as_of)
        labels = {snapshot.window: (snapshot.sha256,) for snapshot in known}
    parts = [
        _Part(batch.window, batch.validation.kept_sha256, labels.get(batch.window, ()))
        for batch in reader.batches(spec.model, as_of=as_of)
        if not spec.labels_are_separate or batch.window in labels
    ]
    identity = digest_of([spec.digest, [(part.window.end.isoformat(), part.rows, *part.labels) for part in parts]])
    return workspace.gathered(identity, lambda: _gathered(workspace, spec, parts))


def recorded_rows(workspace: Workspace, reader: Reader, spec: ModelSpec, snapshots: Sequence[str]) -> LabelledRows:
    """Return the labelled rows of frames that were noted once (:attr:`LabelledRows.snapshots`), as they were then.

    Raises:
        NotFoundError: no batch on record has kept one of the frames.
        ArtifactError: one of them is gone.
    """
    windows = reader.windows_of_kept_rows(spec.model)
    together = 2 if spec.labels_are_separate else 1
    parts = []
    for place in range(0, len(snapshots), together):
        rows, *labels = snapshots[place : place + together]
        if rows not in windows:
            raise NotFoundError(f"No batch of {spec.model} on record has kept the rows {rows}.")
        parts.append(_Part(windows[rows], rows, tuple(labels)))
    return _gathered(workspace, spec, parts)


def _gathered(workspace: Workspace, spec: ModelSpec, parts: Sequence[_Part]) -> LabelledRows:
    frames: list[pd.DataFrame] = []
    used: list[str] = []
    windows: list[Window] = []
    for part in parts:
        frame = _joined(workspace, spec, workspace.frame(part.rows), part.labels)
        known = is_labelled(frame, spec)
        if not known.any():
            continue
        frames.append(frame if known.all() else frame[known])
        used.extend((part.rows, *part.labels))
        windows.append(part.window)
    frame = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()
    return LabelledRows(frame, tuple(used), tuple(windows))


def is_labelled(frame: pd.DataFrame, spec: ModelSpec) -> npt.NDArray[np.bool_]:
    """Tell which rows have a value in every target."""
    known = np.ones(len(frame), dtype=np.bool_)
    for target in spec.problem.targets:
        known &= pd.notna(frame[target].array) if target in frame.columns else np.False_
    return known


def places_by_time(frame: pd.DataFrame, known: npt.NDArray[np.bool_], spec: ModelSpec) -> npt.NDArray[np.intp]:
    """Return the places of the rows that are ``known``, in the order of time; rows of one time stay as stored."""
    places = np.flatnonzero(known)
    times = frame[spec.time.column]
    return places[order_in_time(times if len(places) == len(times) else times.iloc[places])]


def order_in_time(times: pd.Series[pd.Timestamp]) -> npt.NDArray[np.intp]:
    """Return the places of moments in their order; equal ones stay as they are. Rows mostly come in order."""
    if times.is_monotonic_increasing:
        return np.arange(len(times))
    return np.argsort(times.to_numpy(dtype="datetime64[us]"), kind="stable")


def _joined(workspace: Workspace, spec: ModelSpec, rows: pd.DataFrame, labels: Sequence[str]) -> pd.DataFrame:
    for sha256 in labels:
        rows = join_labels(rows, workspace.frame(sha256), key=spec.key, targets=spec.problem.targets)
    return rows
