"""The loop on real files and both databases: what it records, that it repeats itself, that labels cannot leak."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from ml.artifacts.frames import get_frame
from ml.domain.errors import DataError
from ml.domain.records import Act, Quantity, SnapshotRole, Stage, Verdict
from ml.domain.windows import parse_duration
from ml.flows.decide import decide
from ml.flows.evaluate import evaluate
from ml.flows.ingest import ingest
from ml.flows.loop import run
from ml.flows.promote import promote, rollback
from ml.flows.train import train
from ml.flows.workspace import Workspace
from ml.settings import Settings
from ml.specs import ModelSpec
from tests.integration.streams import SPAN, spec_of, stream


def workspace_in(folder: Path, database_url: str | None = None) -> Workspace:
    environment = {"EVERGREEN_HOME": str(folder), "EVERGREEN_DATA_ROOT": str(folder)}
    if database_url is not None:
        environment["EVERGREEN_DATABASE_URL"] = database_url
    return Workspace.open(Settings.from_environment(environment), actor="tester")


def play(workspace: Workspace, spec: ModelSpec) -> tuple:
    return run(workspace, spec, start=SPAN.start, end=SPAN.end)


def test_the_loop_notices_the_turned_concept_and_recovers(tmp_path: Path, database_url: str) -> None:
    spec = spec_of(tmp_path, stream())
    with workspace_in(tmp_path, database_url) as workspace:
        outcomes = play(workspace, spec)
        with workspace.registry.read() as reader:
            champion = reader.champion(spec.model)
            promotions = reader.promotions(spec.model)
            decisions = reader.decisions(spec.model)
            audit = reader.audit(spec.model)
            versions = reader.versions(spec.model)
            history = reader.history(spec.model, as_of=SPAN.end, metric="accuracy", higher_is_better=True)
    assert [outcome.stopped for outcome in outcomes] == [None] * 12
    assert len(decisions) == 12, "every batch has its decision, yes or no"
    assert audit.breaches == (), "every record that the loop writes, or completes later, is as its events say"
    assert len(promotions) >= 2
    assert champion is not None
    assert [version.stage for version in versions].count(Stage.CHAMPION) == 1
    accuracy = {
        observation.window.start.day: observation.value
        for observation in history.observations
        if observation.quantity is Quantity.METRIC
        and observation.subject == "accuracy"
        and observation.detail["role"] == "champion"
        and observation.value is not None
    }
    assert accuracy[3] > 0.8
    assert accuracy[7] < 0.3, "the concept turned and the old champion is wrong"
    assert accuracy[12] > 0.8, "a retrained champion has learnt the new concept"


def test_playing_again_adds_nothing(tmp_path: Path) -> None:
    spec = spec_of(tmp_path, stream())
    with workspace_in(tmp_path) as workspace:
        first = play(workspace, spec)
        before = _everything(workspace, spec)
        again = play(workspace, spec)
        assert _everything(workspace, spec) == before
    assert [outcome.decision for outcome in again] == [outcome.decision for outcome in first]


def test_two_machines_decide_and_predict_alike(tmp_path: Path, database_url: str) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "there").mkdir()
    spec = spec_of(tmp_path, stream())
    with workspace_in(tmp_path / "here") as here, workspace_in(tmp_path / "there", database_url) as there:
        assert [outcome.decision for outcome in play(here, spec)] == [outcome.decision for outcome in play(there, spec)]
        assert _everything(here, spec) == _everything(there, spec)


@pytest.mark.parametrize("delay", ["1d", "3d"])
def test_labels_that_have_not_arrived_change_nothing(tmp_path: Path, delay: str) -> None:
    """Turn round every label that is still unknown at the end of day 8: all decisions until then stay the same."""
    frame = stream()
    known_until = SPAN.start.replace(day=9) - parse_duration(delay)
    unknown = pd.to_datetime(frame["ts"]) >= pd.Timestamp(known_until)
    poisoned = frame.assign(late=frame["late"].where(~unknown, 1 - frame["late"]))
    decisions = []
    for folder, content in ((tmp_path / "true", frame), (tmp_path / "poisoned", poisoned)):
        folder.mkdir()
        spec = spec_of(folder, content, extra=f"labels: {{delay: {delay}}}")
        with workspace_in(folder) as workspace:
            outcomes = run(workspace, spec, start=SPAN.start, end=SPAN.end.replace(day=9))
            with workspace.registry.read() as reader:
                for snapshot in reader.snapshots(spec.model, SnapshotRole.LABELS, as_of=SPAN.end):
                    assert snapshot.as_of >= snapshot.window.end + spec.labels.delay
                for snapshot in reader.snapshots(spec.model, SnapshotRole.ROWS, as_of=SPAN.end):
                    assert "late" not in get_frame(workspace.store, snapshot.sha256).columns
        decisions.append([(outcome.decision, outcome.verdict) for outcome in outcomes])
    spec_digests_differ = [(d.sentence, d.verdict, d.result) for d, _ in decisions[0] if d] == [
        (d.sentence, d.verdict, d.result) for d, _ in decisions[1] if d
    ]
    assert spec_digests_differ
    assert any(verdict is not None and verdict.passed for _, verdict in decisions[0]), "a first version was trained"


def test_labels_of_their_own_source_are_seen_when_they_arrive(tmp_path: Path) -> None:
    frame = stream()
    arrival = pd.to_datetime(frame["ts"]) + pd.to_timedelta((frame["order_id"] % 3) + 1, unit="D")
    labels = pd.DataFrame(
        {"order_id": frame["order_id"], "known_at": arrival.dt.strftime("%Y-%m-%dT%H:%M:%SZ"), "late": frame["late"]}
    )
    labels.to_csv(tmp_path / "labels.csv", index=False)
    extra = f'labels: {{delay: 1d, source: {{kind: file, path: "{tmp_path / "labels.csv"}"}}, time: known_at}}'
    spec = spec_of(tmp_path, frame.drop(columns="late"), extra=extra)
    with workspace_in(tmp_path) as workspace:
        play(workspace, spec)
        with workspace.registry.read() as reader:
            labelled = [
                snapshot
                for snapshot in reader.snapshots(spec.model, SnapshotRole.LABELS, as_of=SPAN.end)
                if snapshot.window.start.day == 1
            ]
            history = reader.history(spec.model, as_of=SPAN.end, metric="accuracy", higher_is_better=True)
    assert labelled[-1].rows == 120, "the late ones were read once they had arrived"
    counts = {
        (observation.window.start.day, observation.as_of.day): observation.value
        for observation in history.observations
        if observation.quantity is Quantity.LABELLED
    }
    assert counts[1, 3] < counts[1, 4] < counts[1, 5] == 120


def test_other_data_of_the_same_window_supersedes_and_both_stay(tmp_path: Path) -> None:
    frame = stream()
    spec = spec_of(tmp_path, frame)
    window = next(iter(SPAN.batches(spec.time.batch)))
    with workspace_in(tmp_path) as workspace:
        first = ingest(workspace, spec, window)
        assert ingest(workspace, spec, window) == first
        spec_of(tmp_path, frame.assign(x=frame["x"].where(frame.index != 7, 99.0)))
        second = ingest(workspace, spec, window)
        assert second.supersedes == first.id
        assert second.sha256 != first.sha256
        assert get_frame(workspace.store, first.sha256)["x"].iloc[7] != 99.0


def test_a_stopped_batch_is_recorded_and_the_next_one_goes_on(tmp_path: Path) -> None:
    frame = stream()
    fifth = pd.to_datetime(frame["ts"]).dt.day == 5
    frame["x"] = frame["x"].astype(object).where(~fifth, "not a number")
    spec = spec_of(tmp_path, frame, extra="validation: {columns: {x: {type: number}}}")
    with workspace_in(tmp_path) as workspace:
        outcomes = play(workspace, spec)
        with workspace.registry.read() as reader:
            findings = reader.findings(spec.model, window=outcomes[4].window)
    assert outcomes[4].stopped is not None
    assert "What to do:" in outcomes[4].stopped
    assert findings
    assert all(outcome.stopped is None for index, outcome in enumerate(outcomes) if index != 4)


def test_the_steps_of_a_retraining_repeat_without_duplicates(tmp_path: Path, database_url: str) -> None:
    spec = spec_of(tmp_path, stream(), extra="policy: {when: {kind: never}}")
    with workspace_in(tmp_path, database_url) as workspace:
        outcomes = play(workspace, spec)
        decision = decide(workspace, spec, outcomes[-1].window, force=True, reason="a new law")
        assert decision.verdict is Verdict.RETRAIN
        assert train(workspace, spec, decision.id) == train(workspace, spec, decision.id)
        assert evaluate(workspace, spec, decision.id) == evaluate(workspace, spec, decision.id)
        assert promote(workspace, spec, decision.id) == promote(workspace, spec, decision.id)


def test_a_retraining_killed_after_training_goes_on_in_another_process(tmp_path: Path) -> None:
    spec = spec_of(tmp_path, stream(), extra="policy: {when: {kind: never}}")
    with workspace_in(tmp_path) as workspace:
        outcomes = run(workspace, spec, start=SPAN.start, end=SPAN.start.replace(day=5))
        decision = decide(workspace, spec, outcomes[-1].window, force=True, reason="by hand")
        version = train(workspace, spec, decision.id)
    with workspace_in(tmp_path) as workspace:
        assert train(workspace, spec, decision.id) == version
        evaluate(workspace, spec, decision.id)
        promote(workspace, spec, decision.id)
        with workspace.registry.read() as reader:
            assert [found.run_key for found in reader.versions(spec.model)].count(decision.id) == 1


def test_rollback_is_promotion_backwards(tmp_path: Path, database_url: str) -> None:
    spec = spec_of(tmp_path, stream())
    with workspace_in(tmp_path, database_url) as workspace:
        play(workspace, spec)
        with workspace.registry.read() as reader:
            before = reader.promotions(spec.model)
        act = rollback(workspace, spec, reason="complaints from the depot")
        with workspace.registry.read() as reader:
            champion = reader.champion(spec.model)
    assert act.act is Act.ROLLBACK
    assert act.actor == "tester"
    assert champion is not None
    assert champion.version == before[-1].from_version == act.to_version


def test_too_few_labelled_rows_say_so(tmp_path: Path) -> None:
    spec = spec_of(tmp_path, stream(), extra="policy: {when: {kind: never}}")
    with workspace_in(tmp_path) as workspace:
        spec = spec.model_copy(update={"training": spec.training.model_copy(update={"min_rows": 5000})})
        outcomes = play(workspace, spec)
        decision = decide(workspace, spec, outcomes[-1].window, force=True, reason="by hand")
        with pytest.raises(DataError, match=r"training\.min_rows"):
            train(workspace, spec, decision.id)


def _everything(workspace: Workspace, spec: ModelSpec) -> dict[str, object]:
    """All records without the columns that name a moment of the wall clock or a duration."""
    with workspace.registry.read() as reader:
        versions = [
            (item.version, item.stage, item.run_key, item.trained_until, item.model_sha256, item.refit_sha256)
            for item in reader.versions(spec.model)
        ]
        return {
            "versions": versions,
            "decisions": reader.decisions(spec.model),
            "scorings": reader.scorings(spec.model),
            "promotions": [(item.generation, item.to_version, item.run_key) for item in reader.promotions(spec.model)],
            "history": reader.history(
                spec.model, as_of=SPAN.end, metric="accuracy", higher_is_better=True
            ).observations,
        }


def test_a_report_is_kept_with_each_retraining(tmp_path: Path) -> None:
    spec = spec_of(tmp_path, stream(), extra="policy: {when: {kind: schedule, every: 4}}")
    spec = spec.model_copy(update={"monitoring": spec.monitoring.model_copy(update={"report": "on_retrain"})})
    with workspace_in(tmp_path) as workspace:
        outcomes = run(workspace, spec, start=SPAN.start, end=SPAN.start.replace(day=8))
        retrained = [outcome for outcome in outcomes[3:] if outcome.verdict is not None]
        with workspace.registry.read() as reader:
            reports = reader.reports(spec.model, retrained[0].window)
        assert b"<html" in workspace.store.get(reports[0].sha256)[:2000].lower()


@pytest.mark.parametrize(
    ("limit", "seen"),
    [("report_memory_gb: 0.2", "within 0.2 GB of memory"), ("report_time: 1s", "not done after 1 seconds")],
)
def test_a_report_beyond_its_limits_is_a_finding_and_stops_nothing(tmp_path: Path, limit: str, seen: str) -> None:
    spec = spec_of(
        tmp_path,
        stream(),
        extra=f"policy: {{when: {{kind: schedule, every: 2}}}}\nmonitoring: {{report: on_retrain, {limit}}}",
    )
    with workspace_in(tmp_path) as workspace:
        outcomes = run(workspace, spec, start=SPAN.start, end=SPAN.start.replace(day=5))
        retrained = [outcome.window for outcome in outcomes[1:] if outcome.verdict is not None]
        with workspace.registry.read() as reader:
            found = reader.findings(spec.model, retrained[-1])
            assert reader.reports(spec.model, retrained[-1]) == ()
    told = [one for one in found if one.code == "DR006"]
    assert len(told) == 1
    assert seen in told[0].seen


def test_segments_a_reference_of_batches_and_the_classifier_leave_their_marks(tmp_path: Path) -> None:
    frame = stream()
    late = (frame["ts"] >= "2026-01-08") & (frame["city"] == "Oslo")
    frame.loc[late, "x"] += 3
    drift = "{by: [city], reference: {kind: last, batches: 2}, multivariate: true}"
    spec = spec_of(tmp_path, frame, extra=f"monitoring: {{drift: {drift}}}")
    with workspace_in(tmp_path) as workspace:
        run(workspace, spec, start=SPAN.start, end=SPAN.start.replace(day=9))
        with workspace.registry.read() as reader:
            seen = [one for one in reader.observations(spec.model, as_of=SPAN.end) if one.window.start.day == 8]
    segments = {one.subject: one.detail["drifted"] for one in seen if one.quantity is Quantity.SEGMENT_DRIFT}
    assert segments["x [city=Oslo]"]
    assert not segments["x [city=Bern]"]
    (table,) = (one for one in seen if one.quantity is Quantity.TABLE_DRIFT)
    assert table.detail["drifted"]
    weights = {one.subject: one.detail["weight"] for one in seen if one.quantity is Quantity.COLUMN_DRIFT}
    assert weights["x"] > 0.8, "the label follows x"
