"""Before promotion: a challenger that passed the gate is held in the shadow, and goes live only if it stands there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ml.domain.custody import EventKind
from ml.domain.findings import Outcome
from ml.domain.holds import ShadowEnding
from ml.domain.records import UNATTENDED, Quantity, ScoringRole, Stage, Verdict
from ml.flows import settle as flow
from ml.flows.decide import decide
from ml.flows.score import score
from ml.flows.settle import settle, settled_at
from ml.reports.card import card_markdown
from ml.reports.explanation import explanation_text
from ml.views import decision as explained
from ml.views import history, status
from ml.views.card import card
from ml.views.console.version import version_page, versions_page
from tests.integration.shadow.holding import SHADOW, day, held, shadow_spec, stages, verdicts, without_shadow
from tests.integration.test_loop import workspace_in
from tests.integration.test_watch import changes, played


def test_a_challenger_goes_live_after_its_batches_and_a_worse_one_does_not(tmp_path: Path, database_url: str) -> None:
    spec = shadow_spec(tmp_path)
    with workspace_in(tmp_path, database_url) as workspace:
        outcomes = played(workspace, spec)
        found = verdicts(workspace, spec)
        with workspace.registry.read() as reader:
            promotions, audit = reader.promotions(spec.model), reader.audit(spec.model)
            findings = [one for one in reader.recorded_findings(spec.model) if one.step == flow.STEP]
            events = reader.events(spec.model)
            gates = {one.challenger: one for one in reader.gate_results(spec.model)}
            page = version_page(reader, spec.model, 3)
    assert outcomes[0].promotion is not None, "a model's first version is never held"
    assert held(outcomes) == [2, 4]
    assert [(one.version, one.ending, one.as_of) for one in found] == [
        (2, ShadowEnding.PASSED, day(4).end),
        (3, ShadowEnding.REJECTED, day(6).end),
    ]
    assert [(one.to_version, one.as_of, one.actor) for one in promotions][1:] == [(2, day(4).end, UNATTENDED)]
    assert found[0].sentence in promotions[1].reason
    assert gates[2].sentence.endswith("It is held in the shadow until 2 batches have labels.")
    assert "surely worse" in found[1].sentence
    assert (found[1].rows, found[1].evidence["batches"]) == (240, 2)
    assert found[1].difference is not None
    assert found[1].difference < -0.5
    assert [(one.window, one.finding.code, one.finding.outcome) for one in findings] == [
        (day(4), "PG017", Outcome.PASSED),
        (day(6), "PG017", Outcome.FAILED),
    ]
    assert audit.breaches == ()
    assert [one.key for one in events if one.record == "shadow_verdict"] == ["2", "3"]
    assert {one.kind for one in events if one.record == "shadow_verdict"} == {EventKind.VERDICT}
    assert (page.version.stage, page.held) == (Stage.REJECTED, False)
    assert page.shadow == found[1]
    kept = [one.decision for one in outcomes if one.window.start >= day(7).start][:2]
    assert all(one is not None and "1 challenger was rejected" in one.sentence for one in kept), (
        "it counts for back_off"
    )


def test_what_is_held_scores_along_and_is_measured(tmp_path: Path) -> None:
    spec = shadow_spec(tmp_path)
    with workspace_in(tmp_path) as workspace:
        played(workspace, spec, until=day(4).end)
        with workspace.registry.read() as reader:
            roles = {
                number: {one.version: one.role for one in reader.scorings(spec.model, window=day(number))}
                for number in range(5)
            }
            measured = {
                one.window
                for one in reader.observations(spec.model)
                if one.quantity is Quantity.METRIC and one.version == 2
            }
        assert roles[2] == {1: ScoringRole.CHAMPION}, "trained after this batch"
        assert roles[3] == roles[4] == {1: ScoringRole.CHAMPION, 2: ScoringRole.SHADOW}
        assert measured == {day(3), day(4)}
        played(workspace, spec, until=day(6).end)
        again = {one.version: one.role for one in score(workspace, spec, day(4))}
        assert again == roles[4], "scoring a past batch again finds who was held then"


def test_who_is_held_is_said_everywhere(tmp_path: Path) -> None:
    spec = shadow_spec(tmp_path, SHADOW, "policy: {when: {kind: schedule, every: 1}}")
    with workspace_in(tmp_path) as workspace:
        outcomes = played(workspace, spec, until=day(2).end)
        with workspace.registry.read() as reader:
            assert [one.held for one in status(reader)] == [2]
            told = history(reader, spec.model)
            assert [one.held for one in told.versions] == [False, True]
            assert any(event.kind.value == "held" for row in told.rows for event in row.events)
            assert [one.stage for one in versions_page(reader, spec.model, limit=9).versions] == ["held", "champion"]
            assert version_page(reader, spec.model, 2).held
            assert "version 2 (held in the shadow)" in card_markdown(card(reader, spec.model, 2))
            asked = next(one.decision for one in outcomes if one.held)
            assert asked is not None
            assert "it is held in the shadow" in explanation_text(explained(reader, asked.id))
        decision = outcomes[-1].decision
        assert decision is not None
        assert decision.verdict is Verdict.KEEP
        assert (
            "Version 2 is held in the shadow until 2 batches since 2026-01-03 00:00 have their labels; 1 has some."
            in (decision.sentence)
        )
        played(workspace, spec, until=day(3).end)
        with workspace.registry.read() as reader:
            assert [one.held for one in status(reader)] == [None] or stages(workspace, spec)[2] is Stage.CHAMPION
            assert "Stood in the shadow" in card_markdown(card(reader, spec.model, 2))
            assert "Stood in the shadow" in explanation_text(explained(reader, asked.id))


def test_running_again_finds_what_is_there(tmp_path: Path) -> None:
    spec = shadow_spec(tmp_path)
    with workspace_in(tmp_path) as workspace:
        first = played(workspace, spec)
        before, found = changes(workspace, spec), verdicts(workspace, spec)
        with workspace.registry.read() as reader:
            events = reader.events(spec.model)
        again = played(workspace, spec)
        assert (changes(workspace, spec), verdicts(workspace, spec)) == (before, found)
        assert [one.decision for one in again] == [one.decision for one in first]
        assert settle(workspace, spec, day(6)) == settled_at(workspace, spec, day(6)) == found[1]
        with workspace.registry.read() as reader:
            assert reader.events(spec.model) == events


@pytest.mark.parametrize("name", ["go_live", "stands_in_shadow"])
def test_a_crash_leaves_all_or_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    spec = shadow_spec(tmp_path)

    def killed(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with workspace_in(tmp_path) as workspace:
        played(workspace, spec, until=day(4).start)
        with monkeypatch.context() as patched:
            patched.setattr(flow, name, killed)
            with pytest.raises(KeyboardInterrupt):
                played(workspace, spec, until=day(4).end)
        assert verdicts(workspace, spec) == []
        assert len(changes(workspace, spec)) == 1
        with workspace.registry.read() as reader:
            assert not [one for one in reader.findings(spec.model, day(4)) if one.code == "PG017"]
            assert not [one for one in reader.decisions(spec.model) if one.window == day(4)]
        played(workspace, spec, until=day(4).end)
        assert [one.ending for one in verdicts(workspace, spec)] == [ShadowEnding.PASSED]
        assert len(changes(workspace, spec)) == 2


def test_a_dry_run_and_a_batch_of_the_past_change_nothing(tmp_path: Path) -> None:
    spec = shadow_spec(tmp_path)
    with workspace_in(tmp_path) as workspace:
        played(workspace, spec, until=day(3).end)
        assert settle(workspace, spec, day(3)) is None, "one of two batches"
        played(workspace, without_shadow(spec), until=day(3).end)
        decide(workspace, spec, day(4), dry_run=True)
        assert verdicts(workspace, spec) == []
        assert settle(workspace, spec, day(2)) is None
