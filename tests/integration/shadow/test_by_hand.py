"""A person ends a hold: with name and reason on record, in one transaction, and whoever comes second is told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ml.domain.approvals import Answer, word_in_shadow
from ml.domain.custody import EventKind
from ml.domain.errors import AlreadyAnsweredError, RegistryError
from ml.domain.holds import ShadowEnding
from ml.domain.records import ScoringRole, Stage, Verdict
from ml.flows import withdraw as flow
from ml.flows.approve import COMMAND_LINE, CONSOLE, approve, reject
from ml.flows.decide import decide
from ml.flows.promote import promote
from ml.flows.settle import settle, settled_at
from ml.flows.word import moment_of_word
from ml.flows.workspace import Workspace
from ml.reports.card import card_markdown
from ml.reports.explanation import explanation_text
from ml.specs import ModelSpec
from ml.views import decision as explained
from ml.views import history, status
from ml.views.card import card
from tests.integration.shadow.holding import (
    SHADOW,
    day,
    held_now,
    lease,
    roles,
    shadow_spec,
    stages,
    taken_in,
    verdicts,
)
from tests.integration.test_loop import workspace_in
from tests.integration.test_watch import changes, played

WHY = "its price list is the one of last year"


def test_a_person_rejects_what_is_held(tmp_path: Path, database_url: str) -> None:
    spec = shadow_spec(tmp_path)
    with workspace_in(tmp_path, database_url) as workspace:
        outcomes = played(workspace, spec, until=day(3).end)
        asked = next(one.decision for one in outcomes if one.held)
        assert asked is not None
        with workspace.registry.write() as writer:  # its run was killed before it gave back the lease
            writer.acquire_lease(spec.model, asked.id, now=workspace.clock(), ttl=timedelta(hours=6))
        done = reject(workspace, spec, 2, comment=f"  {WHY} ", via=CONSOLE)
        (found,) = verdicts(workspace, spec)
        assert (found.ending, found.as_of, found.rows, found.difference) == (ShadowEnding.REJECTED, day(3).end, 0, None)
        assert done.approval == word_in_shadow(found)
        assert (done.promotion, done.first, done.approval.answer) == (None, True, Answer.REJECTED)
        assert (done.approval.actor, done.approval.via, done.approval.comment) == ("tester", CONSOLE, WHY)
        assert f"Rejected by tester ({CONSOLE}) on" in found.sentence
        assert WHY in found.sentence
        assert (held_now(workspace, spec), lease(workspace, spec)) == (None, None)
        assert stages(workspace, spec)[2] is Stage.REJECTED
        assert promote(workspace, spec, asked.id) is None
        with workspace.registry.read() as reader:
            (event,) = [one for one in reader.events(spec.model) if one.record == "shadow_verdict"]
            assert (event.kind, event.actor) == (EventKind.VERDICT, "tester")
            assert reader.audit(spec.model).breaches == ()
            assert reader.unanswered(spec.model) == ()


def test_it_is_shown_everywhere(tmp_path: Path) -> None:
    spec = shadow_spec(tmp_path)
    with workspace_in(tmp_path) as workspace:
        outcomes = played(workspace, spec, until=day(3).end)
        asked = next(one.decision for one in outcomes if one.held)
        assert asked is not None
        reject(workspace, spec, 2, comment=WHY, via=CONSOLE)
        with workspace.registry.read() as reader:
            told = history(reader, spec.model)
            events = [(event.kind.value, event.version) for event in told.rows[-1].events]
            assert WHY in told.rows[-1].events[-1].sentence
            assert [one.held for one in status(reader)] == [None]
            assert WHY in explanation_text(explained(reader, asked.id))
            assert WHY in card_markdown(card(reader, spec.model, 2))
        assert events == [("rejected", 2)]


def test_what_comes_after_knows_of_it_and_what_was_decided_before_does_not(tmp_path: Path) -> None:
    spec = shadow_spec(tmp_path, SHADOW, "policy: {when: {kind: schedule, every: 1}, back_off: {first: 3}}")
    with workspace_in(tmp_path) as workspace:
        kept = played(workspace, spec, until=day(2).end)[-1].decision
        assert kept is not None
        assert "held in the shadow" in kept.sentence
        reject(workspace, spec, 2, comment=WHY, via=COMMAND_LINE)
        assert decide(workspace, spec, day(2)) == kept, "deciding again does not see what came after"
        assert settled_at(workspace, spec, day(2)) is None
        after = played(workspace, spec, until=day(3).end)[-1].decision
        assert roles(workspace, spec, 3) == {1: ScoringRole.CHAMPION}, "it scores along no more"
        assert after is not None
        assert after.verdict is Verdict.KEEP
        assert "1 challenger was rejected" in after.sentence, "a person's No counts for the back-off"
        assert len(changes(workspace, spec)) == 1


def test_a_reason_is_needed_and_the_first_word_holds(tmp_path: Path, database_url: str) -> None:
    spec = shadow_spec(tmp_path)
    with workspace_in(tmp_path, database_url) as workspace:
        played(workspace, spec, until=day(2).end)
        with pytest.raises(RegistryError, match="needs a comment"):
            reject(workspace, spec, 2, comment="  ", via=COMMAND_LINE)
        assert held_now(workspace, spec) == 2
        first = reject(workspace, spec, 2, comment=WHY, via=COMMAND_LINE)
        assert reject(workspace, spec, 2, comment=WHY, via=COMMAND_LINE) == first
        workspace.actor = "ann"
        second = reject(workspace, spec, 2, comment="no", via=CONSOLE)
        assert (second.approval, second.first) == (first.approval, False)
        with pytest.raises(RegistryError, match="Nobody was asked"):
            approve(workspace, spec, 2, comment="yes", via=CONSOLE)
        with pytest.raises(RegistryError, match="Nobody was asked"):
            reject(workspace, spec, 1, comment="the champion", via=CONSOLE)
        assert len(verdicts(workspace, spec)) == 1


def meanwhile(monkeypatch: pytest.MonkeyPatch, act: Callable[[], Any]) -> None:
    """Something happens between a person's look at what is held and the record of the No."""
    moment = moment_of_word

    def overtaken(*given: Any) -> Any:
        monkeypatch.setattr(flow, "moment_of_word", moment)
        act()
        return moment(*given)

    monkeypatch.setattr(flow, "moment_of_word", overtaken)


