"""The loop as Airflow's own scheduler and executor run it, held against the loop in one process."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import psutil
import pytest

from ml.domain.approvals import Answer
from ml.domain.records import Decision, Stage, Trigger, Verdict
from ml.domain.windows import parse_moment
from ml.flows.approve import CONSOLE, reject
from ml.flows.loop import run
from ml.flows.replay import replayed_decisions
from ml.flows.workspace import Workspace
from ml.settings import Settings
from tests.airflow.conftest import SHARED, Running

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(600)]


def in_one_process(running: Running, model: str, folder: Path, start: str, end: str) -> tuple[Decision, ...]:
    """Play the same days without Airflow, in a home of their own; return the decisions."""
    settings = Settings.from_environment({"EVERGREEN_HOME": str(folder), "EVERGREEN_DATA_ROOT": str(running.folder)})
    with Workspace.open(settings) as workspace:
        spec = running.spec(model)
        run(workspace, spec, start=parse_moment(start), end=parse_moment(end))
        with workspace.registry.read() as reader:
            return reader.decisions(model)


def decisions(running: Running, model: str) -> tuple[Decision, ...]:
    with running.records() as workspace, workspace.registry.read() as reader:
        return reader.decisions(model)


def replayed(running: Running, model: str) -> tuple[Decision, ...]:
    """Return what the model's own policy decides when it is played over the records that Airflow's runs left."""
    with running.records() as workspace:
        return replayed_decisions(workspace, running.spec(model))


def await_runs(running: Running, model: str, runs: int, *, kind: str = "scheduled", seconds: float = 300.0) -> None:
    """Wait until the scheduler has caught up; every run of the kind must have succeeded."""

    def ended() -> bool:
        states = [item["state"] for item in running.runs(model) if item["run_type"] == kind]
        assert "failed" not in states, running.runs(model)
        return states.count("success") >= runs

    running.wait(f"{runs} {kind} runs of {model}", ended, seconds=seconds)


def test_scheduled_runs_then_one_by_hand(running: Running, tmp_path: Path) -> None:
    running.unpause("scheduled")
    await_runs(running, "scheduled", 8)
    assert decisions(running, "scheduled") == in_one_process(
        running, "scheduled", tmp_path, "2026-01-01", "2026-01-09"
    ), "Airflow and the loop in one process decide alike, bit for bit"
    batch = running.http.get("/evergreen/api/models/scheduled/batches/2026-01-03T00:00:00Z").json()
    assert running.run_state("scheduled", batch["run"]["run"]) == "success", "the batch's page leads back to its run"

    assert replayed(running, "scheduled") == decisions(running, "scheduled"), "and so does a replay"
    form = {"model": "scheduled", "policies": "daily: {when: {kind: schedule, every: 1}}", "training": 7}
    replay_run = running.trigger("evergreen.replay", **form)
    assert running.wait_run("evergreen.replay", replay_run) == "success"
    with running.records() as workspace, workspace.registry.read() as reader:
        (record,) = reader.replays("scheduled")
        assert workspace.store.get(record.page_sha256).startswith(b"<!DOCTYPE html>")
    assert "daily" in {one["name"] for one in record.outcomes}
    assert (record.costs["training"], record.actor) == (7.0, "admin")

    run_id = running.trigger(
        "scheduled", start="2026-01-09T00:00:00Z", end="2026-01-10T00:00:00Z", retrain="always", reason="a new depot"
    )
    assert running.wait_run("scheduled", run_id) == "success"
    newest = decisions(running, "scheduled")[-1]
    assert (newest.trigger, newest.reason, newest.actor) == (Trigger.MANUAL, "a new depot", "admin")
    assert newest.verdict is Verdict.RETRAIN
    assert running.run_state("scheduled.retrain", newest.id) == "success", "the decision's id is the run it started"


def test_a_backfill_respects_late_labels(running: Running, tmp_path: Path) -> None:
    # Without a start in its spec the schedule itself begins with yesterday, of which there is no row: that run is red.
    running.unpause("filled")
    running.backfill("filled", "2026-01-01T00:00:00Z", "2026-01-06T00:00:00Z")
    await_runs(running, "filled", 6, kind="backfill")
    expected = in_one_process(running, "filled", tmp_path, "2026-01-01", "2026-01-07")
    assert decisions(running, "filled") == expected == replayed(running, "filled")


def test_training_killed_in_the_middle_leaves_one_version(running: Running) -> None:
    running.unpause("slow")
    first = running.trigger("slow", start="2026-01-01T00:00:00Z", end="2026-01-03T00:00:00Z", retrain="never")
    assert running.wait_run("slow", first) == "success"
    run_id = running.trigger("slow.retrain", reason="to be killed")
    running.wait("the training task", lambda: running.tasks("slow.retrain", run_id).get("train") == "running")
    key = running.task_id("slow.retrain", run_id, "train")
    victim = running.wait("the training process", lambda: task_process(key))
    os.kill(victim, signal.SIGKILL)
    running.wait("the retry", lambda: running.tasks("slow.retrain", run_id).get("train") == "up_for_retry")
    with running.records() as workspace, workspace.registry.read() as reader:
        assert reader.versions("slow") == (), "the kill came before anything was registered"
    assert running.wait_run("slow.retrain", run_id, seconds=300) == "success"
    with running.records() as workspace, workspace.registry.read() as reader:
        versions, promotions = reader.versions("slow"), reader.promotions("slow")
    assert [version.stage for version in versions] == [Stage.CHAMPION]
    assert len(promotions) == 1
    assert len(decisions(running, "slow")) == 2, "one no, one by hand: the retry decided nothing anew"


def test_a_person_approves_in_airflow_and_rejects_elsewhere(running: Running) -> None:
    running.unpause("asked")
    first = running.trigger("asked", start="2026-01-01T00:00:00Z", end="2026-01-03T00:00:00Z")
    assert running.wait_run("asked", first) == "success", "the batch does not wait for a person"
    run_id = decisions(running, "asked")[-1].id
    path = f"/dags/asked.retrain/dagRuns/{run_id}/taskInstances/approval/-1/hitlDetails"
    assert running.tasks("asked.retrain", run_id)["approval"] == "awaiting_input"
    question = running.call("GET", path)
    assert "| accuracy" in question["body"]
    assert question["subject"] == "Shall version 1 of asked go live?"
    running.call("PATCH", path, chosen_options=["Approve"], params_input={"comment": "as last year"})
    assert running.wait_run("asked.retrain", run_id) == "success"
    with running.records() as workspace, workspace.registry.read() as reader:
        word = reader.approval("asked", 1)
        assert word is not None
        assert (word.answer, word.actor, word.via, word.comment) == (
            Answer.APPROVED,
            "admin",
            "airflow",
            "as last year",
        )
        champion, promotions = reader.champion("asked"), reader.promotions("asked")
        assert reader.audit("asked").breaches == ()
    assert champion is not None
    assert [(one.to_version, one.actor) for one in promotions] == [(1, "admin")]

    second = running.trigger("asked", start="2026-01-03T00:00:00Z", end="2026-01-05T00:00:00Z", retrain="always")
    assert running.wait_run("asked", second) == "success"
    run_id = decisions(running, "asked")[-1].id
    with Workspace.open(running.settings, actor="admin") as console:
        reject(console, running.spec("asked"), 2, comment="not now", via=CONSOLE)
    path = f"/dags/asked.retrain/dagRuns/{run_id}/taskInstances/approval/-1/hitlDetails"
    running.call("PATCH", path, chosen_options=["Approve"], params_input={"comment": "too late"})
    assert running.wait_run("asked.retrain", run_id) == "success"
    assert running.tasks("asked.retrain", run_id)["promote"] == "skipped", "the first word holds"
    with running.records() as workspace, workspace.registry.read() as reader:
        assert [(one.answer, one.comment) for one in reader.approvals("asked")] == [
            (Answer.APPROVED, "as last year"),
            (Answer.REJECTED, "not now"),
        ]
        assert reader.version("asked", 2).stage is Stage.REJECTED


def test_a_held_challenger_goes_live_by_a_later_batch_and_airflow_hears_of_it(running: Running, tmp_path: Path) -> None:
    running.unpause("held")
    await_runs(running, "held", 5)
    expected = in_one_process(running, "held", tmp_path, "2026-01-01", "2026-01-06")
    assert decisions(running, "held") == expected == replayed(running, "held")
    with running.records() as workspace, workspace.registry.read() as reader:
        verdict, *_ = reader.shadow_verdicts("held")
        promotions = {one.to_version: one for one in reader.promotions("held")}
        run_id = reader.version("held", verdict.version).run_key
        assert reader.audit("held").breaches == ()
    assert verdict.version in promotions
    assert running.tasks("held.retrain", run_id)["promote"] == "skipped"
    events = running.call("GET", "/assets/events?source_dag_id=held&source_task_id=decide")["asset_events"]
    assert verdict.version in [one["extra"].get("version") for one in events if one["name"] == "champion/held"]


def test_a_broken_spec_breaks_only_itself(running: Running) -> None:
    found = running.call("GET", "/dags/broken/details")
    assert {"name": "broken-spec", "dag_id": "broken"}.items() <= found["tags"][0].items() or any(
        tag["name"] == "broken-spec" for tag in found["tags"]
    )
    assert "problem.target" in found["doc_md"]
    assert running.call("GET", "/importErrors")["total_entries"] == 0


@pytest.mark.skipif(not SHARED.exists(), reason=f"the real streams are not here: {SHARED}")
def test_a_real_stream_of_a_classification(running: Running, tmp_path: Path) -> None:
    running.unpause("electricity")
    await_runs(running, "electricity", 8)
    expected = in_one_process(running, "electricity", tmp_path, "1996-05-07", "1996-07-02")
    assert decisions(running, "electricity") == expected == replayed(running, "electricity")


@pytest.mark.skipif(not SHARED.exists(), reason=f"the real streams are not here: {SHARED}")
def test_a_real_stream_of_a_regression(running: Running) -> None:
    """Fortnights by the calendar (1st and 15th) are of unequal length, which only a scheduler knows."""
    running.unpause("bike_sharing")
    await_runs(running, "bike_sharing", 6)
    with running.records() as workspace, workspace.registry.read() as reader:
        champion = reader.champion("bike_sharing")
    assert champion is not None
    assert len(decisions(running, "bike_sharing")) >= 6


def task_process(key: str) -> int | None:
    """Return the process that runs a task's code: the child of the executor's worker that bears the task's key."""
    titled = {}
    for process in psutil.process_iter():
        try:
            if key in " ".join(process.cmdline()):
                titled[process.pid] = process.ppid()
        except psutil.Error:
            continue
    children = [pid for pid, parent in titled.items() if parent in titled]
    return children[0] if children else None
