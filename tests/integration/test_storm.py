"""One retraining of a model at a time, whoever asks: a storm of alarms; leases taken with decisions, and given back."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ml.domain.errors import DataError, LeaseHeldError
from ml.domain.records import Decision, Verdict
from ml.domain.windows import Window
from ml.flows import decide as module
from ml.flows.decide import decide
from ml.flows.evaluate import evaluate
from ml.flows.lease import BY_HAND, LEASE
from ml.flows.loop import run
from ml.flows.promote import promote
from ml.flows.train import train
from ml.flows.workspace import Workspace
from ml.registry import Registry
from ml.settings import Settings
from ml.specs import ModelSpec
from tests.integration.streams import SPAN, spec_of, stream

ALARMS, THREADS = 1000, 4
RETRAIN, KEEP = Verdict.RETRAIN, Verdict.KEEP
ALWAYS = "policy: {when: {kind: schedule, every: 1}, min_labelled: 0}"
NEXT = Window(SPAN.start + timedelta(days=4), SPAN.start + timedelta(days=5))


class Clock:
    """A wall clock that the test sets."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


def opened(folder: Path, database_url: str, clock: Clock | None = None) -> Workspace:
    environment = {
        "EVERGREEN_HOME": str(folder),
        "EVERGREEN_DATA_ROOT": str(folder),
        "EVERGREEN_DATABASE_URL": database_url,
    }
    workspace = Workspace.open(Settings.from_environment(environment), actor="tester")
    return workspace if clock is None else replace(workspace, clock=clock)


@contextmanager
def four_days(folder: Path, database_url: str, clock: Clock) -> Iterator[tuple[Workspace, ModelSpec, Window]]:
    """A model that has taken in four days and trained its first version; the fourth is not decided on."""
    spec = spec_of(folder, stream(), extra="policy: {when: {kind: never}}")
    with opened(folder, database_url, clock) as workspace:
        run(workspace, spec, start=SPAN.start, end=SPAN.start + timedelta(days=4))
        always = spec_of(folder, stream(), extra=ALWAYS)
        yield workspace, always, Window(SPAN.start + timedelta(days=3), SPAN.start + timedelta(days=4))


def holder(registry: Registry, spec: ModelSpec, now: datetime) -> str | None:
    with registry.read() as reader:
        return reader.lease_holder(spec.model, now)


