"""After promotion: a champion that turns out worse than the one it beat goes back by itself, once, with evidence."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from ml.domain.custody import EventKind
from ml.domain.findings import Outcome
from ml.domain.records import UNATTENDED, Act, Promotion, Verdict
from ml.domain.watches import is_automatic
from ml.domain.windows import Window
from ml.flows import watch as flow
from ml.flows.decide import decide
from ml.flows.ingest import ingest
from ml.flows.loop import BatchOutcome, run
from ml.flows.monitor import monitor
from ml.flows.promote import rollback
from ml.flows.replay import replay, replayed_decisions
from ml.flows.score import score
from ml.flows.validate import validate
from ml.flows.watch import rolled_back_at, watch
from ml.flows.workspace import Workspace
from ml.specs import ModelSpec
from tests.integration.streams import SPAN, spec_of, stream
from tests.integration.test_loop import workspace_in

WATCH = "gate: {watch: {batches: 3}, min_rows: 20}"
EVERY_2 = "policy: {when: {kind: schedule, every: 2}, back_off: {first: 3}}"
EVERY_3 = "policy: {when: {kind: schedule, every: 3}, back_off: {first: 3}}"
SIXTH = Window(SPAN.start + timedelta(days=5), SPAN.start + timedelta(days=6))
"""The first batch after the third promotion."""


def detour(*away: int) -> pd.DataFrame:
    """The stream whose concept turns for some days and comes back: what is learned from them is wrong after them."""
    frame = stream(turn_on_day=99)
    turned = np.isin(np.arange(len(frame)) // 120, away)
    frame["late"] = np.where(turned, 1 - frame["late"], frame["late"])
    return frame


def watched_spec(folder: Path, *extra: str, away: tuple[int, ...] = (3, 4)) -> ModelSpec:
    return spec_of(folder, detour(*away), extra="\n".join(extra or (WATCH, EVERY_2)))


def played(workspace: Workspace, spec: ModelSpec, *, until: Any = SPAN.end) -> tuple[BatchOutcome, ...]:
    return run(workspace, spec, start=SPAN.start, end=until)


def changes(workspace: Workspace, spec: ModelSpec) -> tuple[Promotion, ...]:
    with workspace.registry.read() as reader:
        return reader.promotions(spec.model)


def back(workspace: Workspace, spec: ModelSpec) -> list[Promotion]:
    return [one for one in changes(workspace, spec) if one.act is Act.ROLLBACK]


def test_a_champion_that_turns_bad_goes_back_once(tmp_path: Path, database_url: str) -> None:
    spec = watched_spec(tmp_path)
    with workspace_in(tmp_path, database_url) as workspace:
        outcomes = played(workspace, spec)
        done = back(workspace, spec)
        with workspace.registry.read() as reader:
            champion = reader.champion(spec.model)
            findings = [one for one in reader.recorded_findings(spec.model, window=SIXTH) if one.step == flow.STEP]
            audit = reader.audit(spec.model)
            events = reader.events(spec.model)
            decisions = reader.decisions(spec.model)
    assert [(one.from_version, one.to_version, one.as_of, one.actor) for one in done] == [(3, 2, SIXTH.end, UNATTENDED)]
    assert is_automatic(done[0])
    assert "accuracy -0.85" in done[0].reason
    assert "120 rows of 1 of the first 3 batches" in done[0].reason
    assert "each end at 0.00333" in done[0].reason
    assert [one.rollback for one in outcomes if one.rollback is not None] == done
    assert champion is not None
    assert champion.version == 2
    assert [(one.finding.code, one.finding.outcome) for one in findings] == [("PG016", Outcome.FAILED)]
    assert audit.breaches == ()
    assert sum(event.kind is EventKind.ROLLBACK for event in events) == 1
    held = [one for one in decisions if SIXTH.end <= one.window.start < SIXTH.end + timedelta(days=2)]
    assert [one.verdict for one in held] == [Verdict.KEEP] * 2
    assert all("1 challenger was rejected" in one.sentence for one in held), "a rollback counts for the back-off"


def test_who_is_not_watched_serves_on(tmp_path: Path) -> None:
    spec = watched_spec(tmp_path, "gate: {min_rows: 20}", EVERY_2)
    with workspace_in(tmp_path) as workspace:
        played(workspace, spec, until=SIXTH.end)
        assert back(workspace, spec) == []


def test_without_rollback_it_is_only_recorded(tmp_path: Path) -> None:
    spec = watched_spec(tmp_path, "gate: {watch: {batches: 3, rollback: false}, min_rows: 20}", EVERY_2)
    with workspace_in(tmp_path) as workspace:
        played(workspace, spec, until=SIXTH.end)
        assert back(workspace, spec) == []
        with workspace.registry.read() as reader:
            found = [one for one in reader.findings(spec.model, SIXTH) if one.code == "PG016"]
    assert [one.outcome for one in found] == [Outcome.FAILED]


def test_where_nothing_turns_nobody_goes_back(tmp_path: Path) -> None:
    spec = watched_spec(tmp_path, away=())
    with workspace_in(tmp_path) as workspace:
        played(workspace, spec)
        assert back(workspace, spec) == []
        assert len(changes(workspace, spec)) > 3


def test_labels_that_come_late_are_waited_for(tmp_path: Path) -> None:
    spec = watched_spec(tmp_path, WATCH, "labels: {delay: 1d}", EVERY_3, away=(2, 3, 4))
    with workspace_in(tmp_path) as workspace:
        played(workspace, spec, until=SIXTH.end)
        assert changes(workspace, spec)[-1].as_of == SIXTH.start
        assert back(workspace, spec) == [], "the batch on which it is worse is there, its labels are not"
        played(workspace, spec)
        assert [one.as_of for one in back(workspace, spec)] == [SIXTH.end + timedelta(days=1)]


def test_playing_again_adds_nothing(tmp_path: Path) -> None:
    spec = watched_spec(tmp_path)
    with workspace_in(tmp_path) as workspace:
        first = played(workspace, spec)
        before = changes(workspace, spec)
        with workspace.registry.read() as reader:
            events = reader.events(spec.model)
        again = played(workspace, spec)
        assert changes(workspace, spec) == before
        assert [one.decision for one in again] == [one.decision for one in first]
        assert watch(workspace, spec, SIXTH) == rolled_back_at(workspace, spec, SIXTH) == back(workspace, spec)[0]
        with workspace.registry.read() as reader:
            assert reader.events(spec.model) == events


def test_a_crash_leaves_both_or_neither(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = watched_spec(tmp_path)

    def killed(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with workspace_in(tmp_path) as workspace:
        played(workspace, spec, until=SIXTH.start)
        with monkeypatch.context() as patched:
            patched.setattr(flow, "bring_back", killed)
            with pytest.raises(KeyboardInterrupt):
                played(workspace, spec, until=SIXTH.end)
        with workspace.registry.read() as reader:
            assert not [one for one in reader.findings(spec.model, SIXTH) if one.code == "PG016"]
            assert not [one for one in reader.decisions(spec.model) if one.window == SIXTH]
        assert back(workspace, spec) == []
        played(workspace, spec, until=SIXTH.end)
        assert len(back(workspace, spec)) == 1


def test_a_batch_of_the_past_and_a_dry_run_change_nothing(tmp_path: Path) -> None:
    spec, unwatched = watched_spec(tmp_path), watched_spec(tmp_path, "gate: {min_rows: 20}", EVERY_2)
    with workspace_in(tmp_path) as workspace:
        played(workspace, unwatched, until=SIXTH.end)
        decide(workspace, spec, SIXTH, dry_run=True)
        assert back(workspace, spec) == []
        played(workspace, unwatched, until=SIXTH.end + timedelta(days=1))
        assert watch(workspace, spec, SIXTH) is None, "newer batches are there: the past is not written anew"


def test_a_look_that_was_left_out_is_taken_with_the_next_batch(tmp_path: Path) -> None:
    """The next batch was taken in before this one was decided on: what it said of the champion is not lost."""
    spec = watched_spec(tmp_path)
    seventh = Window(SIXTH.end, SIXTH.end + timedelta(days=1))
    with workspace_in(tmp_path) as workspace:
        played(workspace, spec, until=SIXTH.start)
        for window in (SIXTH, seventh):
            ingest(workspace, spec, window)
            validate(workspace, spec, window)
            score(workspace, spec, window)
            monitor(workspace, spec, window)
        decide(workspace, spec, SIXTH)
        assert back(workspace, spec) == []
        decide(workspace, spec, seventh)
        (done,) = back(workspace, spec)
        assert done.as_of == seventh.end
        assert "240 rows of 2 of the first 3 batches" in done.reason


def test_what_a_person_brought_back_is_not_watched(tmp_path: Path) -> None:
    spec = watched_spec(tmp_path)
    with workspace_in(tmp_path) as workspace:
        played(workspace, spec, until=SIXTH.start)
        rollback(workspace, spec, reason="a person knows better", to_version=1)
        played(workspace, spec, until=SIXTH.end)
        assert [one.actor for one in back(workspace, spec)] == ["tester"]


@pytest.mark.parametrize(
    ("extra", "away"),
    [
        ((WATCH, EVERY_2), (3, 4)),
        ((WATCH, "labels: {delay: 1d}", EVERY_3), (2, 3, 4)),
        ((WATCH, "policy: {when: {kind: cost}, min_labelled: 20}"), (3, 4)),
        (("gate: {watch: {batches: 3}, min_rows: 20, margin: 0.01}", EVERY_2), (3, 4)),
    ],
    ids=["calendar", "late", "cost", "margin"],
)
def test_a_replay_rolls_back_as_production_did(tmp_path: Path, extra: tuple[str, ...], away: tuple[int, ...]) -> None:
    spec = watched_spec(tmp_path, *extra, away=away)
    with workspace_in(tmp_path) as workspace:
        recorded = [one.decision for one in played(workspace, spec)]
        if "cost" not in extra[-1]:
            assert len(back(workspace, spec)) == 1
        assert list(replayed_decisions(workspace, spec)) == recorded


def test_all_policies_are_played_with_the_watch(tmp_path: Path) -> None:
    spec = watched_spec(tmp_path)
    with workspace_in(tmp_path) as workspace:
        played(workspace, spec)
        found = replay(workspace, spec)
    present = next(one for one in found.outcomes if one.name == "present")
    assert present.total > 0
