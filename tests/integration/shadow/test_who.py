"""Who is held: the newest hold without an end; whoever comes newer takes its place, whoever comes late never has it."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest

from ml.domain.errors import HeldError
from ml.domain.holds import HELD, ShadowEnding, came_late
from ml.domain.records import GateResult, Stage, Trigger, Verdict
from ml.flows.decide import decide
from ml.flows.evaluate import evaluate
from ml.flows.hold import record_with_what_follows
from ml.flows.promote import promote
from ml.flows.train import train
from ml.flows.workspace import Workspace
from ml.registry import Registry
from ml.specs import ModelSpec
from ml.views import status
from tests.integration import registry_builders as built
from tests.integration.shadow.holding import day, held_now, shadow_spec, stages, taken_in, verdicts
from tests.integration.test_loop import workspace_in
from tests.integration.test_watch import played


def two_under_way(workspace: Workspace, spec: ModelSpec) -> tuple[str, str]:
    """Version 2 is trained and not judged yet when a person asks for another retraining, which gives version 3."""
    played(workspace, spec, until=day(1).end)
    taken_in(workspace, spec, 2)
    older = decide(workspace, spec, day(2))
    assert older.verdict is Verdict.RETRAIN
    train(workspace, spec, older.id)
    taken_in(workspace, spec, 3)
    newer = decide(workspace, spec, day(3), force=True, reason="a new depot", trigger=Trigger.MANUAL)
    return older.id, newer.id


def judged(workspace: Workspace, spec: ModelSpec, decision_id: str) -> GateResult:
    """Train, unless that is done, judge and let what is held be held; the lease ends with it."""
    train(workspace, spec, decision_id)
    found = evaluate(workspace, spec, decision_id)
    try:
        promote(workspace, spec, decision_id)
    except HeldError:
        assert HELD in found.evidence
    return found


def strict(spec: ModelSpec) -> ModelSpec:
    """The same gate, which nothing passes."""
    return spec.model_copy(update={"gate": spec.gate.model_copy(update={"floors": {"accuracy": 1.1}})})


def test_a_newer_challenger_that_passes_takes_the_place_of_what_is_held(tmp_path: Path, database_url: str) -> None:
    spec = shadow_spec(tmp_path)
    with workspace_in(tmp_path, database_url) as workspace:
        older, newer = two_under_way(workspace, spec)
        assert judged(workspace, spec, older).passed
        assert held_now(workspace, spec) == 2, "it was judged after the other one was asked for"
        assert judged(workspace, spec, newer).passed
        assert held_now(workspace, spec) == 3
        assert [(one.version, one.ending, one.as_of) for one in verdicts(workspace, spec)] == [
            (2, ShadowEnding.SUPERSEDED, day(3).end)
        ]
        assert "version 3 passed the gate meanwhile" in verdicts(workspace, spec)[0].sentence
        assert stages(workspace, spec)[2] is Stage.REJECTED
        played(workspace, spec, until=day(7).end)
        ended = {one.version: one.ending for one in verdicts(workspace, spec)}
        assert ended[3] in (ShadowEnding.PASSED, ShadowEnding.REJECTED)
        with workspace.registry.read() as reader:
            assert reader.audit(spec.model).breaches == ()


def test_a_newer_one_that_does_not_pass_leaves_it_held_until_it_ends(tmp_path: Path, database_url: str) -> None:
    spec = shadow_spec(tmp_path)
    with workspace_in(tmp_path, database_url) as workspace:
        older, newer = two_under_way(workspace, spec)
        judged(workspace, spec, older)
        assert not judged(workspace, strict(spec), newer).passed
        assert held_now(workspace, spec) == 2, "not the newest that was judged: the newest that is held"
        with workspace.registry.read() as reader:
            assert [one.held for one in status(reader)] == [2]
        played(workspace, spec, until=day(5).end)
        assert [one.version for one in verdicts(workspace, spec)] == [2], "it scored along, and its hold has ended"
        kept = decide(workspace, spec, day(5), dry_run=True)
        assert "in_the_shadow" not in {guard.kind for guard in kept.guards} or held_now(workspace, spec) != 2


def test_a_challenger_that_comes_late_is_never_held(tmp_path: Path, database_url: str) -> None:
    spec = shadow_spec(tmp_path)
    with workspace_in(tmp_path, database_url) as workspace:
        older, newer = two_under_way(workspace, spec)
        with workspace.registry.write() as writer:
            writer.release_lease(spec.model, older)  # it ran out
        assert judged(workspace, spec, newer).passed
        assert held_now(workspace, spec) == 3
        late = evaluate(workspace, spec, older)
        assert late.passed
        assert came_late(late)
        assert "version 3, which is newer, is held in the shadow already" in late.sentence
        assert promote(workspace, spec, older) is None
        assert (held_now(workspace, spec), verdicts(workspace, spec)) == (3, [])
        assert stages(workspace, spec)[2] is Stage.REJECTED
        played(workspace, spec, until=day(7).end)
        assert promote(workspace, spec, older) is None, "not after that hold has ended either"


def test_of_holds_without_an_end_the_newest_is_held_and_none_stays_for_ever(tmp_path: Path) -> None:
    """Two holds on record, as an earlier Evergreen left them: they end one after the other."""
    spec = shadow_spec(tmp_path)
    with workspace_in(tmp_path) as workspace:
        older, newer = two_under_way(workspace, spec)
        judged(workspace, spec, older)
        train(workspace, spec, newer)
        with workspace.registry.read() as reader:
            two, three = reader.gate_result(spec.model, 2), reader.version_by_run_key(spec.model, newer)
        assert two is not None
        assert three is not None
        with workspace.registry.write() as writer:
            writer.add_gate_result(replace(two, challenger=3, as_of=three.as_of))
        assert held_now(workspace, spec) == 3
        played(workspace, spec, until=day(9).end)
        assert {one.version for one in verdicts(workspace, spec)} >= {2, 3}
        assert stages(workspace, spec)[2] is Stage.REJECTED


def test_held_at_a_moment_of_the_past(database_url: str) -> None:
    """Held is what the gate held by then and whose end came later, whatever became of it since."""
    hold = {HELD: {"batches": 2}}
    with Registry.open(database_url) as registry:
        built.registered(registry)
        with registry.write() as writer:
            for number in (1, 2, 3):
                built.version(writer, f"r{number}", number=number)
                evidence = {} if number == 3 else hold
                writer.add_gate_result(built.gate_result(number, as_of=built.day(number), evidence=evidence))
            ended = built.shadow_verdict(2, ending=ShadowEnding.SUPERSEDED, as_of=built.day(5))
            writer.add_shadow_verdict(ended)
            writer.reject(built.MODEL, 2)
        with registry.read() as reader:
            found = [reader.held_at(built.MODEL, built.day(number)) for number in (0, 1, 2, 4, 5)]
            assert [None if one is None else one[0].version for one in found] == [None, 1, 2, 2, 1]


@pytest.mark.parametrize("first", [2, 3])
def test_two_that_are_judged_at_once_are_not_held_together(tmp_path: Path, database_url: str, first: int) -> None:
    spec = shadow_spec(tmp_path)
    with workspace_in(tmp_path, database_url) as workspace:
        older, newer = two_under_way(workspace, spec)
        with workspace.registry.write() as writer:
            writer.release_lease(spec.model, older)
        train(workspace, spec, newer)
        with workspace.registry.read() as reader:
            both = {number: reader.version(spec.model, number) for number in (2, 3)}
            generation = reader.generation(spec.model)
        order = sorted(both, key=lambda number: number != first)

        def judge(number: int) -> None:
            version = both[number]
            result = built.gate_result(number, model=spec.model, champion=1, as_of=version.as_of, generation=generation)
            workspace.registry.retrying(
                lambda writer: record_with_what_follows(writer, spec, version, result, now=workspace.clock())
            )

        threads = [threading.Thread(target=judge, args=(number,)) for number in order]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with workspace.registry.read() as reader:
            unended = [
                one.challenger
                for one in reader.gate_results(spec.model)
                if HELD in one.evidence and reader.shadow_verdict(spec.model, one.challenger) is None
            ]
        assert unended == [3], "whoever comes first: the newer one is held"
