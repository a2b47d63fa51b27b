"""The profiles of a model's batches: stored beside their rows, merged instead of reading rows again."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import pandas as pd

from ml.artifacts.rows import Frames
from ml.domain.errors import NotFoundError
from ml.domain.records import Validation
from ml.domain.schema import ColumnRole, TableSchema
from ml.flows.schema import frozen_schema, schema_key
from ml.flows.workspace import Workspace
from ml.problems import problem_of
from ml.profiles import Layout, Profile, freeze, merge_all, profile_frame, profile_parquet
from ml.profiles.joint import Pair
from ml.registry import Reader
from ml.specs import ModelSpec

_PAIRED = 20  # features that `associations: true` pairs: 190 pairs


def layout_for(frame: pd.DataFrame | Frames, schema: TableSchema, spec: ModelSpec) -> Layout:
    """Return the layout of profiles that a batch gives rise to."""
    frozen = freeze(frame, schema, key=spec.key, numeric_target=problem_of(spec.problem).numeric_output)
    return frozen.with_pairs(pairs_of(spec, schema))


def watched_features(spec: ModelSpec, schema: TableSchema) -> tuple[str, ...]:
    """Name the features whose drift is watched: numbers first, then categories."""
    features = (*schema.names(ColumnRole.NUMERIC), *schema.names(ColumnRole.CATEGORICAL))
    columns = spec.monitoring.drift.columns
    return tuple(name for name in features if columns is None or name in columns)


def pairs_of(spec: ModelSpec, schema: TableSchema) -> tuple[Pair, ...]:
    """Return the pairs of features whose relation the spec asks to watch."""
    asked = spec.monitoring.drift.associations
    if isinstance(asked, bool):
        return tuple(combinations(watched_features(spec, schema)[:_PAIRED], 2)) if asked else ()
    return asked


def frozen_layout(workspace: Workspace, reader: Reader, spec: ModelSpec) -> Layout | None:
    """Return the frozen layout with the pairs that the spec asks for, None before the first good batch."""
    sha256, schema = reader.layout_of(spec.model, schema_key(spec)), frozen_schema(reader, spec)
    if sha256 is None or schema is None:
        return None
    return workspace.kept(sha256, Layout.from_bytes).with_pairs(pairs_of(spec, schema))


def required_layout(workspace: Workspace, reader: Reader, spec: ModelSpec) -> Layout:
    """Return the frozen layout; raise ``NotFoundError`` before the first good batch."""
    layout = frozen_layout(workspace, reader, spec)
    if layout is None:
        raise NotFoundError(f"{spec.model} has no profile yet.", remedy="ingest and validate a batch first.")
    return layout


def profile_of(workspace: Workspace, layout: Layout, validation: Validation) -> Profile:
    """Return the profile of a batch's kept rows in this layout: the stored one where it fits.

    The rows are profiled where there is none: the batch was validated before there were profiles, or in another
    layout.
    """
    if validation.profile_sha256 is not None:
        stored = workspace.kept(validation.profile_sha256, Profile.from_bytes)
        if stored.layout.covers(layout):
            return stored
    with workspace.frames(validation.kept_sha256, cells=validation.rows_kept * len(layout.columns)) as kept:
        return profile_frames(kept, layout)


def profile_frames(frames: Frames, layout: Layout) -> Profile:
    """Return the profile of a stored table, in memory or not."""
    if frames.whole is not None:
        return profile_frame(frames.whole, layout)
    return profile_parquet(frames.path, layout)


def merged_profile(workspace: Workspace, layout: Layout, validations: Sequence[Validation]) -> Profile:
    """Return the profile of the kept rows of several batches together; of none, that of no rows."""
    return merge_all([layout.empty(), *(profile_of(workspace, layout, one) for one in validations)])


def put_profile(workspace: Workspace, profile: Profile) -> str:
    """Store a profile and return the SHA-256 of its bytes."""
    sha256 = workspace.store.put(profile.to_bytes())
    workspace.keep(sha256, profile)
    return sha256


def put_layout(workspace: Workspace, layout: Layout) -> str:
    """Store what is frozen of a layout, and return the SHA-256 of its bytes; its pairs are the spec's to say."""
    frozen = layout.with_pairs(())
    sha256 = workspace.store.put(frozen.to_bytes())
    workspace.keep(sha256, frozen)
    return sha256
