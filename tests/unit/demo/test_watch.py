"""What the demo shows while the year goes by, and when it is over."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from demo import watch as watching
from demo.airflow import Airflow, StartError
from demo.client import Client
from demo.ending import table_with_story
from demo.places import MODEL, ROOT, Places
from demo.simulator import START, UNIT_ERROR, WEEK
from demo.watch import Catchup, batch_line, progress
from ml.domain.findings import Finding, Severity
from ml.domain.windows import Window
from ml.registry import Registry
from ml.specs import load_spec
from ml.views import BatchRow, Event, EventKind


def window(week: int) -> Window:
    return Window(START + week * WEEK, START + (week + 1) * WEEK)


def row(week: int, **changes: Any) -> BatchRow:
    calm = BatchRow(
        window=window(week),
        rows=600,
        quarantined=0,
        stopped=False,
        findings=(),
        labelled=600,
        drift_share=0.25,
        drifted=(),
        prediction_drift=None,
        target_drift=None,
        metric=0.91,
        baseline=0.9,
        served_by=1,
        decision=None,
        champion=1,
        events=(),
    )
    return replace(calm, **changes)


def finding(code: str, severity: Severity) -> Finding:
    return Finding(code, severity, "batch", "much", "little", "look")


class FakeClient(Client):
    """Runs that end two at a time."""

    def __init__(self, states: Sequence[str], errors: Sequence[dict[str, Any]] = ()) -> None:
        super().__init__(1, "", "")
        self.states = states
        self.errors = list(errors)
        self.unpaused: list[str] = []

    def has_dag(self, dag_id: str) -> bool:
        return not self.errors

    def import_errors(self) -> list[dict[str, Any]]:
        return self.errors

    def unpause(self, dag_id: str) -> None:
        self.unpaused.append(dag_id)

    def runs(self, dag_id: str, **query: object) -> tuple[list[dict[str, Any]], int]:
        offset = int(str(query["offset"]))
        found = [
            {"dag_run_id": f"run-{number}", "state": self.states[number], "data_interval_end": end(number).isoformat()}
            for number in range(offset, min(offset + 2, len(self.states)))
        ]
        return found, len(self.states)


def end(week: int) -> datetime:
    return START + (week + 1) * WEEK


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    opened = Registry.open(f"sqlite:///{tmp_path / 'evergreen.db'}")
    yield opened
    opened.close()


def catchup(tmp_path: Path, client: Client) -> Catchup:
    spec = load_spec(Places(ROOT).models / f"{MODEL}.yaml")
    short = spec.model_copy(update={"end": START + 4 * WEEK})
    return Catchup(Places(tmp_path), Airflow(8080, "admin", "x"), short, client)


def test_it_switches_on_both_dags_first_the_one_that_is_triggered(tmp_path: Path) -> None:
    client = FakeClient([])
    catchup(tmp_path, client).begin()
    assert client.unpaused == [f"{MODEL}.retrain", MODEL]


def test_a_dag_file_that_cannot_be_loaded_is_shown(tmp_path: Path) -> None:
    client = FakeClient([], [{"filename": "dags/evergreen.py", "stack_trace": "SyntaxError: oh"}])
    with pytest.raises(StartError, match="SyntaxError: oh"):
        catchup(tmp_path, client).begin()


def test_every_run_is_shown_once_until_all_have_ended(
    tmp_path: Path, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "_POLL_SECONDS", 0.0)
    output = io.StringIO()
    with progress(Console(file=output), 4) as shown:
        catchup(tmp_path, FakeClient(["success"] * 4)).watch(registry, shown)
    assert [line.split()[:2] for line in output.getvalue().splitlines()] == [["week", str(week)] for week in range(4)]


def test_runs_that_fail_without_a_record_end_the_demo_with_their_address(
    tmp_path: Path, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "_POLL_SECONDS", 0.0)
    with progress(Console(file=io.StringIO()), 4) as shown, pytest.raises(StartError, match="runs/run-2"):
        catchup(tmp_path, FakeClient(["failed"] * 4)).watch(registry, shown)


def test_runs_that_do_not_go_on_end_the_demo(
    tmp_path: Path, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "_POLL_SECONDS", 0.0)
    monkeypatch.setattr(watching, "_STALLED_SECONDS", 0.0)
    with progress(Console(file=io.StringIO()), 4) as shown, pytest.raises(StartError, match="No batch ended"):
        catchup(tmp_path, FakeClient(["success"] * 2)).watch(registry, shown)


def test_on_a_terminal_a_bar_shows_how_far_it_is(
    tmp_path: Path, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "_POLL_SECONDS", 0.0)
    output = io.StringIO()
    with progress(Console(file=output, force_terminal=True, width=100), 4) as shown:
        catchup(tmp_path, FakeClient(["success"] * 4)).watch(registry, shown)
    assert "4/4" in output.getvalue()


def test_a_line_says_what_became_of_the_batch() -> None:
    promoted = row(12, events=(Event(EventKind.PROMOTED, 2, "better"),), champion=2)
    rejected = row(27, events=(Event(EventKind.REJECTED, 4, "worse"),), champion=3)
    assert "champion v2  RETRAINED, v2 promoted" in batch_line(window(12), promoted, "success", "week 10: 0.910")
    assert "week 10: 0.910" in batch_line(window(12), promoted, "success", "week 10: 0.910")
    assert "champion v3  RETRAINED, v4 REJECTED" in batch_line(window(27), rejected, "success")
    assert "no champion yet" in batch_line(window(0), row(0, champion=None), "success")
    assert "without a record" in batch_line(window(0), None, "failed")


def test_a_stopped_batch_is_told_with_its_findings_and_its_story() -> None:
    week = UNIT_ERROR.first
    stopped = row(week, stopped=True, findings=(finding("DV044", Severity.ERROR),), metric=None, drift_share=None)
    line = batch_line(window(week), stopped, "failed")
    assert "stopped: DV044" in line
    assert UNIT_ERROR.sentence in line


def test_the_table_has_a_line_a_batch_with_the_story_beside_it() -> None:
    week = UNIT_ERROR.first
    findings = (finding("DV037", Severity.WARNING), finding("DV044", Severity.ERROR))
    table = table_with_story([row(1), row(week, stopped=True, findings=findings)], "accuracy")
    assert len(table.rows) == 2
    assert all(len(line) == len(table.columns) for line in table.rows)
    assert table.rows[0][0] == "1"
    assert table.rows[0][-2:] == ("25%", "")
    assert table.rows[1][-1] == UNIT_ERROR.name
    assert "stopped: DV044" in table.rows[1]