def ready(workspace: Workspace, spec: ModelSpec) -> None:
    """With the next batch the hold is over; nobody has settled yet."""
    played(workspace, spec, until=day(3).end)
    taken_in(workspace, spec, 4)


def test_a_person_who_comes_after_the_comparison_is_told(
    tmp_path: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = shadow_spec(tmp_path)
    with workspace_in(tmp_path, postgres_url) as workspace:
        ready(workspace, spec)
        meanwhile(monkeypatch, lambda: settle(workspace, spec, day(4)))
        with pytest.raises(AlreadyAnsweredError, match=r"has ended meanwhile\. Stood in the shadow"):
            reject(workspace, spec, 2, comment=WHY, via=CONSOLE)
        assert [one.to_version for one in changes(workspace, spec)] == [1, 2]
        assert verdicts(workspace, spec)[0].ending is ShadowEnding.PASSED


def test_a_comparison_that_comes_after_a_person_changes_nothing(tmp_path: Path, database_url: str) -> None:
    spec = shadow_spec(tmp_path)
    with workspace_in(tmp_path, database_url) as workspace:
        ready(workspace, spec)
        reject(workspace, spec, 2, comment=WHY, via=CONSOLE)
        assert settle(workspace, spec, day(4)) is None
        assert [one.to_version for one in changes(workspace, spec)] == [1]
        assert stages(workspace, spec)[2] is Stage.REJECTED


@pytest.mark.parametrize("name", ["drop", "rejected_in_shadow"])
def test_a_crash_leaves_all_or_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    spec = shadow_spec(tmp_path)

    def killed(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with workspace_in(tmp_path) as workspace:
        played(workspace, spec, until=day(2).end)
        with monkeypatch.context() as patched:
            patched.setattr(flow, name, killed)
            with pytest.raises(KeyboardInterrupt):
                reject(workspace, spec, 2, comment=WHY, via=CONSOLE)
        assert (held_now(workspace, spec), verdicts(workspace, spec)) == (2, [])
        reject(workspace, spec, 2, comment=WHY, via=CONSOLE)
        assert (held_now(workspace, spec), stages(workspace, spec)[2]) == (None, Stage.REJECTED)
