"""How fast a replay answers once its matrix is filled, and whether it answers what production answered.

    python benchmarks/replay.py [--batches 500] [--policies 20]

Takes in a stream of small batches, fills the matrix once, then plays the policies again and again with other
parameters. Prints seconds for the plays from a filled matrix, per decision and in all, beside the limit of 5 seconds
for 20 policies over 500 batches; everything that is not playing (reading the records, opening the matrix) is counted.
Plays run in one process: CPU seconds are what they take where nothing else runs, seconds on the clock come beside.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from ml.cli.session import settings_at
from ml.domain.windows import Window
from ml.flows.ingest import ingest
from ml.flows.monitor import monitor
from ml.flows.replay import replay
from ml.flows.validate import validate
from ml.flows.workspace import Workspace
from ml.specs import parse_spec
from ml.specs.policy import PolicySpec

START = datetime(2020, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
ROWS = 60
LIMIT_SECONDS = 5.0
SPEC = """
model: small
problem: {kind: classification, target: y}
source: {kind: file, path: rows.parquet}
time: {column: ts, batch: 1d}
training:
  min_rows: 50
  candidates: [{estimator: DecisionTreeClassifier, parameters: {max_depth: 4}}]
policy: {when: {kind: performance, drop: 0.05}}
"""


def main() -> int:
    arguments = _arguments()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        _stream(arguments.batches).to_parquet(home / "rows.parquet")
        spec = parse_spec(SPEC.replace("rows.parquet", str(home / "rows.parquet")), source="small.yaml")
        with Workspace.open(settings_at(home)) as workspace:
            _take_in(workspace, spec, arguments.batches)
            policies = _policies(arguments.policies)
            first = _timed(workspace, spec, policies)
            again = [_timed(workspace, spec, policies) for _ in range(3)]
    seconds = min(cpu for _, cpu in again)
    count = arguments.batches * (arguments.policies + 4)
    limit = LIMIT_SECONDS * arguments.batches * arguments.policies / (500 * 20)
    print(f"\nfirst replay, trainings included      {first[0]:8.1f} s on the clock")
    print(f"from a filled matrix (best of 3)       {seconds:8.2f} s of CPU, {1e3 * seconds / count:.2f} ms a decision")
    print(f"                                       {min(wall for wall, _ in again):8.2f} s on the clock")
    print(f"against the limit of {limit:.2f} s           {seconds / limit:8.2f}x")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batches", type=int, default=500, help="batches of the past (default: 500)")
    parser.add_argument("--policies", type=int, default=20, help="policies to play (default: 20)")
    return parser.parse_args()


def _stream(batches: int) -> pd.DataFrame:
    """Three features, a boundary that jumps every hundred batches, a tenth of the labels wrong."""
    generator = np.random.default_rng(0)
    count = batches * ROWS
    rows = pd.DataFrame(generator.random((count, 3)), columns=["a", "b", "c"])
    place = np.arange(count) // ROWS
    limit = np.array([0.8, 1.1, 0.7, 1.2, 0.9])[(place // 100) % 5]
    y = (rows["a"] + rows["b"] > limit) ^ (generator.random(count) < 0.1)
    moments = pd.Timestamp(START) + pd.to_timedelta(np.arange(count) * (86_400 // ROWS), unit="s")
    return rows.assign(ts=moments, y=y.astype(int))


def _take_in(workspace: Workspace, spec: object, batches: int) -> None:
    for place in range(batches):
        window = Window(START + place * DAY, START + (place + 1) * DAY)
        ingest(workspace, spec, window)
        validate(workspace, spec, window)
        monitor(workspace, spec, window)
        if sys.stderr.isatty():
            print(f"\rbatch {place + 1} of {batches}", end="", file=sys.stderr)


def _policies(count: int) -> dict[str, PolicySpec]:
    """Policies of all kinds, with different parameters."""
    found = []
    for step in range(count):
        found += [
            {"when": {"kind": "performance", "drop": 0.02 + 0.01 * step}},
            {"when": {"kind": "schedule", "every": 3 + step}},
            {"when": {"kind": "any", "of": [{"kind": "performance"}, {"kind": "schedule", "every": 5 + step}]}},
            {"when": {"kind": "change_point", "confidence": 0.9 + 0.004 * step}},
            {"when": {"kind": "cost"}, "cooldown": f"{1 + step}d"},
        ]
    return {f"policy_{place}": PolicySpec.model_validate(body) for place, body in enumerate(found[:count])}


def _timed(workspace: Workspace, spec: object, policies: dict[str, PolicySpec]) -> tuple[float, float]:
    """Seconds on the clock, and of this process on the CPU."""
    started, before = time.perf_counter(), time.process_time()
    replay(workspace, spec, policies=policies)
    return time.perf_counter() - started, time.process_time() - before


if __name__ == "__main__":
    sys.exit(main())
