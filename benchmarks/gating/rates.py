"""A rate with its interval, and one verdict of the gate on made-up rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import beta

from ml.evaluation import Exhibits, Judgement, judge
from ml.problems import PROBLEMS
from ml.specs.gate import GateSpec

STRICT = {"unsure": "keep", "margin": 0.02}
SUPERIOR = {"comparison": "superior"}
Predictions = pd.DataFrame


@dataclass
class Rate:
    """How often something happened, and how often the higher number would have won."""

    runs: int = 0
    hits: int = 0
    naive: int = 0

    def add(self, judgement: Judgement, passed: bool | None = None) -> None:
        self.runs += 1
        self.hits += judgement.passed if passed is None else passed
        self.naive += judgement.difference is not None and judgement.difference > 0

    def __str__(self) -> str:
        low, high = interval(self.hits, self.runs)
        return f"{self.hits:>5} of {self.runs:<5} {self.hits / self.runs:6.3f} ({low:.3f} to {high:.3f})"

    @property
    def naive_share(self) -> str:
        return f"{self.naive / self.runs:6.3f}"


def interval(hits: int, runs: int) -> tuple[float, float]:
    low = 0.0 if hits == 0 else float(beta.ppf(0.025, hits, runs - hits + 1))
    return low, 1.0 if hits == runs else float(beta.ppf(0.975, hits + 1, runs - hits))


def judged(
    kind: str,
    truth: np.ndarray,
    ours: Predictions,
    theirs: Predictions,
    gate: dict[str, object],
    *,
    attempts: int = 0,
    best: Predictions | None = None,
    rows: pd.DataFrame | None = None,
) -> Judgement:
    return judge(
        gate=GateSpec.model_validate(gate, strict=False),
        problem=PROBLEMS["regression" if kind == "regression" else "classification"],
        metric="mean_absolute_error" if kind == "regression" else "accuracy",
        truth=pd.DataFrame({"y": truth}),
        challenger=ours,
        champion=theirs,
        dummy=None,
        seed=0,
        exhibits=Exhibits(
            attempts=attempts, best=best, rows=rows, features=() if rows is None else tuple(rows.columns)
        ),
    )
