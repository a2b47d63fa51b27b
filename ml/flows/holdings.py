"""Where the rows of a key lie: every frame that holds one, and the same frame without it.

A row is named by a value in a column of the snapshots. Its labels are found by row id, its predictions by its place
among the kept rows, its copy in a version's sample of training rows by its values: a sample has no key.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ml.artifacts.frames import get_frame
from ml.data.labels import ROW_ID, row_ids
from ml.domain.erasures import Erasure, frames_of
from ml.domain.windows import Window
from ml.flows.workspace import Workspace
from ml.registry import Reader, Reference
from ml.specs import ModelSpec

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Held:
    """A reference to a frame with rows of the key, the frame without them, and how many they are."""

    reference: Reference
    without: pd.DataFrame
    rows: int


class Holdings:
    """Goes through all frames of a model once; ``columns`` are those that any of its snapshots has."""

    def __init__(
        self, workspace: Workspace, reader: Reader, spec: ModelSpec, *, column: str, values: Sequence[str]
    ) -> None:
        self.columns: set[str] = set()
        self._workspace, self._reader, self._spec = workspace, reader, spec
        self.model, self.column, self.values = str(spec.model), column, tuple(values)
        self._masks: dict[str, Mask] = {}
        self._kept: dict[int, Mask] = {}
        self._ids: dict[Window | None, set[str]] = {}
        self._rows: dict[str, pd.DataFrame] = {}

    def found(self) -> Iterator[Held]:
        """Yield what holds rows of the key: snapshots and what validation made of them, labels, predictions, samples.

        Raises:
            ArtifactError: a frame is missing or altered, so that nobody can say what it holds.
        """
        references = self._reader.references(self.model)
        of_rows = [one for one in references if one.record in {"snapshot", "validation"} and not one.is_labels]
        for reference in of_rows:
            yield from self._without(reference, self._of_rows(reference))
        for reference in references:
            if reference.is_labels:
                yield from self._without(reference, self._of_labels(reference))
            elif reference.record == "scoring":
                mask = self._kept.get(reference.snapshot or 0)
                yield from () if mask is None else self._without(reference, mask)
        yield from self._samples([one for one in references if one.record == "version"])

    def _without(self, reference: Reference, mask: Mask) -> Iterator[Held]:
        if mask.any():
            frame = self._frame(reference.sha256)
            yield Held(reference, frame.loc[~mask].reset_index(drop=True), int(mask.sum()))

    def _frame(self, sha256: str) -> pd.DataFrame:
        return get_frame(self._workspace.store, sha256)  # not by the cache: every frame is looked at once

    def _of_rows(self, reference: Reference) -> Mask:
        """Look into a frame of rows; note what else will lead to them."""
        if reference.sha256 not in self._masks:
            frame = self._frame(reference.sha256)
            self.columns |= set(map(str, frame.columns))
            mask = self._masks[reference.sha256] = holding(frame, self.column, self.values)
            if mask.any():
                self._rows[reference.sha256] = frame.loc[mask]
                if all(name in frame.columns for name in self._spec.key):
                    ids = row_ids(frame, key=self._spec.key, targets=self._spec.problem.targets)
                    self._ids.setdefault(reference.window, set()).update(ids[mask])
        mask = self._masks[reference.sha256]
        if reference.field == "kept_sha256" and reference.snapshot is not None and mask.any():
            self._kept[reference.snapshot] = mask
        return mask

    def _of_labels(self, reference: Reference) -> Mask:
        frame = self._frame(reference.sha256)
        named = set(self._ids.get(reference.window, ()))
        if self._spec.key == (self.column,):
            named |= set(self.values)  # also where the row itself is gone already
        found: Mask = frame[ROW_ID].astype(str).isin(named).to_numpy(dtype=np.bool_)
        return found

    def _samples(self, references: Sequence[Reference]) -> Iterator[Held]:
        """A version's sample loses a row with the values of each erased row that the version was made from."""
        if not self._rows or not references:
            return
        erasures: tuple[Erasure, ...] = self._reader.erasures(self.model)
        for reference in references:
            manifest = self._reader.version(self.model, int(reference.key)).manifest
            frames = frames_of(manifest, erasures)
            rows = [frame for sha256, frame in self._rows.items() if sha256 in frames]
            if rows:
                sample = self._frame(reference.sha256)
                yield from self._without(reference, alike(sample, pd.concat(rows, ignore_index=True)))


def holding(frame: pd.DataFrame, column: str, values: Sequence[str]) -> Mask:
    """Tell which rows have one of some values in a column; a number is the same however it is written.

    >>> holding(pd.DataFrame({"id": [7, 8, 7]}), "id", ["7", "x"]).tolist()
    [True, False, True]
    """
    if column not in frame.columns:
        return np.zeros(len(frame), dtype=np.bool_)
    series = frame[column]
    if pd.api.types.is_numeric_dtype(series.dtype) and not pd.api.types.is_bool_dtype(series.dtype):
        whole = pd.api.types.is_integer_dtype(series.dtype)
        numbers = [number for value in values if (number := _number(value, whole=whole)) is not None]
        found: Mask = series.isin(numbers).to_numpy(dtype=np.bool_, na_value=False)
        return found
    texts: Mask = (series.astype(str).isin(list(values)) & series.notna()).to_numpy(dtype=np.bool_)
    return texts


def alike(sample: pd.DataFrame, rows: pd.DataFrame) -> Mask:
    """Tell which rows of a sample go for some rows: for each one with the same values in the columns of both.

    Of several that are alike it does not matter which one goes.
    """
    columns = [name for name in sample.columns if name in rows.columns]
    mask = np.zeros(len(sample), dtype=np.bool_)
    if not columns:
        return mask
    wanted = _signatures(rows[columns]).value_counts().to_dict()
    for place, signature in enumerate(_signatures(sample[columns])):
        if wanted.get(signature, 0) > 0:
            wanted[signature] -= 1
            mask[place] = True
    return mask


def _signatures(frame: pd.DataFrame) -> pd.Series:
    """One text a row; numbers as numbers, whatever type a column has in one frame or the other."""
    columns = [_texts(frame[name]) for name in frame.columns]
    return pd.Series(list(map("\x1f".join, zip(*columns, strict=True))), dtype=object)


def _texts(series: pd.Series) -> list[str]:
    if pd.api.types.is_numeric_dtype(series.dtype):
        return [repr(value) for value in series.to_numpy(dtype=np.float64, na_value=np.nan).tolist()]
    return ["" if missing else str(value) for value, missing in zip(series, series.isna(), strict=True)]


def _number(value: str, *, whole: bool) -> int | float | None:
    try:
        return int(value)
    except ValueError:
        pass
    try:
        number = float(value)
    except ValueError:
        return None
    if not whole:
        return number
    return int(number) if number.is_integer() else None
