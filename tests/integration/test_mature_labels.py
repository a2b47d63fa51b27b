"""Labels that come the later the worse they are: what is measured too early flatters, what waits is the truth."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from ml.domain.records import Observation, Quantity
from ml.flows.loop import run
from tests.integration.streams import SPAN, spec_of, stream
from tests.integration.test_loop import workspace_in


def played(folder: Path, delay: str) -> list[tuple[float, float, int]]:
    """Return for each measured batch the accuracy as first measured and as last, and the rows of the first."""
    folder.mkdir()
    frame, rng = stream(turn_on_day=99), np.random.default_rng(1)
    late = (frame["x"] + rng.normal(scale=0.5, size=len(frame)) > 0.5).astype(int)
    known = pd.to_datetime(frame["ts"]) + pd.to_timedelta(np.where(late == 1, 40, 2), unit="h")
    labels = pd.DataFrame(
        {"order_id": frame["order_id"], "late": late, "known": known.dt.strftime("%Y-%m-%dT%H:%M:%SZ")}
    )
    labels.to_csv(folder / "labels.csv", index=False)
    extra = f"""
labels: {{delay: {delay}, time: known, source: {{kind: file, path: "{folder / "labels.csv"}"}}}}
policy: {{when: {{kind: schedule, every: 99}}}}
gate: {{min_rows: 20, override: [PG005]}}
"""
    spec = spec_of(folder, frame.drop(columns="late"), extra=extra)
    with workspace_in(folder) as workspace:
        run(workspace, spec, start=SPAN.start, end=SPAN.end)
        with workspace.registry.read() as reader:
            seen = reader.observations(spec.model, as_of=SPAN.end)
    found: dict[object, list[Observation]] = {}
    for one in sorted(seen, key=lambda one: one.as_of):
        if one.quantity is Quantity.METRIC and one.subject == "accuracy":
            found.setdefault(one.window, []).append(one)
    assert len(found) >= 5
    full = [several for window, several in found.items() if several[-1].rows == 120]
    return [(several[0].value, several[-1].value, several[0].rows) for several in full]


def test_an_early_metric_flatters_and_a_mature_one_is_the_truth(tmp_path: Path) -> None:
    early, mature = played(tmp_path / "early", "0d"), played(tmp_path / "mature", "2d")
    assert all(rows < 120 for _, _, rows in early)
    assert np.mean([first - last for first, last, _ in early]) > 0.1, "a late order is not labelled before it arrives"
    assert all(first == last and rows == 120 for first, last, rows in mature)
