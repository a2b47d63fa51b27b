"""How the time in the shadow ends otherwise: superseded, stale, without labels, or with a person's word."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from ml.domain.approvals import Answer, terms_asked
from ml.domain.errors import AlreadyAnsweredError, RegistryError
from ml.domain.findings import Outcome
from ml.domain.holds import ShadowEnding
from ml.domain.records import Act, Stage, Trigger, Verdict
from ml.flows.approve import COMMAND_LINE, approve, reject
from ml.flows.decide import decide
from ml.flows.exhibits import shadow_span_of
from ml.flows.promote import rollback
from ml.flows.replay import replayed_decisions
from ml.flows.train import train
from tests.integration.shadow.holding import SHADOW, TURNED, day, held, shadow_spec, stages, verdicts, without_shadow
from tests.integration.test_loop import workspace_in
from tests.integration.test_watch import EVERY_2, changes, played


def test_what_is_held_stays_held_though_the_spec_changes(tmp_path: Path) -> None:
    spec = shadow_spec(tmp_path)
    with workspace_in(tmp_path) as workspace:
        played(workspace, spec, until=day(2).end)
        played(workspace, without_shadow(spec), until=day(4).end)
        assert [(one.version, one.ending) for one in verdicts(workspace, spec)] == [(2, ShadowEnding.PASSED)]


def test_a_retraining_by_hand_supersedes_what_is_held(tmp_path: Path, database_url: str) -> None:
    spec = shadow_spec(tmp_path)
    with workspace_in(tmp_path, database_url) as workspace:
        played(workspace, spec, until=day(3).end)
        kept = decide(workspace, spec, day(3))
        assert kept.verdict is Verdict.KEEP
        forced = decide(workspace, spec, day(3), force=True, reason="a new depot", trigger=Trigger.MANUAL)
        found = verdicts(workspace, spec)
        assert [(one.version, one.ending, one.as_of) for one in found] == [(2, ShadowEnding.SUPERSEDED, day(3).end)]
        assert forced.id in found[0].sentence
        assert stages(workspace, spec)[2] is Stage.REJECTED
        assert decide(workspace, spec, day(3)) == kept, "deciding again does not see what came after"
        assert decide(workspace, spec, day(3), force=True, reason="a new depot", trigger=Trigger.MANUAL) == forced
        train(workspace, spec, forced.id)
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
            assert shadow_span_of(found) is None
            with workspace.registry.read() as reader:
                said = [one.outcome for one in reader.findings(spec.model, day(6)) if one.code == "PG017"]
                recorded = list(reader.decisions(spec.model))
            assert said == [Outcome.CANNOT_TELL]
            assert list(replayed_decisions(workspace, spec)) == recorded


@pytest.mark.parametrize(("least", "compared"), [(20, True), (1000, False)], ids=["enough rows", "too few"])
def test_the_span_of_a_verdict_is_that_of_a_comparison(tmp_path: Path, least: int, compared: bool) -> None:
    """Fewer rows than `min_rows` cannot tell, so nobody was tried on them: for who comes later that is no attempt."""
    spec = shadow_spec(tmp_path, away=())
    with workspace_in(tmp_path) as workspace:
        played(workspace, spec, until=day(3).end)
        meanwhile = spec.model_copy(update={"gate": spec.gate.model_copy(update={"min_rows": least})})
        played(workspace, meanwhile, until=day(4).end)
        (found,) = verdicts(workspace, spec)
        assert found.ending is ShadowEnding.PASSED
        assert shadow_span_of(found) == ((day(3).start, day(4).end) if compared else None)
        assert (found.rows, found.evidence["batches"]) == (240, 2)


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
