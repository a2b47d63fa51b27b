"""The demo's year, played without Airflow up to week 33: what its documentation promises happens, on the real loop."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from demo import simulator
from demo.places import MODEL, ROOT, Places
from demo.simulator import START, WEEK
from ml.flows.loop import run
from ml.flows.workspace import Workspace
from ml.settings import Settings
from ml.specs import load_spec
from ml.views import BatchRow, EventKind, timeline

LAST = 33


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[BatchRow, ...]]:
    home = tmp_path_factory.mktemp("demo")
    simulator.write(home / "data", weeks=LAST + 1)
    spec = load_spec(Places(ROOT).models / f"{MODEL}.yaml")
    settings = Settings(home, f"sqlite:///{home / 'evergreen.db'}", str(home / "artifacts"), Path(), str(home))
    with Workspace.open(settings, actor="test") as workspace:
        run(workspace, spec, start=START, end=START + (LAST + 1) * WEEK)
        with workspace.registry.read() as reader:
            yield timeline(reader, MODEL)


def weeks_with(rows: tuple[BatchRow, ...], kind: EventKind) -> list[int]:
    return [week for week, row in enumerate(rows) if any(event.kind is kind for event in row.events)]


def test_every_week_is_on_record_and_the_corrupted_one_is_stopped(rows: tuple[BatchRow, ...]) -> None:
    assert [row.window.start for row in rows] == [START + week * WEEK for week in range(LAST + 1)]
    assert [week for week, row in enumerate(rows) if row.stopped] == [simulator.UNIT_ERROR.first]
    assert "DV044" in rows[simulator.UNIT_ERROR.first].codes


def test_bad_rows_are_set_aside_most_in_the_outage(rows: tuple[BatchRow, ...]) -> None:
    usable = {week: row.quarantined for week, row in enumerate(rows) if not row.stopped}
    assert max(usable, key=lambda week: usable[week]) == simulator.NAVIGATION_OUTAGE.first
    assert sum(usable.values()) > len(usable)


def test_the_first_version_waits_for_labels(rows: tuple[BatchRow, ...]) -> None:
    assert weeks_with(rows, EventKind.PROMOTED)[0] == 2
    assert rows[1].champion is None


def test_late_labels_come_in_the_end(rows: tuple[BatchRow, ...]) -> None:
    assert all(row.labelled == row.rows for row in rows[: LAST - 6] if not row.stopped)
    assert rows[LAST - 2].labelled < rows[LAST - 2].rows
    assert rows[LAST - 1].labelled == 0


def test_harmless_drift_is_reported_and_no_reason_to_retrain(rows: tuple[BatchRow, ...]) -> None:
    """Prices, payment and channel have drifted; the champion hardly uses them, so they weigh next to nothing."""
    drifted = rows[simulator.PRICE_RISE.first + 1]
    assert {"basket_eur", "payment", "channel"} <= {name for name, _ in drifted.drifted}
    assert drifted.drift_share is not None
    assert drifted.drift_share < 0.1
    before_the_bridge = rows[3 : simulator.BRIDGE_CLOSED.first]
    assert all((row.metric or 1.0) > (row.baseline or 0.0) - 0.05 for row in before_the_bridge)
    assert not any("performance" in asking(row) for row in before_the_bridge)


def test_drift_is_measured_in_every_week_with_a_champion_and_rows(rows: tuple[BatchRow, ...]) -> None:
    unmeasured = [week for week, row in enumerate(rows) if row.drift_share is None]
    assert unmeasured == [0, 1, 2, simulator.UNIT_ERROR.first]


def asking(row: BatchRow) -> list[str]:
    if row.decision is None or not row.retrained:
        return []
    return [rule.kind for rule in row.decision.result.of if rule.verdict == "retrain"]


def test_the_concept_drift_is_caught_by_performance_when_its_labels_arrive(rows: tuple[BatchRow, ...]) -> None:
    week = simulator.BRIDGE_CLOSED.first
    assert (rows[week].metric or 1.0) < (rows[week].baseline or 0.0) - 0.1
    assert asking(rows[week + 2]) == ["performance"]
    assert week + 2 in weeks_with(rows, EventKind.PROMOTED)


def test_the_challenger_that_learnt_the_poison_is_rejected_and_the_next_one_is_not(rows: tuple[BatchRow, ...]) -> None:
    poison = simulator.SWAPPED_LABELS
    rejected = weeks_with(rows, EventKind.REJECTED)
    assert len(rejected) == 1
    assert poison.last + 2 < rejected[0] <= poison.last + 8
    held = [row for row in rows[poison.first + 2 : poison.last + 3] if row.decision and not row.retrained]
    assert any("cooldown" in guard.kind and guard.verdict == "keep" for row in held for guard in row.decision.guards)
    assert [week for week in weeks_with(rows, EventKind.PROMOTED) if week > rejected[0]] == [LAST]