def test_a_thousand_alarms_are_one_retraining_and_999_reasons(tmp_path: Path, database_url: str) -> None:
    def alarms(first: int) -> None:
        try:
            with opened(tmp_path, database_url, clock) as own:
                found.extend(
                    decide(own, spec, window, reason=f"alarm {number}") for number in range(first, ALARMS, THREADS)
                )
        except BaseException as error:
            failures.append(error)
            raise

    found: list[Decision] = []
    failures: list[BaseException] = []
    clock = Clock()
    with four_days(tmp_path, database_url, clock) as (workspace, spec, window):
        threads = [threading.Thread(target=alarms, args=(first,)) for first in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not failures
        with workspace.registry.read() as reader:
            recorded = [one for one in reader.decisions(spec.model) if one.reason.startswith("alarm")]
        (yes,) = [one for one in recorded if one.verdict is RETRAIN]
        told = [one for one in recorded if one.verdict is KEEP]
        assert {one.id for one in found} == {one.id for one in recorded}
        assert len({one.reason for one in recorded}) == ALARMS
        assert len(told) == ALARMS - 1
        assert all(yes.id in one.sentence and one.result.verdict is RETRAIN for one in told)
        train(workspace, spec, yes.id)
        evaluate(workspace, spec, yes.id)
        promote(workspace, spec, yes.id)
        assert holder(workspace.registry, spec, clock.now) is None
        late = decide(workspace, spec, window, reason="an alarm after all was done")
        assert late.verdict is KEEP
        assert yes.id in late.sentence


def test_a_yes_holds_the_lease_until_its_retraining_ends(tmp_path: Path, database_url: str) -> None:
    clock = Clock()
    with four_days(tmp_path, database_url, clock) as (workspace, spec, window):
        yes = decide(workspace, spec, window)
        assert yes.verdict is RETRAIN
        assert holder(workspace.registry, spec, clock.now) == yes.id
        assert decide(workspace, spec, window) == yes, "deciding again finds its own lease"
        train(workspace, spec, yes.id)
        evaluate(workspace, spec, yes.id)
        assert holder(workspace.registry, spec, clock.now) == yes.id
        promote(workspace, spec, yes.id)
        assert holder(workspace.registry, spec, clock.now) is None
        assert decide(workspace, spec, window) == yes
        assert holder(workspace.registry, spec, clock.now) is None, "what is done needs no lease"


def test_a_lost_holders_lease_ends_by_itself(tmp_path: Path, sqlite_url: str) -> None:
    clock = Clock()
    with four_days(tmp_path, sqlite_url, clock) as (workspace, spec, window):
        lost = decide(workspace, spec, window)
        (blocked,) = run(workspace, spec, start=NEXT.start, end=NEXT.end)
        assert blocked.decision is not None
        assert blocked.decision.verdict is KEEP
        assert lost.id in blocked.decision.sentence
        clock.now += LEASE
        free = decide(workspace, spec, NEXT)
        assert free.verdict is RETRAIN
        assert holder(workspace.registry, spec, clock.now) == free.id
        with pytest.raises(LeaseHeldError, match=free.id):
            train(workspace, spec, lost.id)


def test_a_decision_by_hand_blocks_nobody_for_long(tmp_path: Path, sqlite_url: str) -> None:
    clock = Clock()
    with four_days(tmp_path, sqlite_url, clock) as (workspace, spec, window):
        by_hand = decide(workspace, spec, window, by_hand=True)
        assert decide(workspace, spec, window) == by_hand, "the scheduled decision on the same records is the same one"
        by_hand = decide(workspace, spec, window, by_hand=True)
        clock.now += BY_HAND
        assert holder(workspace.registry, spec, clock.now) is None
        (outcome,) = run(workspace, spec, start=NEXT.start, end=NEXT.end)
        assert outcome.decision is not None
        assert outcome.decision.verdict is RETRAIN


def test_a_training_that_fails_gives_the_lease_back(tmp_path: Path, database_url: str) -> None:
    clock = Clock()
    with four_days(tmp_path, database_url, clock) as (workspace, spec, window):
        greedy = spec.model_copy(update={"training": spec.training.model_copy(update={"min_rows": 10**6})})
        yes = decide(workspace, greedy, window)
        assert holder(workspace.registry, spec, clock.now) == yes.id
        with pytest.raises(DataError, match=r"training\.min_rows"):
            train(workspace, greedy, yes.id)
        assert holder(workspace.registry, spec, clock.now) is None


def test_a_persons_word_is_recorded_and_the_training_says_who_holds_the_lease(tmp_path: Path, sqlite_url: str) -> None:
    clock = Clock()
    with four_days(tmp_path, sqlite_url, clock) as (workspace, spec, window):
        first = decide(workspace, spec, window)
        forced = decide(workspace, spec, window, force=True, reason="the new tariff")
        assert forced.verdict is RETRAIN
        assert holder(workspace.registry, spec, clock.now) == first.id
        with pytest.raises(LeaseHeldError, match=first.id):
            train(workspace, spec, forced.id)
        clock.now += LEASE
        assert train(workspace, spec, forced.id).run_key == forced.id


def test_a_dry_run_takes_no_lease(tmp_path: Path, sqlite_url: str) -> None:
    clock = Clock()
    with four_days(tmp_path, sqlite_url, clock) as (workspace, spec, window):
        assert decide(workspace, spec, window, dry_run=True).verdict is RETRAIN
        assert holder(workspace.registry, spec, clock.now) is None


def test_what_comes_between_gathering_and_recording_is_seen(
    tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rival decides, trains and promotes after we have gathered: its lease is free again, yet we must not retrain."""
    clock = Clock()
    with four_days(tmp_path, database_url, clock) as (workspace, spec, window):
        gathered, rivals = module.history_of, []

        def overtaken(*given: Any, **named: Any) -> Any:
            found = gathered(*given, **named)
            if not rivals:
                rivals.append("on its way")
                rivals[0] = decide(workspace, spec, window, reason="a rival").id
                train(workspace, spec, rivals[0])
                evaluate(workspace, spec, rivals[0])
                promote(workspace, spec, rivals[0])
            return found

        monkeypatch.setattr(module, "history_of", overtaken)
        said = decide(workspace, spec, window, reason="us")
        assert said.verdict is KEEP
        assert rivals[0] in said.sentence
