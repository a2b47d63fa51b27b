"""A person's word between gate and promotion: in the loop, by whoever comes first, recorded, and in the chain."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ml.domain.approvals import Answer
from ml.domain.custody import EventKind
from ml.domain.errors import (
    AlreadyAnsweredError,
    ApprovalPendingError,
    EvergreenError,
    RegistryError,
    StalePromotionError,
)
from ml.domain.records import Act, Stage, Verdict
from ml.flows.approve import approve, expire, reject
from ml.flows.loop import run
from ml.flows.promote import promote
from ml.flows.workspace import Workspace
from ml.settings import Settings
from ml.specs import ModelSpec
from ml.views.approvals import waiting, waiting_version
from tests.integration.streams import spec_of, stream

NOW = datetime(2026, 2, 1, tzinfo=UTC)
ASKS = """
gate: {min_rows: 20, approval: {assigned_users: [ann, {id: "7", name: bob}], expires: 3d}}
policy: {when: {kind: schedule, every: 2}, back_off: {first: 3}}
"""


def at(hours: float) -> Any:
    return lambda: NOW + timedelta(hours=hours)


@pytest.fixture
def spec(tmp_path: Path) -> ModelSpec:
    return spec_of(tmp_path, stream(turn_on_day=99), extra=ASKS)


@pytest.fixture
def settings(tmp_path: Path, database_url: str) -> Settings:
    return Settings.from_environment(
        {
            "EVERGREEN_HOME": str(tmp_path / "home"),
            "EVERGREEN_DATABASE_URL": database_url,
            "EVERGREEN_DATA_ROOT": str(tmp_path),
        }
    )


def person(settings: Settings, name: str, hours: float = 0.0) -> Workspace:
    workspace = Workspace.open(settings, actor=name)
    workspace.clock = at(hours)
    return workspace


@pytest.fixture
def ann(settings: Settings) -> Iterator[Workspace]:
    with person(settings, "ann") as workspace:
        yield workspace


def play(workspace: Workspace, spec: ModelSpec, until: int) -> Any:
    return run(workspace, spec, start=datetime(2026, 1, 1, tzinfo=UTC), end=datetime(2026, 1, 1 + until, tzinfo=UTC))


@pytest.fixture
def asked(ann: Workspace, spec: ModelSpec) -> ModelSpec:
    """Three batches; the first version waits."""
    play(ann, spec, 3)
    return spec


def test_what_passed_waits_and_the_loop_goes_on(ann: Workspace, asked: ModelSpec) -> None:
    with ann.registry.read() as reader:
        (one,) = waiting(reader)
        assert waiting_version(reader, asked.model, 1) == one
        assert waiting_version(reader, asked.model, 2) is None
        assert reader.champion(asked.model) is None
        assert [item.stage for item in reader.versions(asked.model)] == [Stage.CHALLENGER], "one in flight"
        decisions = reader.decisions(asked.model)
        assert reader.lease_holder(asked.model, NOW + timedelta(days=3, hours=5)) == one.decision_id
    assert [item.verdict for item in decisions] == [Verdict.RETRAIN, Verdict.KEEP, Verdict.KEEP]
    assert decisions[0].id in decisions[2].sentence, "a later decision names what is in flight"
    assert (one.version, one.champion, one.until) == (1, None, NOW + timedelta(days=3))
    assert one.users == (("ann", "ann"), ("7", "bob"))
    assert set(one.metrics) == {"challenger", "dummy"}
    assert one.metric == "accuracy"


def test_a_yes_is_recorded_and_serves_from_then_on(ann: Workspace, asked: ModelSpec) -> None:
    done = approve(ann, asked, 1, comment=" looks right ", via="console")
    assert done.promotion is not None
    assert (done.promotion.to_version, done.promotion.actor, done.first) == (1, "ann", True)
    assert done.promotion.as_of == datetime(2026, 1, 4, tzinfo=UTC), "the newest batch when it was said"
    with ann.registry.read() as reader:
        assert reader.approval(asked.model, 1) == done.approval
        assert (done.approval.answer, done.approval.comment) == (Answer.APPROVED, "looks right")
        event = next(item for item in reader.events(asked.model) if item.kind is EventKind.APPROVAL)
        assert (event.key, event.actor) == ("1", "ann")
        live = reader.live_at(asked.model, datetime(2026, 1, 5, tzinfo=UTC))
        assert live is not None
        assert live.approved_by == "ann"
        assert reader.live_at(asked.model, datetime(2026, 1, 3, tzinfo=UTC)) is None
        assert reader.lease_holder(asked.model, NOW) is None
        assert waiting(reader) == ()
        assert reader.audit(asked.model).breaches == ()
    again = approve(ann, asked, 1, comment="looks right", via="console")
    assert again == done
    assert play(ann, asked, 4)[-1].decision is not None


def test_a_no_counts_as_a_rejected_challenger_from_when_it_was_said(ann: Workspace, asked: ModelSpec) -> None:
    done = reject(ann, asked, 1, comment="not before Easter", via="command line")
    assert done.promotion is None
    with ann.registry.read() as reader:
        assert reader.version(asked.model, 1).stage is Stage.REJECTED
    outcomes = play(ann, asked, 7)
    verdicts = [one.decision.verdict for one in outcomes]
    # Said after batch 3; three batches must arrive before another one is trained.
    assert verdicts[3:] == [Verdict.KEEP, Verdict.KEEP, Verdict.RETRAIN, Verdict.KEEP]
    with ann.registry.read() as reader:
        assert [one.id for one in reader.decisions(asked.model)] == [one.decision.id for one in outcomes], (
            "the batches that were decided while it waited are decided alike when they are run again"
        )
    back_off = {guard.kind: guard for guard in outcomes[3].decision.guards}["back_off"]
    assert "1 challenger was rejected" in back_off.sentence


def test_the_first_word_holds_and_the_other_is_told_who(settings: Settings, ann: Workspace, asked: ModelSpec) -> None:
    reject(ann, asked, 1, comment="no", via="airflow")
    with person(settings, "bob") as bob:
        with pytest.raises(AlreadyAnsweredError, match=r"Rejected by ann \(airflow\).*: no"):
            approve(bob, asked, 1, comment="yes", via="console")
        late = reject(bob, asked, 1, comment="no too", via="console")
    assert (late.first, late.approval.actor) == (False, "ann")
    with ann.registry.read() as reader:
        assert len(reader.approvals(asked.model)) == 1


def test_no_answer_in_time_keeps_the_champion(settings: Settings, asked: ModelSpec) -> None:
    with person(settings, "airflow", hours=71) as early:
        assert expire(early, asked) == ()
        with early.registry.read() as reader:
            key = reader.version(asked.model, 1).run_key
        with pytest.raises(ApprovalPendingError, match="waits for ann, bob until 2026-02-04 00:00 UTC"):
            promote(early, asked, key)
    with person(settings, "airflow", hours=73) as late:
        outcomes = play(late, asked, 4)
        with late.registry.read() as reader:
            word = reader.approval(asked.model, 1)
            assert word is not None
            assert (word.answer, word.actor, word.via) == (Answer.EXPIRED, "evergreen", "clock")
            assert reader.version(asked.model, 1).stage is Stage.REJECTED
            assert reader.audit(asked.model).breaches == ()
        assert outcomes[-1].decision.verdict is Verdict.KEEP
    with person(settings, "ann", hours=74) as ann, pytest.raises(AlreadyAnsweredError, match="Nobody answered in time"):
        approve(ann, asked, 1, comment="sorry", via="console")


def test_who_may_and_with_what(settings: Settings, ann: Workspace, asked: ModelSpec) -> None:
    with person(settings, "eve") as eve, pytest.raises(RegistryError, match=r"eve may not answer.*ann, bob may"):
        approve(eve, asked, 1, comment="hihi", via="console")
    with pytest.raises(RegistryError, match="needs a comment"):
        approve(ann, asked, 1, comment="  ", via="console")
    with ann.registry.read() as reader:
        assert reader.approval(asked.model, 1) is None
    with person(settings, "Bob B.") as bob:
        assert approve(bob, asked, 1, comment="fine", via="airflow", who=("7",)).promotion is not None


def test_nobody_was_asked(ann: Workspace, tmp_path: Path) -> None:
    plain = spec_of(tmp_path, stream(), name="plain")
    play(ann, plain, 1)
    with pytest.raises(RegistryError, match="Nobody was asked about version 1 of plain"):
        approve(ann, plain, 1, comment="yes", via="console")


def test_a_word_that_was_recorded_and_not_acted_on_is_acted_on_by_the_next(
    ann: Workspace, asked: ModelSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("ml.flows.approve.promote", killed)
        with pytest.raises(KeyboardInterrupt):
            approve(ann, asked, 1, comment="go", via="command line")
    with ann.registry.read() as reader:
        assert reader.champion(asked.model) is None
        key = reader.version(asked.model, 1).run_key
    promotion = promote(ann, asked, key)
    assert promotion is not None
    assert promotion.actor == "ann"


def test_a_yes_after_the_champion_changed_is_stale(ann: Workspace, asked: ModelSpec) -> None:
    approve(ann, asked, 1, comment="first", via="console")
    play(ann, asked, 7)
    with ann.registry.read() as reader:
        (one,) = waiting(reader)
        assert one.champion == 1
        assert set(one.metrics) == {"challenger", "champion", "dummy"}
        generation = reader.generation(asked.model)
        other = reader.version(asked.model, one.version)
    with ann.registry.write() as writer:  # somebody goes past the lease and changes the champion
        made = writer.register_version(
            model=asked.model,
            run_key="past the lease",
            as_of=other.as_of,
            trained_from=other.trained_from,
            trained_until=other.trained_until,
            model_sha256=other.model_sha256,
            manifest=other.manifest,
        )
        writer.promote(
            model=asked.model,
            to_version=made.version,
            run_key="past the lease",
            expected_generation=generation,
            as_of=other.as_of,
            baseline={},
            reason="",
            actor="",
            act=Act.PROMOTE,
            created_at=NOW,
        )
    with pytest.raises(StalePromotionError):
        approve(ann, asked, one.version, comment="yes", via="console")
    with ann.registry.read() as reader:
        assert reader.version(asked.model, one.version).stage is Stage.REJECTED
        assert waiting(reader) == ()


def test_two_at_once_agree(settings: Settings, asked: ModelSpec) -> None:
    def say(number: int) -> str:
        act = approve if number % 2 else reject
        with person(settings, "ann" if number % 2 else "bob") as workspace:
            try:
                return str(act(workspace, asked, 1, comment=f"{number}", via="console").approval.comment)
            except AlreadyAnsweredError as error:
                return str(error)
            except EvergreenError as error:  # pragma: no cover
                return f"{type(error).__name__} {error}"

    with ThreadPoolExecutor(4) as pool:
        said = list(pool.map(say, range(4)))
    with person(settings, "ann") as workspace, workspace.registry.read() as reader:
        (word,) = reader.approvals(asked.model)
        champion = reader.champion(asked.model)
        assert (champion is not None) == (word.answer is Answer.APPROVED)
        assert reader.audit(asked.model).breaches == ()
    assert all(word.comment in one for one in said), said
