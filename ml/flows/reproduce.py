"""reproduce: train a version again from what is on record, and say whether the same came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ml.artifacts.frames import frame_sha256
from ml.artifacts.models import model_sha256
from ml.domain.erasures import Seen, seen_by
from ml.domain.errors import ArtifactError, NotFoundError, RegistryError
from ml.domain.records import Version
from ml.domain.schema import TableSchema
from ml.flows.provenance import code_version, library_versions
from ml.flows.rows import LabelledRows, recorded_rows
from ml.flows.schema import required_schema
from ml.flows.train import window_of
from ml.flows.workspace import Workspace
from ml.problems import problem_of
from ml.profiles import conform
from ml.reports.custody import erased_sentence
from ml.specs import ModelSpec
from ml.training import Split, fit, refit, refit_set, split_batches, training_set


@dataclass(frozen=True, slots=True)
class Reproduction:
    """What training a version once more gave, beside what is on record.

    ``same_predictions``: the held-out rows get the same numbers, bit for bit; ``largest_difference`` is how far apart
    they are at most, None where they are no numbers. ``same_refit`` is None for a version that was not fitted once
    more. ``libraries`` are those of another version now, each with (then, now); ``code`` likewise, None if the same.
    """

    model: str
    version: int
    same_rows: bool
    same_choice: bool
    same_predictions: bool
    same_artifact: bool
    same_refit: bool | None
    largest_difference: float | None
    libraries: Mapping[str, tuple[str, str]]
    code: tuple[str, str] | None

    @property
    def is_exact(self) -> bool:
        """Whether the version serves what its record says, bit for bit."""
        return self.same_rows and self.same_choice and self.same_predictions and self.same_refit is not False


@dataclass(frozen=True, slots=True)
class _Recorded:
    """What a version was made of, as it is on record."""

    version: Version
    spec: ModelSpec
    schema: TableSchema
    rows: LabelledRows
    split: Split


def reproduce(workspace: Workspace, model: str, number: int) -> Reproduction:
    """Train a version again, from its recorded frames, spec and seed; nothing is stored.

    Raises:
        NotFoundError: there is no such version, or its spec is not on record.
        ArtifactError: a frame that it was trained on is gone, or rows of it were erased on request.
    """
    recorded = _recorded(workspace, model, number)
    version, spec, manifest = recorded.version, recorded.spec, recorded.version.manifest
    problem = problem_of(spec.problem)
    learned = training_set(recorded.split, window_of(version)).rows
    fitted = fit(learned, spec=spec, schema=recorded.schema, problem=problem)
    artifact = model_sha256(fitted.estimator)
    predictions = problem.predict(fitted.estimator, conform(recorded.split.holdout, recorded.schema))
    then = workspace.frame(manifest["holdout_predictions_sha256"])
    libraries = _differing(manifest["libraries"], library_versions())
    code = (str(manifest["code_version"]), code_version())
    return Reproduction(
        model=model,
        version=number,
        same_rows=recorded.rows.sha256 == manifest["rows_sha256"] and len(learned) == manifest["rows"],
        same_choice=(fitted.candidate, fitted.parameters) == (manifest["estimator"], manifest["parameters"]),
        same_predictions=frame_sha256(predictions) == manifest["holdout_predictions_sha256"],
        same_artifact=artifact == version.model_sha256,
        same_refit=_same_refit(workspace, recorded),
        largest_difference=_largest_difference(then, predictions),
        libraries=libraries,
        code=None if code[0] == code[1] else code,
    )


def _recorded(workspace: Workspace, model: str, number: int) -> _Recorded:
    with workspace.registry.read() as reader:
        version = reader.version(model, number)
        _must_be_whole(version, seen_by(version, reader.erasures(model)))
        stored = reader.spec_with(model, version.manifest["spec_sha256"])
        if stored is None:
            raise NotFoundError(f"The spec that version {number} of {model} was trained by is not on record.")
        spec = ModelSpec.model_validate(stored, strict=False)
        schema = required_schema(reader, spec)
        gate = reader.gate_result(model, number)
        champion = reader.champion_at(model, version.as_of) if gate is None else None
        judged = champion.version if champion is not None else None if gate is None else gate.champion
        newer_than = None if judged is None else reader.version(model, judged).seen_until
        rows = recorded_rows(workspace, reader, spec, version.manifest["snapshots"])
    split = split_batches(
        rows.frame,
        rows.batches,
        time_column=spec.time.column,
        holdout=spec.gate.holdout,
        holdout_rows=spec.gate.enough_rows,
        newer_than=newer_than,
    )
    if split.trained_until != version.trained_until:
        raise RegistryError(
            f"The rows of version {number} of {model} would be cut at {split.trained_until} now, "
            f"not at {version.trained_until} as then.",
            remedy="run it with the version of Evergreen that trained it: " + str(version.manifest["code_version"]),
        )
    return _Recorded(version, spec, schema, rows, split)


def _must_be_whole(version: Version, seen: Sequence[Seen]) -> None:
    """What learned from rows that are gone cannot come out the same again, and that is what was asked for."""
    if seen:
        raise ArtifactError(
            f"Version {version.version} of {version.model} cannot be trained again bit for bit: rows that it was made "
            f"from were erased since. {' '.join(map(erased_sentence, seen))}",
            remedy="nothing; to be rid of what it learned from them, retrain and promote the new version.",
        )


def _same_refit(workspace: Workspace, recorded: _Recorded) -> bool | None:
    """Fit the judged parameters on all rows again; compare what both estimators predict for the held-out rows."""
    version, spec = recorded.version, recorded.spec
    if version.refit_sha256 is None:
        return None
    problem = problem_of(spec.problem)
    estimator = refit(
        version.manifest["estimator"],
        version.manifest["parameters"],
        refit_set(recorded.split, window_of(version)).rows,
        spec=spec,
        schema=recorded.schema,
        problem=problem,
    )
    features = conform(recorded.split.holdout, recorded.schema)
    stored = workspace.model(version.refit_sha256)
    return frame_sha256(problem.predict(estimator, features)) == frame_sha256(problem.predict(stored, features))


def _differing(then: Mapping[str, str], now: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    names = sorted({*then, *now})
    found = {name: (then.get(name, "not recorded"), now.get(name, "not installed")) for name in names}
    return {name: pair for name, pair in found.items() if pair[0] != pair[1]}


def _largest_difference(then: pd.DataFrame, now: pd.DataFrame) -> float | None:
    numeric = [name for name in then.columns if name in now.columns and then[name].dtype.kind in "if"]
    if not numeric or len(then) != len(now):
        return None
    return max(float(np.max(np.abs(_numbers(then[name]) - _numbers(now[name])), initial=0.0)) for name in numeric)


def _numbers(values: Any) -> Any:
    return values.to_numpy(dtype=np.float64)
