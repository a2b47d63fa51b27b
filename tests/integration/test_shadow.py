"""Before promotion: a challenger that passed the gate is held in the shadow, and goes live only if it stands there."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ml.domain.approvals import Answer, terms_asked
from ml.domain.custody import EventKind
from ml.domain.errors import AlreadyAnsweredError, RegistryError
from ml.domain.findings import Outcome
from ml.domain.holds import ShadowEnding, ShadowVerdict
from ml.domain.records import Act, Decision, Quantity, ScoringRole, Stage, Trigger, Verdict
from ml.domain.watches import ACTOR
from ml.domain.windows import Window
from ml.flows import hold
from ml.flows.approve import COMMAND_LINE, approve, reject
from ml.flows.decide import decide
from ml.flows.hold import settle, settled_at
from ml.flows.loop import BatchOutcome
from ml.flows.promote import promote, rollback
from ml.flows.replay import replay, replayed_decisions
from ml.flows.score import score
from ml.flows.train import train
from ml.flows.workspace import Workspace
from ml.reports.card import card_markdown
from ml.reports.explanation import explanation_text
from ml.specs import ModelSpec
from ml.views import decision as explained
from ml.views import history, status
from ml.views.card import card
from ml.views.console.version import version_page, versions_page
from tests.integration.streams import SPAN
from tests.integration.test_loop import workspace_in
from tests.integration.test_watch import EVERY_2, EVERY_3, changes, played, watched_spec

SHADOW = "gate: {shadow: 2, min_rows: 20}"
TURNED = tuple(range(6, 12))
"""The concept turns with the seventh day, for good."""


def day(number: int) -> Window:
    """The batch of a day of the stream, the first is 0."""
    return Window(SPAN.start + timedelta(days=number), SPAN.start + timedelta(days=number + 1))


def shadow_spec(folder: Path, *extra: str, away: tuple[int, ...] = (3, 4)) -> ModelSpec:
    return watched_spec(folder, *(extra or (SHADOW, EVERY_2)), away=away)


def verdicts(workspace: Workspace, spec: ModelSpec) -> list[ShadowVerdict]:
    with workspace.registry.read() as reader:
        return list(reader.shadow_verdicts(spec.model))


def stages(workspace: Workspace, spec: ModelSpec) -> dict[int, Stage]:
    with workspace.registry.read() as reader:
        return {one.version: one.stage for one in reader.versions(spec.model)}


def held(outcomes: tuple[BatchOutcome, ...]) -> list[int]:
    """The days after which a challenger was held."""
    return [(one.window.start - SPAN.start).days for one in outcomes if one.held]


def test_a_challenger_goes_live_after_its_batches_and_a_worse_one_does_not(tmp_path: Path, database_url: str) -> None:
    spec = shadow_spec(tmp_path)
    with workspace_in(tmp_path, database_url) as workspace:
        outcomes = played(workspace, spec)
        found = verdicts(workspace, spec)
        with workspace.registry.read() as reader:
            promotions, audit = reader.promotions(spec.model), reader.audit(spec.model)
            findings = [one for one in reader.recorded_findings(spec.model) if one.step == hold.STEP]
            events = reader.events(spec.model)
            gates = {one.challenger: one for one in reader.gate_results(spec.model)}
            page = version_page(reader, spec.model, 3)
    assert outcomes[0].promotion is not None, "a model's first version is never held"
    assert held(outcomes) == [2, 4]
    assert [(one.version, one.ending, one.as_of) for one in found] == [
        (2, ShadowEnding.PASSED, day(4).end),
        (3, ShadowEnding.REJECTED, day(6).end),
    ]
    assert [(one.to_version, one.as_of, one.actor) for one in promotions][1:] == [(2, day(4).end, ACTOR)]
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
        assert "Version 2 is held in the shadow until 2 batches since 2026-01-03 00:00 have labels; 1 has." in (
            decision.sentence
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
            patched.setattr(hold, name, killed)
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
        played(workspace, replace_shadow(spec), until=day(3).end)
        decide(workspace, spec, day(4), dry_run=True)
        assert verdicts(workspace, spec) == []
        assert settle(workspace, spec, day(2)) is None


def replace_shadow(spec: ModelSpec, shadow: int = 0) -> ModelSpec:
    return spec.model_copy(update={"gate": spec.gate.model_copy(update={"shadow": shadow})})


def test_what_is_held_stays_held_though_the_spec_changes(tmp_path: Path) -> None:
    spec = shadow_spec(tmp_path)
    with workspace_in(tmp_path) as workspace:
        played(workspace, spec, until=day(2).end)
        played(workspace, replace_shadow(spec), until=day(4).end)
        assert [(one.version, one.ending) for one in verdicts(workspace, spec)] == [(2, ShadowEnding.PASSED)]


def test_a_retraining_by_hand_supersedes_what_is_held(tmp_path: Path, database_url: str) -> None:
    spec = shadow_spec(tmp_path)
    with workspace_in(tmp_path, database_url) as workspace:
        played(workspace, spec, until=day(3).end)
        kept = decide(workspace, spec, day(3))
        forced = decide(workspace, spec, day(3), force=True, reason="a new depot", trigger=Trigger.MANUAL)
        found = verdicts(workspace, spec)
        assert [(one.version, one.ending, one.as_of) for one in found] == [(2, ShadowEnding.SUPERSEDED, day(3).end)]
        assert forced.id in found[0].sentence
        assert stages(workspace, spec)[2] is Stage.REJECTED
        assert decide(workspace, spec, day(3)) == kept, "deciding again does not see what came after"
        assert decide(workspace, spec, day(3), force=True, reason="a new depot", trigger=Trigger.MANUAL) == forced
        train(workspace, spec, forced.id)
        assert promote(workspace, spec, kept.id) is None if kept.verdict is Verdict.RETRAIN else True
        assert verdicts(workspace, spec) == found
        with workspace.registry.read() as reader:
            assert reader.held_at(spec.model) is None
            assert reader.audit(spec.model).breaches == ()


def test_another_champion_meanwhile_makes_it_stale(tmp_path: Path) -> None:
    spec = shadow_spec(tmp_path, SHADOW, EVERY_2, away=TURNED)
    with workspace_in(tmp_path) as workspace:
        assert held(played(workspace, spec, until=day(7).end))[-1] == 7
        rollback(workspace, spec, reason="a person knows better", to_version=1)
        played(workspace, spec, until=day(8).end)
        assert [(one.version, one.ending) for one in verdicts(workspace, spec)][-1] == (4, ShadowEnding.STALE)
        assert stages(workspace, spec)[4] is Stage.REJECTED
        assert changes(workspace, spec)[-1].act is Act.ROLLBACK


def test_labels_that_never_come_end_a_hold(tmp_path: Path) -> None:
    """Four batches without a label: as many as twice the hold. The spec says what follows."""
    for unsure, ending in (("promote", ShadowEnding.PASSED), ("keep", ShadowEnding.REJECTED)):
        folder = tmp_path / unsure
        folder.mkdir()
        gate = f"gate: {{shadow: 2, min_rows: 20, unsure: {unsure}, margin: 0.2}}"
        spec = shadow_spec(folder, gate, EVERY_2, away=())
        rows = (folder / f"{spec.model}.csv").read_text().splitlines()
        for place in range(1 + 3 * 120, len(rows)):
            rows[place] = rows[place].rpartition(",")[0] + ","
        (folder / f"{spec.model}.csv").write_text("\n".join(rows) + "\n")
        with workspace_in(folder) as workspace:
            outcomes = played(workspace, spec, until=day(8).end)
            assert held(outcomes) == [2]
            (found,) = verdicts(workspace, spec)
            assert (found.ending, found.as_of, found.rows) == (ending, day(6).end, 0)
            assert "no label came" in found.sentence
            with workspace.registry.read() as reader:
                said = [one.outcome for one in reader.findings(spec.model, day(6)) if one.code == "PG017"]
                recorded = list(reader.decisions(spec.model))
            assert said == [Outcome.CANNOT_TELL]
            assert list(replayed_decisions(workspace, spec)) == recorded


def test_a_person_is_asked_only_of_what_stood(tmp_path: Path, database_url: str) -> None:
    spec = shadow_spec(tmp_path, "gate: {shadow: 2, min_rows: 20, approval: {comment: false, expires: 7d}}", EVERY_2)
    with workspace_in(tmp_path, database_url) as workspace:
        first = played(workspace, spec, until=day(0).end)
        assert first[0].waits, "a first version is not held, but a person is asked"
        approve(workspace, spec, 1, comment="", via=COMMAND_LINE)
        played(workspace, spec, until=day(2).end)
        with workspace.registry.read() as reader:
            assert reader.unanswered(spec.model) == ()
        with pytest.raises(RegistryError, match="held in the shadow first"):
            approve(workspace, spec, 2, comment="", via=COMMAND_LINE)
        outcomes = played(workspace, spec, until=day(5).end)
        (found,) = verdicts(workspace, spec)
        assert (found.ending, found.promotes) == (ShadowEnding.PASSED, False)
        assert len(changes(workspace, spec)) == 1, "nobody has answered yet"
        with workspace.registry.read() as reader:
            ((version, result),) = reader.unanswered(spec.model)
            terms = terms_asked(result, found)
        assert version.version == 2
        assert terms is not None
        assert terms.until == found.created_at + timedelta(days=7), "the time to answer begins with the question"
        decided = [one.decision for one in outcomes[-2:]]
        assert all(one is not None and one.verdict is Verdict.KEEP for one in decided)
        settled = approve(workspace, spec, 2, comment="", via=COMMAND_LINE)
        assert settled.approval.answer is Answer.APPROVED
        promotion = changes(workspace, spec)[-1]
        assert (promotion.to_version, promotion.actor, promotion.as_of) == (2, "tester", day(5).end)
        assert "Stood in the shadow" in promotion.reason
        with pytest.raises(AlreadyAnsweredError):
            reject(workspace, spec, 2, comment="", via=COMMAND_LINE)
        again = [one.decision for one in played(workspace, spec, until=day(5).end)]
        assert again == [*[one.decision for one in first], *again[1:]]
        with workspace.registry.read() as reader:
            assert [one for one in reader.decisions(spec.model) if one.window == day(5)] == [again[-1]]
            assert reader.audit(spec.model).breaches == ()


def recorded_decisions(outcomes: tuple[BatchOutcome, ...]) -> list[Decision | None]:
    return [one.decision for one in outcomes]


@pytest.mark.parametrize(
    ("extra", "away"),
    [
        ((SHADOW, EVERY_2), (3, 4)),
        ((SHADOW, EVERY_2), TURNED),
        (("gate: {shadow: 3, min_rows: 20}", EVERY_2), TURNED),
        ((SHADOW, "labels: {delay: 2d}", EVERY_3), (2, 3, 4)),
        ((SHADOW, "policy: {when: {kind: cost}, min_labelled: 20}"), TURNED),
        (("gate: {shadow: 1, min_rows: 20, watch: {batches: 3}}", EVERY_2), (3, 4)),
        (("gate: {shadow: 1, min_rows: 20, comparison: superior}", EVERY_2), TURNED),
        (("gate: {shadow: 2, min_rows: 20, unsure: keep, margin: 0.1}", EVERY_2), TURNED),
        ((SHADOW, "policy: {when: {kind: performance}, min_labelled: 20}"), TURNED),
    ],
    ids=["back", "turned", "three", "late", "cost", "watched", "superior", "keep", "performance"],
)
def test_a_replay_holds_as_production_did(tmp_path: Path, extra: tuple[str, ...], away: tuple[int, ...]) -> None:
    spec = shadow_spec(tmp_path, *extra, away=away)
    with workspace_in(tmp_path) as workspace:
        recorded = recorded_decisions(played(workspace, spec))
        assert list(replayed_decisions(workspace, spec)) == recorded


def test_all_policies_are_played_with_the_hold(tmp_path: Path) -> None:
    spec = shadow_spec(tmp_path, SHADOW, EVERY_2, away=TURNED)
    with workspace_in(tmp_path) as workspace:
        played(workspace, spec)
        live = [one.as_of for one in changes(workspace, spec)[1:]]
        found = replay(workspace, spec)
    present = next(one for one in found.outcomes if one.name == "present")
    assert [found.windows[one].end for one in present.promoted] == live
