"""Which rows a challenger is trained and judged on: whole batches, and windows that the held-out rows choose among."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ml.artifacts.frames import get_frame
from ml.domain.errors import DataError
from ml.domain.findings import Outcome
from ml.domain.records import Stage, Trigger, Verdict, Version
from ml.flows.decide import decide
from ml.flows.evaluate import evaluate
from ml.flows.loop import run
from ml.flows.promote import promote
from ml.flows.train import train, window_of
from ml.flows.workspace import Workspace
from ml.specs import ModelSpec, parse_spec
from tests.integration.registry_builders import decision
from tests.integration.streams import SPAN, spec_of, stream
from tests.integration.test_loop import workspace_in

DAY = timedelta(days=1)
PICKED = "window: {kind: picked, among: [{kind: all}, {kind: sliding, batches: 3}, {kind: sliding, batches: 30}]}"
"""The last two batches before day 10 know the new concept only, all rows mostly the old one."""


def spec_with(folder: Path, training: str, *, extra: str = "policy: {when: {kind: never}}") -> ModelSpec:
    spec = spec_of(folder, stream(), extra=extra)
    changed = parse_spec(
        f"""
model: orders
problem: {{kind: classification, target: late}}
source: {{kind: file, path: a.csv}}
time: {{column: ts, batch: 1d}}
training: {training}
"""
    )
    return spec.model_copy(update={"training": changed.training})


def by_hand(workspace: Workspace, spec: ModelSpec, day: int) -> Version:
    """Play until the end of a day, 1 is the first, and train a challenger then."""
    outcomes = run(workspace, spec, start=SPAN.start, end=SPAN.start + day * DAY)
    chosen = decide(workspace, spec, outcomes[-1].window, force=True, reason="by hand")
    return train(workspace, spec, chosen.id)


def windows(version: Version) -> list[dict[str, Any]]:
    return [one["window"] for one in version.manifest["windows"]]


def test_whole_batches_are_held_out_and_the_refit_goes_to_the_end(tmp_path: Path) -> None:
    spec = spec_with(tmp_path, "{min_rows: 50, window: {kind: all}, candidates: [{estimator: LogisticRegression}]}")
    spec_of(tmp_path, stream(turn_on_day=99))
    with workspace_in(tmp_path) as workspace:
        version = by_hand(workspace, spec, 7)
        result = evaluate(workspace, spec, version.run_key)
        promote(workspace, spec, version.run_key)
        with workspace.registry.read() as reader:
            hasty, first, second = reader.versions(spec.model)
    assert SPAN.start < hasty.trained_until < SPAN.start + DAY, "the only labelled batch was split inside"
    assert hasty.stage is Stage.REJECTED, "and had too few rows to judge on"
    assert (first.trained_until, first.seen_until) == (SPAN.start + DAY, SPAN.start + 2 * DAY)
    assert result.rows == version.manifest["holdout_rows"] == 240, "5 batches are new: two are held out"
    assert version.trained_until == SPAN.start + 5 * DAY
    assert version.manifest["holdout_from"] == version.trained_until.isoformat()
    assert version.manifest["rows"] == 600
    assert second.seen_until == SPAN.start + 7 * DAY


def test_the_held_out_rows_choose_the_window(tmp_path: Path, database_url: str) -> None:
    """The concept turned with day 7; on day 11 the last three batches before the hold-out know the new one only."""
    spec = spec_with(tmp_path, f"{{min_rows: 50, {PICKED}, candidates: [{{estimator: LogisticRegression}}]}}")
    with workspace_in(tmp_path, database_url) as workspace:
        version = by_hand(workspace, spec, 12)
        assert train(workspace, spec, version.run_key) == version
        result = evaluate(workspace, spec, version.run_key)
        promote(workspace, spec, version.run_key)
        with workspace.registry.read() as reader:
            champion = reader.champion(spec.model)
        predictions = get_frame(workspace.store, version.manifest["holdout_predictions_sha256"])
        reference = get_frame(workspace.store, version.manifest["reference_sha256"])
    assert windows(version) == [{"kind": "all"}, {"kind": "sliding", "batches": 3}], "thirty batches are all"
    old, new = version.manifest["windows"]
    assert old["metric"] < 0.5 < new["metric"]
    assert (old["chance"], new["chance"] < 1e-9) == (None, True)
    assert version.manifest["window"] == new["window"]
    assert window_of(version).kind == "sliding"
    assert version.manifest["rows"] == new["rows"] == len(reference) == 360
    assert version.trained_from == version.trained_until - 3 * DAY
    assert len(predictions) == result.rows == version.manifest["holdout_rows"]
    assert result.metrics["challenger"]["accuracy"] == new["metric"]
    assert champion is not None
    assert champion.version == version.version
    assert champion.seen_until == SPAN.end


def test_without_drift_the_first_window_stays(tmp_path: Path) -> None:
    spec = spec_with(tmp_path, f"{{min_rows: 50, {PICKED}, candidates: [{{estimator: LogisticRegression}}]}}")
    with workspace_in(tmp_path) as workspace:
        version = by_hand(workspace, spec, 6)
    assert windows(version) == [{"kind": "all"}, {"kind": "sliding", "batches": 3}]
    assert version.manifest["window"] == {"kind": "all"}


def test_a_window_that_is_too_small_is_left_out_and_says_so(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    small = "window: {kind: picked, among: [{kind: sliding, batches: 1}, {kind: all}]}"
    spec = spec_with(tmp_path, f"{{min_rows: 150, {small}, candidates: [{{estimator: LogisticRegression}}]}}")
    with workspace_in(tmp_path) as workspace:
        version = by_hand(workspace, spec, 6)
        evaluate(workspace, spec, version.run_key)
        promote(workspace, spec, version.run_key)  # gives the lease back
        with pytest.raises(DataError, match=r"84 labelled rows to train on; training\.min_rows asks for 150"):
            train(workspace, spec, first_decision(workspace, spec))
    assert version.manifest["window"] == {"kind": "all"}
    (left,) = version.manifest["windows_left"]
    assert (left["window"], left["rows"]) == ({"kind": "sliding", "batches": 1}, 120)
    assert "training.min_rows asks for 150" in left["why"]
    assert "is left out" in caplog.text


def first_decision(workspace: Workspace, spec: ModelSpec) -> str:
    with workspace.registry.read() as reader:
        return reader.decisions(spec.model)[0].id


def test_a_window_that_cannot_be_learned_from_is_left_out(tmp_path: Path) -> None:
    frame = stream(turn_on_day=99)
    frame["late"] = frame["late"].where(frame["ts"] < "2026-01-03", 1)
    small = "window: {kind: picked, among: [{kind: sliding, batches: 1}, {kind: all}]}"
    spec = spec_with(tmp_path, f"{{min_rows: 50, {small}, candidates: [{{estimator: LogisticRegression}}]}}")
    spec_of(tmp_path, frame)
    with workspace_in(tmp_path) as workspace:
        version = by_hand(workspace, spec, 5)
        assert version.manifest["window"] == {"kind": "all"}
        assert [one["window"]["kind"] for one in version.manifest["windows_left"]] == ["sliding"]


def test_a_refit_that_is_not_possible_leaves_what_was_judged(tmp_path: Path) -> None:
    """The newest batch is of one class: a window of one batch cannot be learned from once it ends there."""
    frame = stream(turn_on_day=99)
    frame["late"] = frame["late"].where(frame["ts"] < "2026-01-05", 1)
    one = "{min_rows: 50, window: {kind: sliding, batches: 1}, candidates: [{estimator: LogisticRegression}]}"
    spec = spec_with(tmp_path, one, extra="gate: {margin: 1.0}\npolicy: {when: {kind: never}}")
    spec_of(tmp_path, frame)
    with workspace_in(tmp_path) as workspace:
        version = by_hand(workspace, spec, 5)
        result = evaluate(workspace, spec, version.run_key)
        promote(workspace, spec, version.run_key)
        with workspace.registry.read() as reader:
            champion = reader.champion(spec.model)
    assert (result.passed, result.refitted) == (True, False)
    assert champion is not None
    assert champion.version == version.version
    assert champion.seen_until == champion.trained_until == SPAN.start + 4 * DAY


def test_trials_are_counted_through_all_windows(tmp_path: Path) -> None:
    tried = "candidates: [{estimator: LogisticRegression, search: {C: {values: [0.1, 1.0]}}}], search: {folds: 2}"
    spec = spec_with(tmp_path, f"{{min_rows: 50, {PICKED}, {tried}}}")
    told: list[tuple[int, int]] = []
    with workspace_in(tmp_path) as workspace:
        outcomes = run(workspace, spec, start=SPAN.start, end=SPAN.start + 6 * DAY)
        chosen = decide(workspace, spec, outcomes[-1].window, force=True, reason="by hand")
        train(workspace, spec, chosen.id, on_trial=lambda done, of: told.append((done, of)))
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]


@pytest.mark.parametrize(
    ("least_gain", "stage"), [(0.9, Stage.REJECTED), (-1.0, Stage.CHAMPION), (None, Stage.CHAMPION)]
)
def test_a_challenger_goes_live_only_if_its_gain_pays(
    tmp_path: Path, database_url: str, least_gain: float | None, stage: Stage
) -> None:
    spec = spec_with(tmp_path, "{min_rows: 50, window: {kind: all}, candidates: [{estimator: LogisticRegression}]}")
    with workspace_in(tmp_path, database_url) as workspace:
        outcomes = run(workspace, spec, start=SPAN.start, end=SPAN.start + 5 * DAY)
        window = outcomes[-1].window
        look = decision(
            0,
            model=spec.model,
            window=window,
            as_of=window.end,
            verdict=Verdict.RETRAIN,
            trigger=Trigger.SCHEDULE,
            least_gain=least_gain,
        )
        with workspace.registry.write() as writer:
            writer.add_decision(look)
        train(workspace, spec, look.id)
        result = evaluate(workspace, spec, look.id)
        promote(workspace, spec, look.id)
        with workspace.registry.read() as reader:
            version = reader.version_by_run_key(spec.model, look.id)
    assert version is not None
    assert version.stage is stage
    assert result.findings[-1].code == "PG007"
    assert (
        result.findings[-1].outcome
        is {0.9: Outcome.FAILED, -1.0: Outcome.PASSED, None: Outcome.NOT_APPLICABLE}[least_gain]
    )
    assert ("the gain does not pay" in result.sentence) is (stage is Stage.REJECTED)
    assert result.refitted is (stage is Stage.CHAMPION)
