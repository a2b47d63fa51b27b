"""A model's past as it is on record: which batch arrived when, and when its labels did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ml.data.labels import join_labels
from ml.domain.digests import digest_of
from ml.domain.errors import NotFoundError
from ml.domain.records import SnapshotRole, Version
from ml.domain.schema import TableSchema
from ml.domain.windows import Window
from ml.flows.profile import frozen_layout, layout_for, profile_of
from ml.flows.reference import Reference, compared_with
from ml.flows.rows import is_labelled, places_by_time
from ml.flows.schema import required_schema
from ml.flows.workspace import Workspace
from ml.policies.replay import Step
from ml.profiles import Layout, Profile, conform
from ml.registry import Batch, Reader
from ml.specs import ModelSpec

Part = tuple[int, str]
"""(place of a batch, digest of its labels): the labelled rows of a batch as they were known at some time. The digest is
empty where labels come with their rows."""


@dataclass(frozen=True, slots=True)
class LabelledPart:
    """The labelled rows of one batch as they are stored, and their places among its kept rows.

    ``by_time`` are the same places in the order of time.
    """

    rows: pd.DataFrame
    places: NDArray[np.int64]
    by_time: NDArray[np.int64]


class Past:
    """The batches that passed validation, in order, with what was known after each of them."""

    def __init__(
        self,
        workspace: Workspace,
        spec: ModelSpec,
        schema: TableSchema,
        *,
        batches: Sequence[Batch],
        arrived: list[list[Part]],
        layout: Layout,
        versions: Sequence[Version],
    ) -> None:
        self.spec, self.schema, self.layout, self.versions = spec, schema, layout, tuple(versions)
        self._workspace = workspace
        self._batches = tuple(batches)
        self._arrived = arrived
        self._parts: dict[Part, LabelledPart] = {}
        self._features: dict[int, pd.DataFrame] = {}

    @cached_property
    def windows(self) -> tuple[Window, ...]:
        """The batches' windows, in order."""
        return tuple(batch.window for batch in self._batches)

    @cached_property
    def sha256(self) -> str:
        """Identity of all that is in it."""
        return digest_of([[batch.validation.kept_sha256 for batch in self._batches], self._arrived])

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """The batches as a replay plays them."""
        return tuple(
            Step(
                window=batch.window,
                rows=batch.validation.rows_kept,
                quarantined=quarantined_share(batch),
                labelled=tuple((part[0], len(self.part(part).rows)) for part in self._arrived[place]),
            )
            for place, batch in enumerate(self._batches)
        )

    @cached_property
    def known(self) -> tuple[tuple[Part, ...], ...]:
        """After each batch, the labelled parts known by then, in the order of time."""
        newest: dict[int, Part] = {}
        found = []
        for parts in self._arrived:
            newest |= {part[0]: part for part in parts if len(self.part(part).rows)}
            found.append(tuple(newest[place] for place in sorted(newest)))
        return tuple(found)

    @cached_property
    def digests(self) -> tuple[str, ...]:
        """After each batch, a digest of the labelled parts known by then: that of before, and what came since."""
        found, digest = [], ""
        for place, (parts, arrived) in enumerate(zip(self.known, self._arrived, strict=True)):
            if parts != (self.known[place - 1] if place else ()):
                digest = digest_of([digest, [one for one, _ in arrived], self.digest(arrived)])
            found.append(digest)
        return tuple(found)

    @cached_property
    def last(self) -> dict[int, Part]:
        """The last word on every batch's labels."""
        return {part[0]: part for part in self.known[-1]} if self.known else {}

    def has(self, sha256: str) -> bool:
        """Tell whether an estimator is still in the store."""
        return self._workspace.store.has(sha256)

    def estimator(self, sha256: str) -> Any:
        """Return an estimator that production fitted."""
        return self._workspace.model(sha256)

    def arrived(self, step: int) -> tuple[Part, ...]:
        """What labels came with a batch, those of batches without a labelled row included."""
        return tuple(self._arrived[step])

    def digest(self, parts: Sequence[Part]) -> list[list[str]]:
        """Write the content of parts, for keys."""
        return [[self._batches[place].validation.kept_sha256, labels] for place, labels in parts]

    def part(self, part: Part) -> LabelledPart:
        """Return the labelled rows of a part."""
        if part not in self._parts:
            self._parts[part] = self._labelled(part)
        return self._parts[part]

    def kept(self, place: int) -> pd.DataFrame:
        """Return all kept rows of a batch as they are stored."""
        return self._workspace.frame(self._batches[place].validation.kept_sha256)

    def features(self, place: int) -> pd.DataFrame:
        """Return all kept rows of a batch as estimators expect them, in the order in which they are stored."""
        if place not in self._features:
            self._features[place] = conform(self.kept(place), self.schema)
        return self._features[place]

    def profile(self, place: int, layout: Layout) -> Profile:
        """Return the profile of a batch's kept rows."""
        return profile_of(self._workspace, layout, self._batches[place].validation)

    def compared_with(self, place: int, reference: Reference) -> Profile | None:
        """Return the profile that a batch's features are compared with; None if there is no batch to make it of."""
        return compared_with(
            self._workspace, self.spec, self.windows[place], self._batches[:place], reference, schema=self.schema
        )

    @cached_property
    def events(self) -> Mapping[tuple[int, int], int]:
        """Number every arrival of labels: (step, place of the batch) → number, in the order of arrival."""
        arrivals = [(step, part[0]) for step, parts in enumerate(self._arrived) for part in parts]
        return {arrival: number for number, arrival in enumerate(arrivals)}

    @cached_property
    def last_events(self) -> Mapping[int, int]:
        """The number of the last arrival for every batch that has a labelled row."""
        return {place: number for (_, place), number in self.events.items() if place in self.last}

    def frame(self, step: int) -> pd.DataFrame:
        """Return the labelled rows known after a step as one frame; do not change it in place."""
        parts = self.known[step]
        if parts == self.known[-1][: len(parts)]:  # labels that came at once: a part of what is known at the end
            return self._whole.iloc[: int(self._counts[len(parts)])]
        return pd.concat([self.part(part).rows for part in parts], ignore_index=True)

    @cached_property
    def _whole(self) -> pd.DataFrame:
        return pd.concat([self.part(part).rows for part in self.known[-1]], ignore_index=True)

    @cached_property
    def _counts(self) -> NDArray[np.int64]:
        return np.cumsum([0, *(len(self.part(part).rows) for part in self.known[-1])])

    def joined(self, part: Part) -> pd.DataFrame:
        """Return all kept rows of a batch with these labels; rows without one have none."""
        place, labels = part
        frame = self.kept(place)
        if not labels:
            return frame
        spec = self.spec
        return join_labels(frame, self._workspace.frame(labels), key=spec.key, targets=spec.problem.targets)

    def _labelled(self, part: Part) -> LabelledPart:
        spec, frame = self.spec, self.joined(part)
        known = is_labelled(frame, spec)
        kept = frame if known.all() else frame[known].reset_index(drop=True)
        return LabelledPart(kept, np.flatnonzero(known), places_by_time(frame, known, spec))


