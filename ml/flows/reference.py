"""What a version leaves behind for drift: profiles of what it learned from and predicted, never the rows again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from ml.domain.records import Version
from ml.domain.schema import ColumnRole, ColumnSchema, ColumnType, TableSchema
from ml.domain.windows import Window
from ml.flows.profile import merged_profile, pairs_of, put_profile
from ml.flows.workspace import Workspace
from ml.monitoring import reference_batches
from ml.problems import problem_of
from ml.problems.base import PREDICTION
from ml.profiles import Layout, Profile, freeze, profile_frame
from ml.profiles.conform import texts_of
from ml.profiles.schema import type_of
from ml.registry import Batch
from ml.specs import ModelSpec
from ml.specs.monitoring import TrainingReference

Segment = tuple[str, str]
"""(column, value): the rows with this value."""


@dataclass(frozen=True, slots=True)
class Reference:
    """Profiles of the rows that a version was trained on (features, targets, segments) and of its predictions.

    The predictions are those for the rows that it was judged on: those for rows it was fitted on would look too sure.
    ``importance`` is how much the version uses each feature, None where that is not known.
    """

    features: Profile
    target: Profile
    predictions: Profile
    segments: Mapping[Segment, Profile]
    importance: Mapping[str, float] | None


def reference_of(
    spec: ModelSpec,
    schema: TableSchema,
    learned: pd.DataFrame,
    predictions: pd.DataFrame,
    *,
    layout: Layout,
    importance: Mapping[str, float] | None,
) -> Reference:
    """Profile what a version learned from, in the model's layout, and what it predicted for held-out rows."""
    return Reference(
        features=profile_frame(learned, layout),
        target=_of_outputs(spec, learned.loc[:, list(spec.problem.targets)]),
        predictions=_of_outputs(spec, predictions.loc[:, [PREDICTION]]),
        segments={
            segment: profile_frame(rows, layout.with_pairs(()))
            for column in spec.monitoring.drift.by
            for segment, rows in _segments(learned, schema, column, spec.monitoring.drift.segments)
        },
        importance=importance,
    )


def segment_rows(frame: pd.DataFrame, schema: TableSchema, segment: Segment) -> pd.DataFrame:
    """Return the rows of one segment; none where the frame does not have its column."""
    column, value = segment
    if column not in frame.columns:
        return frame.iloc[:0]
    mine: pd.DataFrame = frame.loc[texts_of(frame[column], _kind(schema, frame, column)) == value]
    return mine


def compared_with(
    workspace: Workspace,
    spec: ModelSpec,
    window: Window,
    earlier: Sequence[Batch],
    reference: Reference,
    *,
    schema: TableSchema,
) -> Profile | None:
    """Return the profile that a batch's features are compared with; None if there is no batch to make it of."""
    asked = spec.monitoring.drift.reference
    if isinstance(asked, TrainingReference):
        return reference.features
    by_window = {batch.window: batch for batch in earlier}
    chosen = reference_batches(asked, window, tuple(by_window))
    layout = reference.features.layout.with_pairs(pairs_of(spec, schema))
    return merged_profile(workspace, layout, [by_window[one].validation for one in chosen]) if chosen else None


def put_reference(workspace: Workspace, reference: Reference) -> dict[str, Any]:
    """Store the profiles and return where they are, as JSON for a version's manifest."""
    return {
        "features": put_profile(workspace, reference.features),
        "target": put_profile(workspace, reference.target),
        "predictions": put_profile(workspace, reference.predictions),
        "segments": [[*segment, put_profile(workspace, one)] for segment, one in reference.segments.items()],
        "importance": None if reference.importance is None else dict(reference.importance),
    }


def get_reference(workspace: Workspace, document: Mapping[str, Any]) -> Reference:
    """Return what :func:`put_reference` stored."""

    def get(sha256: str) -> Profile:
        return workspace.kept(sha256, Profile.from_bytes)

    return Reference(
        features=get(document["features"]),
        target=get(document["target"]),
        predictions=get(document["predictions"]),
        segments={(column, value): get(sha256) for column, value, sha256 in document["segments"]},
        importance=document["importance"],
    )


def reference_for(
    workspace: Workspace, spec: ModelSpec, schema: TableSchema, champion: Version, layout: Layout
) -> Reference:
    """Return the reference of a version; one that was trained before there were profiles has a sample of rows."""
    manifest = champion.manifest
    if "reference" in manifest:
        return get_reference(workspace, manifest["reference"])
    sample, predictions = (
        workspace.frame(manifest[name]) for name in ("reference_sha256", "holdout_predictions_sha256")
    )
    return reference_of(spec, schema, sample, predictions, layout=layout, importance=None)


def _of_outputs(spec: ModelSpec, frame: pd.DataFrame) -> Profile:
    """Profile targets or predictions, with bins of their own; rows without a label are none."""
    numeric = problem_of(spec.problem).numeric_output
    role = ColumnRole.NUMERIC if numeric else ColumnRole.CATEGORICAL
    known = frame.dropna()
    other = ColumnType.NUMBER if numeric else ColumnType.TEXT
    columns = [ColumnSchema(str(name), type_of(known[name]) or other, role) for name in known.columns]
    schema = TableSchema(tuple(columns))
    return profile_frame(known, freeze(known, schema, key=(), numeric_target=numeric))


def _kind(schema: TableSchema, frame: pd.DataFrame, column: str) -> Any:
    known = {one.name: one.type for one in schema.columns}
    return known.get(column) or type_of(frame[column])


def _segments(frame: pd.DataFrame, schema: TableSchema, column: str, most: int) -> list[tuple[Segment, pd.DataFrame]]:
    if column not in frame.columns:
        return []
    values = pd.Series(texts_of(frame[column], _kind(schema, frame, column)), index=frame.index).dropna()
    largest = sorted(values.value_counts().items(), key=lambda item: (-item[1], str(item[0])))[:most]
    return [((column, str(value)), frame.loc[values.index[values == value]]) for value, _ in largest]
