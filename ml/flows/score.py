"""score: what the champion of that time, and a few others in the shadow, predict for a batch."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from ml.artifacts.rows import Frames, stacked
from ml.domain.codes_pf import PERFORMANCE, UNABLE
from ml.domain.errors import DataError, EvergreenError
from ml.domain.findings import Finding, Severity
from ml.domain.records import Scoring, ScoringRole, Version
from ml.domain.schema import TableSchema
from ml.domain.windows import Window
from ml.flows.predictions import put_predictions
from ml.flows.schema import required_schema
from ml.flows.validate import validate
from ml.flows.workspace import Workspace
from ml.problems import problem_of
from ml.profiles import conform
from ml.registry import Reader
from ml.specs import ModelSpec

_log = logging.getLogger(__name__)

STEP = "score"
_CANNOT = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EvergreenError,
    ImportError,
    LookupError,
    MemoryError,
    RuntimeError,
    TypeError,
    ValueError,
)
"""What a model raises that cannot be loaded, or whose state is not what its code expects."""


@dataclass(slots=True)
class _Scorers:
    """Who scores a batch: the estimators of versions, the champion first, with what they predicted so far; and what
    became of those that cannot.
    """

    estimators: dict[int, Any] = field(default_factory=dict)
    parts: dict[int, list[pd.DataFrame]] = field(default_factory=dict)
    unable: dict[int, str] = field(default_factory=dict)

    def give_up(self, number: int, error: Exception) -> None:
        """Go on without a version."""
        self.estimators.pop(number, None)
        self.parts.pop(number, None)
        self.unable[number] = str(error) if isinstance(error, EvergreenError) else repr(error)

    def predictions(self) -> dict[int, pd.DataFrame]:
        """All that was predicted, by version."""
        return {number: stacked(each) for number, each in self.parts.items()}


def score(workspace: Workspace, spec: ModelSpec, window: Window) -> tuple[Scoring, ...]:
    """Predict the kept rows of ``window`` with the champion at the window's start and, in the shadow, with retired
    champions and the challenger that was held then.

    The champion is the one that was live when the window began, so scoring a past batch again never uses a model that
    had seen it. Without a champion there is nothing to do. Scoring twice finds its own result.

    The champion comes first: an error of it is raised. One of another version is a finding, and all others score.
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
        with workspace.frames(validation.kept_sha256, cells=validation.rows_kept * len(schema.columns)) as batch:
            scorers = _scorers(workspace, fresh)
            _predict(batch, scorers, fresh, schema=schema, spec=spec)
        scored = {number: role for number, (_, role) in fresh.items() if number in scorers.parts}
        sha256 = put_predictions(workspace, scorers.predictions()) if scored else ""
        findings = tuple(_unable(number, why, validation.rows_kept) for number, why in scorers.unable.items())
        for one in findings:
            _log.warning("%s", one.sentence())
        with workspace.registry.write() as writer:
            added = writer.add_scorings(
                model=spec.model,
                roles=scored,
                snapshot_id=validation.snapshot_id,
                window=window,
                as_of=window.end,
                sha256=sha256,
                rows=validation.rows_kept,
            )
            if findings or unable_at(writer, spec, window):  # what holds no more is taken back
                writer.add_findings(spec.model, window, window.end, STEP, findings)
        done.update({scoring.version: scoring for scoring in added})
    return tuple(done.values())


def unable_at(reader: Reader, spec: ModelSpec, window: Window) -> frozenset[int]:
    """Return the versions that could not score a batch, by number."""
    found = reader.recorded_findings(spec.model, window=window)
    return frozenset(int(one.finding.subject) for one in found if one.step == STEP and one.finding.code == UNABLE)


def _scorers(workspace: Workspace, fresh: Mapping[int, tuple[Version, ScoringRole]]) -> _Scorers:
    found = _Scorers()
    for number, (version, role) in fresh.items():
        try:
            found.estimators[number] = workspace.model(version.serving_sha256)
        except _CANNOT as error:
            if role is ScoringRole.CHAMPION:
                raise
            found.give_up(number, error)
    found.parts = {number: [] for number in found.estimators}
    return found


def _predict(
    batch: Frames,
    scorers: _Scorers,
    fresh: Mapping[int, tuple[Version, ScoringRole]],
    *,
    schema: TableSchema,
    spec: ModelSpec,
) -> None:
    """Let every estimator predict; of a large batch, features are in memory some rows at a time."""
    problem = problem_of(spec.problem)
    for frame in batch.read([name for name in schema.features if name in batch.dtypes]):
        features = conform(frame, schema)
        for number, estimator in tuple(scorers.estimators.items()):
            try:
                found = problem.predict(estimator, features)
                _check_rows(found, len(features))
            except _CANNOT as error:
                if fresh[number][1] is ScoringRole.CHAMPION:
                    raise
                scorers.give_up(number, error)
            else:
                scorers.parts[number].append(found)


def _check_rows(found: pd.DataFrame, rows: int) -> None:
    """Refuse predictions that are not one a row: they would be stored beside those of others.

    Raises:
        DataError: there are more or fewer.
    """
    if len(found) != rows:
        raise DataError(f"{len(found)} predictions came out for {rows} rows.", remedy="retrain the model.")


def _unable(number: int, why: str, rows: int) -> Finding:
    return Finding(
        code=UNABLE,
        severity=Severity.WARNING,
        subject=str(number),
        seen=f"version {number} cannot score the batch: {why}",
        expected="predictions of every row",
        remedy=PERFORMANCE[UNABLE].remedy,
        rows=rows,
    )
