"""Before promotion: how often does a challenger stand its time in the shadow that is as good, worse or better?"""

from __future__ import annotations

import numpy as np
import pandas as pd

from gating.rates import interval
from gating.worlds import apart
from ml.evaluation import stands_in_shadow
from ml.evaluation.spending import proof_level
from ml.problems import PROBLEMS
from ml.specs.gate import GateSpec

BATCHES = 3
GATES = {
    "default": GateSpec(),
    "unsure: keep, margin 0.02": GateSpec(unsure="keep", margin=0.02),
    "superior": GateSpec(comparison="superior"),
}
CASES = (
    ("binary", 100, 0.0),
    ("binary", 400, 0.0),
    ("binary", 400, -0.02),
    ("binary", 400, -0.05),
    ("binary", 400, 0.05),
    ("regression", 400, 0.0),
    ("regression", 400, -0.05),
)
"""Kind of problem, rows a batch, true gain of the challenger over the champion."""


def shadowed(count: int) -> None:
    print(f"\n## The shadow, {count} challengers each, {BATCHES} batches, level {proof_level(0.95, 1):.4f}\n")
    print(f"| problem | rows a batch | true gain | {' | '.join(GATES)} | *higher number wins* |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for place, (kind, rows, gain) in enumerate(CASES):
        rng = np.random.default_rng(1100 + place)
        found = np.array([_one(kind, rng, rows, gain) for _ in range(count)])
        rates = [_rate(int(live), count) for live in found.sum(axis=0)[:-1]]
        print(f"| {kind} | {rows} | {gain:g} | {' | '.join(rates)} | {found[:, -1].mean():.3f} |", flush=True)


def _rate(live: int, count: int) -> str:
    low, high = interval(live, count)
    return f"{live} of {count} {live / count:.3f} ({low:.3f} to {high:.3f})"


def _one(kind: str, rng: np.random.Generator, rows: int, gain: float) -> list[bool]:
    """Tell under which gates the challenger goes live, and at last whether its number is the higher one."""
    problem = PROBLEMS["regression" if kind == "regression" else "classification"]
    metric = problem.metrics["mean_absolute_error" if kind == "regression" else "accuracy"]
    truth, ours, theirs = apart(kind, rng, rows * BATCHES, gain)
    looks = [
        stands_in_shadow(
            metric, pd.DataFrame({"y": truth}), ours, theirs, batches=BATCHES, most=BATCHES, gate=gate, seed=0
        )
        for gate in GATES.values()
    ]
    first = looks[0].gain
    return [*(one.passed for one in looks), first is not None and first.difference > 0]
