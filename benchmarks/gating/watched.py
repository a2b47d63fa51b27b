"""After promotion: how often is a champion rolled back that is just as good, and how often one that is worse?"""

from __future__ import annotations

import numpy as np
import pandas as pd

from gating.rates import interval
from gating.worlds import apart
from ml.evaluation import worse_than_beaten
from ml.problems import PROBLEMS
from ml.specs.gate import GateSpec, WatchSpec

WATCH, GATE = WatchSpec(), GateSpec()
CASES = (
    ("binary", 60, 0.0, 0.0),
    ("binary", 400, 0.0, 0.0),
    ("regression", 60, 0.0, 0.0),
    ("regression", 400, 0.0, 0.0),
    ("regression", 400, 0.0, 0.5),
    ("regression", 400, 0.0, 0.8),
    ("binary", 400, -0.02, 0.0),
    ("binary", 400, -0.05, 0.0),
    ("regression", 400, -0.05, 0.0),
)
"""Kind of problem, rows a batch, true gain of the new champion, how alike the errors of neighbours are."""


def watched(count: int) -> None:
    print(f"\n## The watch, {count} promotions each, {WATCH.batches} looks at most, 1 - confidence = ", end="")
    print(f"{1.0 - WATCH.confidence:.2g}\n")
    print("| problem | rows a batch | true gain | errors alike | rolled back | *lower at any look* | mean look |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for place, (kind, rows, gain, strength) in enumerate(CASES):
        rng = np.random.default_rng(900 + place)
        ends = [_one(kind, rng, rows, gain, strength) for _ in range(count)]
        at = [look for look, _ in ends if look]
        low, high = interval(len(at), count)
        naive = sum(lower for _, lower in ends) / count
        mean = f"{np.mean(at):.1f}" if at else "–"
        rate = f"{len(at)} of {count} {len(at) / count:.3f} ({low:.3f} to {high:.3f})"
        print(f"| {kind} | {rows} | {gain:g} | {strength:g} | {rate} | {naive:.3f} | {mean} |", flush=True)


def _one(kind: str, rng: np.random.Generator, rows: int, gain: float, strength: float) -> tuple[int, bool]:
    """Return the look at which the champion is rolled back, 0 for none, and whether the lower number ever lost."""
    problem = PROBLEMS["regression" if kind == "regression" else "classification"]
    metric = problem.metrics["mean_absolute_error" if kind == "regression" else "accuracy"]
    truth, ours, theirs = apart(kind, rng, rows * WATCH.batches, gain, strength=strength)
    found, lower = 0, False
    for batches in range(1, WATCH.batches + 1):
        end = batches * rows
        look = worse_than_beaten(
            metric,
            pd.DataFrame({"y": truth[:end]}),
            ours.iloc[:end],
            theirs.iloc[:end],
            batches=batches,
            watch=WATCH,
            gate=GATE,
            seed=0,
        )
        found = found or (batches if look.worse else 0)
        lower = lower or (look.gain is not None and look.gain.difference < 0)
    return found, lower
