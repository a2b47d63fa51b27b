"""Who may retrain while a challenger is held, and after: its run's lease ends with the hold, however that ends."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ml.domain.holds import ShadowEnding
from ml.domain.records import Act, Stage, Trigger
from ml.flows import settle as flow
from ml.flows.approve import COMMAND_LINE, approve, reject
from ml.flows.decide import decide
from ml.flows.evaluate import evaluate
from ml.flows.promote import rollback
from ml.flows.settle import settle
from ml.flows.train import train
from ml.flows.workspace import Workspace
from ml.specs import ModelSpec
from tests.integration.shadow.holding import day, held_now, lease, shadow_spec, stages, taken_in, verdicts
from tests.integration.test_loop import workspace_in
from tests.integration.test_watch import EVERY_2, changes, played

ASKING = "gate: {shadow: 2, min_rows: 20, approval: {comment: false, expires: 7d}}"


def kept_by_a_killed_run(workspace: Workspace, spec: ModelSpec) -> str:
    """Version 2 is held, and its run was killed before it gave back the lease."""
    played(workspace, spec, until=day(2).end)
    with workspace.registry.write() as writer:
        run_key = writer.version(spec.model, 2).run_key
        writer.acquire_lease(spec.model, run_key, now=workspace.clock(), ttl=timedelta(hours=6))
    assert (held_now(workspace, spec), lease(workspace, spec)) == (2, run_key)
    return run_key


def test_what_is_rejected_in_the_shadow_gives_back_the_lease(tmp_path: Path, database_url: str) -> None:
    spec = shadow_spec(tmp_path, away=())
    with workspace_in(tmp_path, database_url) as workspace:
        kept_by_a_killed_run(workspace, spec)
        taken_in(workspace, spec, 3)
        taken_in(workspace, spec, 4)
        superior = spec.model_copy(update={"gate": spec.gate.model_copy(update={"comparison": "superior"})})
        found = settle(workspace, superior, day(4))
        assert found is not None
        assert found.ending is ShadowEnding.REJECTED
        assert lease(workspace, spec) is None


def test_what_is_stale_gives_back_the_lease(tmp_path: Path) -> None:
    spec = shadow_spec(tmp_path)
    with workspace_in(tmp_path) as workspace:
        played(workspace, spec, until=day(4).end)
        assert stages(workspace, spec)[3] is Stage.CHALLENGER, "version 3 is held"
        with workspace.registry.write() as writer:
            run_key = writer.version(spec.model, 3).run_key
            writer.acquire_lease(spec.model, run_key, now=workspace.clock(), ttl=timedelta(hours=6))
        rollback(workspace, spec, reason="a person knows better", to_version=1)
        taken_in(workspace, spec, 5)
        found = settle(workspace, spec, day(5))
        assert found is not None
        assert found.ending is ShadowEnding.STALE
        assert lease(workspace, spec) is None


def test_what_is_superseded_gives_way_to_the_training_that_a_person_asked_for(tmp_path: Path) -> None:
    spec = shadow_spec(tmp_path)
    with workspace_in(tmp_path) as workspace:
        kept_by_a_killed_run(workspace, spec)
        taken_in(workspace, spec, 3)
        forced = decide(workspace, spec, day(3), force=True, reason="a new depot", trigger=Trigger.MANUAL)
        assert lease(workspace, spec) == forced.id
        assert train(workspace, spec, forced.id).version == 3


@pytest.mark.parametrize("answer", [approve, reject])
def test_a_question_that_is_answered_is_not_asked_again_by_one_who_settles_too(
    tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch, answer: Callable[..., object]
) -> None:
    """Two settle the same hold; between the look of one and its record the other settles, and a person answers."""
    spec = shadow_spec(tmp_path, ASKING, EVERY_2)
    look = flow._end

    def overtaken(*given: Any, **named: Any) -> Any:
        found = look(*given, **named)
        monkeypatch.setattr(flow, "_end", look)
        first = settle(workspace, spec, day(4))
        assert first is not None
        answer(workspace, spec, 2, comment="", via=COMMAND_LINE)
        assert lease(workspace, spec) is None
        return found

    with workspace_in(tmp_path, database_url) as workspace:
        played(workspace, spec, until=day(0).end)
        approve(workspace, spec, 1, comment="", via=COMMAND_LINE)
        played(workspace, spec, until=day(3).end)
        taken_in(workspace, spec, 4)
        monkeypatch.setattr(flow, "_end", overtaken)
        second = settle(workspace, spec, day(4))
        assert second is not None
        assert second == verdicts(workspace, spec)[0]
        assert lease(workspace, spec) is None, "nobody is asked, and nobody retrains"
        promoted = [one.to_version for one in changes(workspace, spec) if one.act is Act.PROMOTE]
        assert promoted == ([1, 2] if answer is approve else [1])


def test_a_question_that_is_answered_is_not_asked_again_by_one_who_judges_too(
    tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same without a shadow: the first verdict on a version stays, and nothing follows from a second one."""
    from ml.flows import evaluate as judging

    spec = shadow_spec(tmp_path, "gate: {min_rows: 20, approval: {comment: false, expires: 7d}}", EVERY_2)
    curves = judging._curves

    def overtaken(*given: Any) -> Any:
        monkeypatch.setattr(judging, "_curves", curves)
        evaluate(workspace, spec, decision.id)
        approve(workspace, spec, 1, comment="", via=COMMAND_LINE)
        assert lease(workspace, spec) is None
        return curves(*given)

    with workspace_in(tmp_path, database_url) as workspace:
        taken_in(workspace, spec, 0)
        decision = decide(workspace, spec, day(0))
        train(workspace, spec, decision.id)
        monkeypatch.setattr(judging, "_curves", overtaken)
        evaluate(workspace, spec, decision.id)
        assert lease(workspace, spec) is None
