"""score: what the champion of that time, and a few others in the shadow, predict for a batch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from ml.artifacts.rows import Frames, stacked
from ml.domain.records import Scoring, ScoringRole
from ml.domain.schema import TableSchema
from ml.domain.windows import Window
from ml.flows.predictions import put_predictions
from ml.flows.schema import required_schema
from ml.flows.validate import validate
from ml.flows.workspace import Workspace
from ml.problems import problem_of
from ml.profiles import conform
from ml.specs import ModelSpec


def score(workspace: Workspace, spec: ModelSpec, window: Window) -> tuple[Scoring, ...]:
    """Predict the kept rows of ``window`` with the champion at the window's start and, in the shadow, with retired
    champions and the challenger that was held then.

    The champion is the one that was live when the window began, so scoring a past batch again never uses a model that
    had seen it. Without a champion there is nothing to do. Scoring twice finds its own result.
    """
    validation = validate(workspace, spec, window)
    with workspace.registry.read() as reader:
        champion = reader.champion_at(spec.model, window.start)
        if champion is None:
            return ()
        held = reader.held_at(spec.model, window.start)
        shadows = [*([held[0]] if held else []), *reader.retired_at(spec.model, window.start, spec.monitoring.shadows)]
        done = {scoring.version: scoring for scoring in reader.scorings_of(validation.snapshot_id)}
        schema = required_schema(reader, spec)
    roles = [(champion, ScoringRole.CHAMPION), *((version, ScoringRole.SHADOW) for version in shadows)]
    fresh = {version.version: (version, role) for version, role in roles if version.version not in done}
    if fresh:
        estimators = {number: workspace.model(version.serving_sha256) for number, (version, _) in fresh.items()}
        with workspace.frames(validation.kept_sha256, cells=validation.rows_kept * len(schema.columns)) as batch:
            predictions = _predicted(batch, estimators, schema, spec)
        sha256 = put_predictions(workspace, predictions)
        with workspace.registry.write() as writer:
            added = writer.add_scorings(
                model=spec.model,
                roles={number: role for number, (_, role) in fresh.items()},
                snapshot_id=validation.snapshot_id,
                window=window,
                as_of=window.end,
                sha256=sha256,
                rows=validation.rows_kept,
            )
        done.update({scoring.version: scoring for scoring in added})
    return tuple(done.values())


def _predicted(
    batch: Frames, estimators: Mapping[int, Any], schema: TableSchema, spec: ModelSpec
) -> dict[int, pd.DataFrame]:
    """Return what every estimator predicts; of a large batch, features are in memory some rows at a time."""
    problem = problem_of(spec.problem)
    parts: dict[int, list[pd.DataFrame]] = {number: [] for number in estimators}
    for frame in batch.read([name for name in schema.features if name in batch.dtypes]):
        features = conform(frame, schema)
        for number, estimator in estimators.items():
            parts[number].append(problem.predict(estimator, features))
    return {number: stacked(each) for number, each in parts.items()}
