"""A batch counts for the hold when all its labels are there or have had their time: a few early ones do not."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from ml.domain.records import Quantity
from ml.flows.replay import replayed_decisions
from ml.flows.workspace import Workspace
from ml.specs import ModelSpec
from tests.integration.shadow.holding import day, held, recorded_decisions, verdicts
from tests.integration.streams import spec_of
from tests.integration.test_loop import workspace_in
from tests.integration.test_watch import detour, played

EVERY_3 = "policy: {when: {kind: schedule, every: 3}, back_off: null, min_labelled: 20}"


def trickling(folder: Path, *, hours: tuple[int, ...], never: int = 0, patience: str = "6d") -> ModelSpec:
    """Of each ten orders' labels the first few come two hours later, those at the end of ``hours`` last; the last
    ``never`` of ten never do.
    """
    frame = detour(99)
    place = frame["order_id"].to_numpy() % 10
    late = [hours[min(int(one) * len(hours) // 10, len(hours) - 1)] for one in place]
    known = pd.to_datetime(frame["ts"]) + pd.to_timedelta(late, unit="h")
    labels = pd.DataFrame(
        {"order_id": frame["order_id"], "late": frame["late"], "known": known.dt.strftime("%Y-%m-%dT%H:%M:%SZ")}
    )
    labels[place < 10 - never].to_csv(folder / "labels.csv", index=False)
    extra = f"""
labels: {{time: known, patience: {patience}, source: {{kind: file, path: "{folder / "labels.csv"}"}}}}
gate: {{shadow: 2, min_rows: 20, override: [PG005]}}
{EVERY_3}
"""
    return spec_of(folder, frame.drop(columns="late"), extra=extra)


def labelled_of(workspace: Workspace, spec: ModelSpec, number: int) -> list[int]:
    """How many labels a batch had at its end, and at the end of the days after it."""
    with workspace.registry.read() as reader:
        seen = reader.observations(spec.model, window=day(number))
    return [one.rows for one in sorted(seen, key=lambda one: one.as_of) if one.quantity is Quantity.LABELLED]


def first_hold(workspace: Workspace, spec: ModelSpec) -> tuple[int, int, int]:
    """The day after which the first challenger was held, and that with which its hold ended, on so many rows."""
    outcomes = played(workspace, spec)
    since = held(outcomes)[0]
    found = verdicts(workspace, spec)[0]
    assert list(replayed_decisions(workspace, spec)) == recorded_decisions(outcomes), "a replay waits alike"
    return since, (found.as_of - day(0).end).days, found.rows


def test_early_labels_alone_do_not_end_a_hold(tmp_path: Path) -> None:
    """A fifth of the labels comes on the day itself, the rest within three days: it is waited for."""
    spec = trickling(tmp_path, hours=(2, 20, 44, 68, 68))
    with workspace_in(tmp_path) as workspace:
        since, ended, rows = first_hold(workspace, spec)
        early = labelled_of(workspace, spec, since + 1)
        assert 0 < early[0] < early[-1] == 120
    assert (ended, rows) == (since + 5, 240), "two whole batches, the second one complete three days after its end"


@pytest.mark.parametrize(("patience", "days"), [("1d", 3), ("3d", 5)])
def test_a_batch_whose_labels_never_all_come_counts_when_it_has_had_its_time(
    tmp_path: Path, patience: str, days: int
) -> None:
    spec = trickling(tmp_path, hours=(2,), never=2, patience=patience)
    with workspace_in(tmp_path) as workspace:
        since, ended, rows = first_hold(workspace, spec)
        assert labelled_of(workspace, spec, since + 1)[-1] < 120
    assert ended == since + days, "the second batch after it, and the patience for its labels"
    assert 150 < rows <= 200
