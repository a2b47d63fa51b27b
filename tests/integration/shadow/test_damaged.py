"""Predictions that cannot be read any more: the error says whose hold it is and what to do, and a person gets on."""

from __future__ import annotations

from pathlib import Path

import pytest

from ml.domain.errors import ArtifactError
from ml.domain.holds import ShadowEnding
from ml.domain.records import Trigger, Verdict
from ml.flows.decide import decide
from ml.flows.evaluate import evaluate
from ml.flows.ingest import ingest
from ml.flows.train import train
from tests.integration.shadow.holding import damage, day, held_now, shadow_spec, taken_in, verdicts
from tests.integration.test_loop import workspace_in
from tests.integration.test_watch import EVERY_2, WATCH, played


def test_a_hold_whose_predictions_are_damaged_is_named_and_given_up_by_a_person(
    tmp_path: Path, database_url: str
) -> None:
    spec = shadow_spec(tmp_path)
    with workspace_in(tmp_path, database_url) as workspace:
        played(workspace, spec, until=day(3).end)
        with workspace.registry.read() as reader:
            sha256 = reader.scorings(spec.model, window=day(3))[0].sha256
        taken_in(workspace, spec, 4)
        damage(workspace, tmp_path, sha256)
        for forced in (None, False):
            with pytest.raises(ArtifactError) as raised:
                decide(workspace, spec, day(4), force=forced, reason="wait")
            said = str(raised.value)
            assert all(one in said for one in ("version 2 of orders", str(day(3)), sha256, "was altered")), said
            assert "evergreen decide orders --retrain" in raised.value.remedy
        assert (held_now(workspace, spec), verdicts(workspace, spec)) == (2, [])
        forced = decide(workspace, spec, day(4), force=True, reason="a new depot", trigger=Trigger.MANUAL)
        assert forced.verdict is Verdict.RETRAIN
        assert [(one.version, one.ending) for one in verdicts(workspace, spec)] == [(2, ShadowEnding.SUPERSEDED)]
        train(workspace, spec, forced.id)
        assert evaluate(workspace, spec, forced.id).challenger == 3
        taken_in(workspace, spec, 5)
        decide(workspace, spec, day(5))


def test_a_retraining_by_hand_gets_past_a_watch_that_cannot_look(tmp_path: Path) -> None:
    spec = shadow_spec(tmp_path, WATCH, EVERY_2)
    with workspace_in(tmp_path) as workspace:
        played(workspace, spec, until=day(4).end)
        with workspace.registry.read() as reader:
            newest = reader.promotions(spec.model)[-1]
        taken_in(workspace, spec, 5)
        with workspace.registry.read() as reader:
            sha256 = reader.scorings(spec.model, window=day(5))[0].sha256
        assert newest.as_of <= day(5).start
        damage(workspace, tmp_path, sha256)
        with pytest.raises(ArtifactError):
            decide(workspace, spec, day(5))
        forced = decide(workspace, spec, day(5), force=True, reason="a new depot", trigger=Trigger.MANUAL)
        assert forced.verdict is Verdict.RETRAIN


def test_rows_that_were_damaged_come_back_by_taking_the_batch_in_again(tmp_path: Path) -> None:
    spec = shadow_spec(tmp_path)
    with workspace_in(tmp_path) as workspace:
        sha256 = ingest(workspace, spec, day(0)).sha256
        damage(workspace, tmp_path, sha256)
        with pytest.raises(ArtifactError) as raised:
            workspace.store.get(sha256)
        assert "evergreen ingest" in raised.value.remedy
        assert ingest(workspace, spec, day(0)).sha256 == sha256
        assert workspace.store.get(sha256)