def gather_past(
    workspace: Workspace, reader: Reader, spec: ModelSpec, *, start: datetime | None = None, end: datetime | None = None
) -> Past:
    """Gather the batches on record that lie in ``[start, end)``, all by default.

    Raises:
        NotFoundError: there are none.
    """
    until = end or datetime.max.replace(tzinfo=workspace.clock().tzinfo)
    batches = [one for one in reader.batches(spec.model, as_of=until) if start is None or one.window.start >= start]
    batches = [one for one in batches if one.window.end <= until]
    if not batches:
        raise NotFoundError(
            f"{spec.model} has no batch on record that a replay could play.",
            remedy=f"take some in first, for example: evergreen run {spec.model} --from 2025-01-01 --to 2026-01-01",
        )
    places = {batch.window: place for place, batch in enumerate(batches)}
    arrived, versions = _arrivals(reader, spec, places), reader.versions(spec.model)
    schema = required_schema(reader, spec)
    # A model whose batches are older than profiles has no layout yet.
    layout = frozen_layout(workspace, reader, spec) or layout_for(
        workspace.frame(batches[0].validation.kept_sha256), schema, spec
    )
    return Past(workspace, spec, schema, batches=batches, arrived=arrived, layout=layout, versions=versions)


def _arrivals(reader: Reader, spec: ModelSpec, places: dict[Window, int]) -> list[list[Part]]:
    """With each batch, the labels that its run brought: its own, or those whose snapshot is of that moment."""
    if not spec.labels_are_separate:
        return [[(place, "")] for place in places.values()]
    return [
        [
            (places[snapshot.window], snapshot.sha256)
            for snapshot in reader.snapshots(spec.model, SnapshotRole.LABELS, as_of=window.end)
            if snapshot.as_of == window.end and snapshot.window in places
        ]
        for window in places
    ]


def quarantined_share(batch: Batch) -> float:
    """Return the share of a batch's rows that validation took out."""
    kept, out = batch.validation.rows_kept, batch.validation.rows_quarantined
    return out / (kept + out) if kept + out else 0.0
