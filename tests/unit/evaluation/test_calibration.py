"""Probabilities that can be believed no longer are found, also where labels are told apart as well as before."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ml.domain.findings import Finding, Outcome
from ml.evaluation import judge
from ml.evaluation.calibration import BRIER, ERROR
from ml.problems import PROBLEMS
from ml.specs.gate import GateSpec


def pair(
    seed: int, rows: int = 1000, *, sharpness: tuple[float, float] = (1.0, 1.0), noise: tuple[float, float] = (0.5, 0.5)
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Truth, challenger, champion: each sees the log-odds through noise of its own, and is ``sharpness`` too sure."""
    rng = np.random.default_rng(seed)
    odds = rng.normal(scale=1.5, size=rows)
    truth = pd.DataFrame({"y": (rng.random(rows) < 1.0 / (1.0 + np.exp(-odds))).astype(int)})
    sides = []
    for times, blur in zip(sharpness, noise, strict=True):
        best_guess = (odds + rng.normal(scale=blur, size=rows)) * 1.5**2 / (1.5**2 + blur**2)
        likely = 1.0 / (1.0 + np.exp(-times * best_guess))
        sides.append(pd.DataFrame({"prediction": (likely > 0.5).astype(int), "p_0": 1.0 - likely, "p_1": likely}))
    return truth, sides[0], sides[1]


def finding(truth: pd.DataFrame, ours: pd.DataFrame, theirs: pd.DataFrame, **asked: float) -> Finding:
    judgement = judge(
        gate=GateSpec.model_validate({"calibration": asked}, strict=False),
        problem=PROBLEMS["classification"],
        metric="accuracy",
        truth=truth,
        challenger=ours,
        champion=theirs,
        dummy=None,
        seed=0,
    )
    return next(one for one in judgement.findings if one.code == "PG011")


def test_the_error_is_that_of_the_textbook() -> None:
    """Ten bins of two rows; the surer half is always right, the other half is right once in two."""
    sure = np.repeat([0.6, 0.9], 10)
    truth = pd.DataFrame({"y": [1, 0] * 5 + [1] * 10})
    said = pd.DataFrame({"prediction": 1, "p_0": 1.0 - sure, "p_1": sure})
    assert ERROR.value(truth, said) == pytest.approx((0.1 + 0.1) / 2.0)


def test_who_is_too_sure_is_blocked_though_the_brier_score_is_not_worse() -> None:
    truth, ours, theirs = pair(0, 2000, sharpness=(1.8, 1.0), noise=(0.1, 0.7))
    assert BRIER.value(truth, ours) < BRIER.value(truth, theirs), "it tells labels better apart"
    found = finding(truth, ours, theirs)
    assert found.outcome is Outcome.FAILED
    assert "in that error" in found.seen
    assert finding(truth, ours, theirs, margin=0.2).outcome is Outcome.PASSED
    assert finding(truth, theirs, ours).outcome is Outcome.FAILED, "by the Brier score, the other way round"


def test_equally_good_ones_are_hardly_ever_blocked() -> None:
    blocked = sum(finding(*pair(seed, 400)).outcome is Outcome.FAILED for seed in range(100))
    assert blocked <= 10  # two tests at 2.5 % each
