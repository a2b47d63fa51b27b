"""A version is trained again from its records alone, also when source, spec and data have changed since."""

from __future__ import annotations

from pathlib import Path

import pytest

from ml.domain.errors import ArtifactError, NotFoundError
from ml.flows import reproduce as flow
from ml.flows.ingest import ingest
from ml.flows.loop import run
from ml.flows.reproduce import reproduce
from ml.flows.validate import validate
from ml.training import fit
from tests.integration.streams import SPAN, spec_of, stream
from tests.integration.test_loop import play, workspace_in

SEARCHED = """
policy: {when: {kind: schedule, every: 3}}
labels: {delay: 1d}
"""


def test_every_version_comes_out_bit_for_bit(tmp_path: Path) -> None:
    spec = spec_of(tmp_path, stream(), extra=SEARCHED)
    with workspace_in(tmp_path) as workspace:
        play(workspace, spec)
        with workspace.registry.read() as reader:
            versions = reader.versions(spec.model)
            stored = reader.head(spec.model)
        assert len(versions) >= 3
        assert any(version.refit_sha256 for version in versions)
        for version in versions:
            found = reproduce(workspace, spec.model, version.version)
            assert found.is_exact, found
            assert found.same_artifact
            assert found.same_refit is (True if version.refit_sha256 else None)
            assert (found.libraries, found.code, found.largest_difference) == ({}, None, 0.0)
        with workspace.registry.read() as reader:
            assert reader.head(spec.model) == stored, "nothing was written"


def test_what_was_corrected_since_does_not_change_the_past(tmp_path: Path) -> None:
    frame = stream()
    spec = spec_of(tmp_path, frame)
    with workspace_in(tmp_path) as workspace:
        run(workspace, spec, start=SPAN.start, end=SPAN.start.replace(day=5))
        other = spec_of(tmp_path, frame.assign(x=-frame["x"]), extra="gate: {holdout: 0.4}")
        window = next(iter(SPAN.batches(spec.time.batch)))
        ingest(workspace, other, window)
        validate(workspace, other, window)
        assert reproduce(workspace, spec.model, 1).is_exact


def test_another_library_is_named_and_another_seed_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = spec_of(tmp_path, stream())
    forest = {"estimator": "RandomForestClassifier", "parameters": {"n_estimators": 5}}
    training = type(spec.training).model_validate({"seed": 1, "min_rows": 50, "candidates": [forest]}, strict=False)
    spec = spec.model_copy(update={"training": training})
    with workspace_in(tmp_path) as workspace:
        run(workspace, spec, start=SPAN.start, end=SPAN.start.replace(day=4))
        assert reproduce(workspace, spec.model, 1).is_exact
        monkeypatch.setattr(flow, "library_versions", lambda: {"scikit-learn": "0.1"})
        found = reproduce(workspace, spec.model, 1)
        assert found.libraries["scikit-learn"][1] == "0.1"
        assert found.libraries["numpy"][1] == "not installed"
        other = spec.model_copy(update={"training": spec.training.model_copy(update={"seed": 2})})
        monkeypatch.setattr(flow, "fit", lambda rows, **given: fit(rows, **{**given, "spec": other}))
        found = reproduce(workspace, spec.model, 1)
        assert not found.is_exact
        assert not found.same_predictions
        assert found.largest_difference is not None
        assert found.largest_difference > 0


def test_what_is_gone_is_said(tmp_path: Path) -> None:
    spec = spec_of(tmp_path, stream())
    with workspace_in(tmp_path) as workspace:
        run(workspace, spec, start=SPAN.start, end=SPAN.start.replace(day=4))
        with workspace.registry.read() as reader:
            snapshots = reader.version(spec.model, 1).manifest["snapshots"]
        Path(workspace.store.url_of(snapshots[0])).unlink()
        with pytest.raises(NotFoundError, match="no version 9"):
            reproduce(workspace, spec.model, 9)
    with workspace_in(tmp_path) as workspace, pytest.raises(ArtifactError, match="is missing"):
        reproduce(workspace, spec.model, 1)
