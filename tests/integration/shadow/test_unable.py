"""A version in the shadow that cannot be loaded or cannot predict: the champion scores, and the hold ends."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ml.domain.errors import ArtifactError
from ml.domain.findings import Finding, Severity
from ml.domain.holds import ShadowEnding
from ml.domain.records import ScoringRole, Version
from ml.flows.ingest import ingest
from ml.flows.score import score, unable_at
from ml.flows.settle import settle
from ml.flows.validate import validate
from ml.flows.workspace import Workspace
from ml.specs import ModelSpec
from tests.integration.shadow.holding import SHADOW, damage, day, held_now, roles, shadow_spec, taken_in, verdicts
from tests.integration.test_loop import workspace_in
from tests.integration.test_watch import EVERY_2, played


class Broken:
    """An estimator as it comes back under other libraries than it was trained with."""

    classes_ = (0, 1)

    def __init__(self, error: Exception | None) -> None:
        self._error = error

    def predict_proba(self, features: Any) -> Any:
        if self._error is not None:
            raise self._error
        import numpy as np

        return np.full((len(features) - 1, 2), 0.5)


BREAKS = {
    "attribute": Broken(AttributeError("'LogisticRegression' object has no attribute 'multi_class'")),
    "value": Broken(ValueError("The feature names should match those that were passed during fit.")),
    "memory": Broken(MemoryError()),
    "rows": Broken(None),
}


def version_of(workspace: Workspace, spec: ModelSpec, number: int) -> Version:
    with workspace.registry.read() as reader:
        return reader.version(spec.model, number)


def unable(workspace: Workspace, spec: ModelSpec, number: int) -> list[Finding]:
    with workspace.registry.read() as reader:
        return [one for one in reader.findings(spec.model, day(number)) if one.code == "PF004"]


@pytest.mark.parametrize("name", BREAKS)
def test_the_champion_scores_though_what_is_held_cannot(tmp_path: Path, name: str) -> None:
    spec = shadow_spec(tmp_path)
    with workspace_in(tmp_path) as workspace:
        played(workspace, spec, until=day(2).end)
        workspace.remember_model(version_of(workspace, spec, 2).serving_sha256, BREAKS[name])
        taken_in(workspace, spec, 3)
        assert roles(workspace, spec, 3) == {1: ScoringRole.CHAMPION}
        (found,) = unable(workspace, spec, 3)
        assert (found.subject, found.severity) == ("2", Severity.WARNING)
        assert "version 2 cannot score the batch" in found.seen
        assert found.remedy


def test_a_hold_whose_model_is_damaged_ends_by_patience(tmp_path: Path, database_url: str) -> None:
    spec = shadow_spec(tmp_path, SHADOW, EVERY_2, away=())
    with workspace_in(tmp_path, database_url) as workspace:
        played(workspace, spec, until=day(2).end)
        damage(workspace, tmp_path, version_of(workspace, spec, 2).serving_sha256)
        played(workspace, spec, until=day(5).end)
        assert (held_now(workspace, spec), verdicts(workspace, spec)) == (2, [])
        assert all("was altered" in unable(workspace, spec, number)[0].seen for number in (3, 4, 5))
        with pytest.raises(ArtifactError):
            workspace.model(version_of(workspace, spec, 2).serving_sha256)
        strict = spec.model_copy(update={"gate": spec.gate.model_copy(update={"unsure": "keep", "margin": 0.1})})
        played(workspace, strict, until=day(6).end)
        (found,) = verdicts(workspace, spec)
        assert (found.ending, found.as_of, found.rows) == (ShadowEnding.REJECTED, day(6).end, 0)
        with workspace.registry.read() as reader:
            assert reader.audit(spec.model).breaches == ()


def test_one_batch_that_it_could_not_score_is_passed_by(tmp_path: Path) -> None:
    spec = shadow_spec(tmp_path, away=())
    with workspace_in(tmp_path) as workspace:
        played(workspace, spec, until=day(2).end)
        sha256 = version_of(workspace, spec, 2).serving_sha256
        sound = workspace.model(sha256)
        workspace.remember_model(sha256, BREAKS["value"])
        taken_in(workspace, spec, 3)
        workspace.remember_model(sha256, sound)
        taken_in(workspace, spec, 4)
        assert settle(workspace, spec, day(4)) is None
        taken_in(workspace, spec, 5)
        found = settle(workspace, spec, day(5))
        assert found is not None
        assert (found.rows, found.evidence["from"]) == (240, day(4).start.isoformat())


def test_who_can_score_again_does_and_the_finding_goes(tmp_path: Path) -> None:
    spec = shadow_spec(tmp_path)
    with workspace_in(tmp_path) as workspace:
        played(workspace, spec, until=day(2).end)
        sha256 = version_of(workspace, spec, 2).serving_sha256
        sound = workspace.model(sha256)
        workspace.remember_model(sha256, BREAKS["attribute"])
        taken_in(workspace, spec, 3)
        with workspace.registry.read() as reader:
            before = reader.scorings(spec.model, window=day(3))
            assert unable_at(reader, spec, day(3)) == {2}
        score(workspace, spec, day(3))
        assert len(unable(workspace, spec, 3)) == 1
        workspace.remember_model(sha256, sound)
        score(workspace, spec, day(3))
        assert unable(workspace, spec, 3) == []
        assert roles(workspace, spec, 3) == {1: ScoringRole.CHAMPION, 2: ScoringRole.SHADOW}
        with workspace.registry.read() as reader:
            assert reader.scorings(spec.model, window=day(3))[:1] == before
            assert reader.audit(spec.model).breaches == ()


def test_an_error_of_the_champion_is_raised(tmp_path: Path) -> None:
    spec = shadow_spec(tmp_path)
    with workspace_in(tmp_path) as workspace:
        played(workspace, spec, until=day(2).end)
        workspace.remember_model(version_of(workspace, spec, 1).serving_sha256, BREAKS["attribute"])
        ingest(workspace, spec, day(3))
        validate(workspace, spec, day(3))
        with pytest.raises(AttributeError, match="multi_class"):
            score(workspace, spec, day(3))
        assert roles(workspace, spec, 3) == {}
