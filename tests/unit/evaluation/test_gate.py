"""What the gate lets through, and what it says."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.domain.codes_pg import GATE
from ml.domain.errors import DataError
from ml.domain.findings import Outcome, Severity
from ml.evaluation import CHECKS, judge
from ml.problems import PROBLEMS
from ml.specs.gate import GateSpec

CLASSES = PROBLEMS["classification"]
NUMBERS = PROBLEMS["regression"]


def labels(rows=400, seed=0):
    return pd.DataFrame({"y": np.random.default_rng(seed).integers(0, 2, rows)})


def right(truth, share, seed=1):
    """Predictions of which about ``share`` are right."""
    rng = np.random.default_rng(seed)
    guess = np.where(rng.random(len(truth)) < share, truth["y"], 1 - truth["y"])
    sure = rng.uniform(0.55, 0.95, len(truth))
    likely = np.where(guess == 1, sure, 1 - sure)
    return pd.DataFrame({"prediction": guess, "p_0": 1 - likely, "p_1": likely})


def verdict(
    truth, challenger, champion=None, *, dummy=None, metric="accuracy", problem=CLASSES, seed=0, least_gain=None, **gate
):
    return judge(
        gate=GateSpec(**gate),
        problem=problem,
        metric=metric,
        truth=truth,
        challenger=challenger,
        champion=champion,
        dummy=dummy,
        seed=seed,
        least_gain=least_gain,
    )


def outcomes(judgement):
    return {finding.code: finding.outcome for finding in judgement.findings}


def test_every_check_always_speaks():
    truth = labels()
    found = outcomes(verdict(truth, right(truth, 0.8), right(truth, 0.8, seed=2)))
    assert set(found) == set(GATE)
    assert len(CHECKS) == len(GATE)
    passed = {code for code, outcome in found.items() if outcome is Outcome.PASSED}
    assert passed == {"PG001", "PG002", "PG003"}
    assert set(found.values()) == {Outcome.PASSED, Outcome.NOT_APPLICABLE}, "what was not asked for has not passed"


def test_equal_models_are_hardly_ever_blocked():
    blocked = 0
    for seed in range(120):
        truth = labels(300, seed)
        blocked += not verdict(truth, right(truth, 0.8, 2 * seed + 1), right(truth, 0.8, 2 * seed + 2)).passed
    assert blocked <= 8  # 2.5 % are expected of an interval of 95 %


def test_the_same_model_passes_and_is_not_superior():
    truth = labels()
    same = right(truth, 0.8)
    low, high = verdict(truth, same, same).interval
    assert -0.01 < low < 0 < high < 0.01, "400 rows without a difference do not show that there is none"
    assert verdict(truth, same, same).passed
    assert not verdict(truth, same, same, comparison="superior").passed


@pytest.mark.parametrize("metric", sorted(CLASSES.metrics))
def test_a_worse_challenger_is_rejected_in_every_metric(metric):
    truth = labels(1000)
    judgement = verdict(truth, right(truth, 0.6), right(truth, 0.8, seed=2), metric=metric)
    assert not judgement.passed
    assert judgement.difference < 0
    assert judgement.interval[0] < judgement.difference < judgement.interval[1] < 0
    assert outcomes(judgement)["PG003"] is Outcome.FAILED
    assert judgement.sentence.startswith("Rejected: ")
    assert "surely worse" in judgement.sentence


@pytest.mark.parametrize("metric", sorted(NUMBERS.metrics))
def test_a_worse_regressor_is_rejected_in_every_metric(metric):
    rng = np.random.default_rng(0)
    truth = pd.DataFrame({"y": rng.normal(size=300)})
    good, bad = (pd.DataFrame({"prediction": truth["y"] + rng.normal(scale=s, size=300)}) for s in (0.3, 0.6))
    assert not verdict(truth, bad, good, metric=metric, problem=NUMBERS).passed
    assert verdict(truth, good, bad, metric=metric, problem=NUMBERS, comparison="superior").passed


def test_the_margin_is_what_does_not_matter():
    truth = labels(2000)
    worse, champion = right(truth, 0.76), right(truth, 0.8, seed=2)
    assert not verdict(truth, worse, champion).passed
    assert verdict(truth, worse, champion, margin=0.1).passed
    better = right(truth, 0.86, seed=3)
    assert verdict(truth, better, champion, comparison="superior").passed
    assert not verdict(truth, better, champion, comparison="superior", margin=0.1).passed


def test_too_few_rows_cannot_tell():
    truth = labels(49)
    judgement = verdict(truth, right(truth, 1.0), right(truth, 0.5))
    assert not judgement.passed
    assert outcomes(judgement)["PG001"] is outcomes(judgement)["PG003"] is Outcome.CANNOT_TELL
    assert judgement.sentence == "Not promoted: 49 held-out rows cannot tell anything, 50 are needed."


def test_a_metric_that_is_not_defined_cannot_tell():
    truth = pd.DataFrame({"y": np.ones(80, dtype=int)})
    judgement = verdict(truth, right(truth, 0.9), right(truth, 0.8, seed=2), metric="roc_auc")
    assert not judgement.passed
    assert judgement.difference is judgement.interval is None
    assert outcomes(judgement)["PG002"] is Outcome.CANNOT_TELL
    assert "roc_auc cannot be compared" in judgement.sentence
    assert "accuracy" in judgement.metrics["challenger"]
    assert "roc_auc" not in judgement.metrics["challenger"]


def test_another_metric_that_is_not_defined_blocks_nothing():
    truth = pd.DataFrame({"y": np.ones(80, dtype=int)})
    assert verdict(truth, right(truth, 0.9), right(truth, 0.8, seed=2)).passed


def test_floors_hold_in_both_directions():
    truth = labels()
    ours, champion = right(truth, 0.8), right(truth, 0.8, seed=2)
    assert verdict(truth, ours, champion, floors={"accuracy": 0.7, "log_loss": 1.0}).passed
    judgement = verdict(truth, ours, champion, floors={"accuracy": 0.9, "log_loss": 0.1, "roc_auc": 0.5})
    assert [finding.outcome for finding in judgement.findings if finding.code == "PG006"] == [
        Outcome.FAILED,
        Outcome.FAILED,
        Outcome.PASSED,
    ]
    assert "at least 0.9 is asked for" in judgement.sentence
    assert "at most 0.1 is asked for" in judgement.sentence


def test_a_floor_that_cannot_be_computed_cannot_tell():
    truth = pd.DataFrame({"y": np.ones(80, dtype=int)})
    same = right(truth, 0.9)
    judgement = verdict(truth, same, same, floors={"roc_auc": 0.5})
    assert outcomes(judgement)["PG006"] is Outcome.CANNOT_TELL
    assert not judgement.passed


def test_a_gain_that_does_not_pay_is_said_to_be_that_and_nothing_else():
    truth = labels(2000)
    better, champion = right(truth, 0.82), right(truth, 0.8, seed=2)
    gain = verdict(truth, better, champion).difference
    judgement = verdict(truth, better, champion, least_gain=0.1)
    assert not judgement.passed
    assert [finding.code for finding in judgement.findings if finding.outcome is Outcome.FAILED] == ["PG007"]
    assert judgement.sentence.startswith("Not promoted: accuracy ")
    assert judgement.sentence.endswith(f"; the gain does not pay (gain {gain:+.4g}, needed +0.1).")
    remedy = next(finding.remedy for finding in judgement.findings if finding.code == "PG007")
    assert "Nothing is wrong with the challenger" in remedy
    paying = verdict(truth, better, champion, least_gain=gain)
    assert paying.passed
    assert outcomes(paying)["PG007"] is Outcome.PASSED
    assert paying.sentence.endswith(f"; the gain pays (gain {gain:+.4g}, needed {gain:+.4g}).")
    assert verdict(truth, champion, better, margin=0.1, least_gain=-0.1).passed, "a loss may pay: it is cheaper to run"


def test_every_reason_is_named_beside_the_gain_that_does_not_pay():
    truth = labels(1000)
    worse, champion = right(truth, 0.6), right(truth, 0.8, seed=2)
    sentence = verdict(truth, worse, champion, least_gain=0.1, floors={"accuracy": 0.9}).sentence
    assert sentence.startswith("Rejected: ")
    for part in ("surely worse", "does not pay (gain -", "at least 0.9 is asked for"):
        assert part in sentence
    sentence = verdict(truth, champion, champion, least_gain=0.1, floors={"accuracy": 0.9}).sentence
    assert "surely worse" not in sentence


def test_errors_pay_when_they_fall():
    rng = np.random.default_rng(0)
    truth = pd.DataFrame({"y": rng.normal(size=300)})
    good, bad = (pd.DataFrame({"prediction": truth["y"] + rng.normal(scale=s, size=300)}) for s in (0.3, 0.6))
    asked = {"metric": "mean_absolute_error", "problem": NUMBERS, "margin": 9.0, "least_gain": 0.1}
    assert verdict(truth, good, bad, **asked).passed
    assert not verdict(truth, bad, good, **asked).passed


def test_nothing_has_to_pay_before_there_is_a_champion():
    truth = labels()
    dummy = pd.DataFrame({"prediction": np.ones(400, dtype=int), "p_0": 0.5, "p_1": 0.5})
    first = verdict(truth, right(truth, 0.8), dummy=dummy, least_gain=0.9)
    assert first.passed
    assert outcomes(first)["PG007"] is Outcome.NOT_APPLICABLE
    few = labels(20)
    assert outcomes(verdict(few, right(few, 1.0), right(few, 0.5), least_gain=0.1))["PG007"] is Outcome.CANNOT_TELL


def test_a_first_version_must_beat_a_constant():
    truth = labels()
    dummy = pd.DataFrame({"prediction": np.ones(400, dtype=int), "p_0": 0.5, "p_1": 0.5})
    good, useless = verdict(truth, right(truth, 0.8), dummy=dummy), verdict(truth, right(truth, 0.5), dummy=dummy)
    assert good.passed
    assert set(good.metrics) == {"challenger", "dummy"}
    assert outcomes(good)["PG005"] is Outcome.PASSED
    assert "surely better than a constant" in good.sentence
    assert not useless.passed
    assert outcomes(useless)["PG005"] is Outcome.FAILED
    assert "not surely better than a constant" in useless.sentence


def test_nobody_to_compare_with_cannot_tell():
    truth = labels()
    judgement = verdict(truth, right(truth, 0.9))
    assert not judgement.passed
    assert outcomes(judgement)["PG005"] is Outcome.CANNOT_TELL


def test_predictions_for_other_rows_are_an_error():
    truth = labels()
    with pytest.raises(DataError, match="399 predictions of the champion for 400"):
        verdict(truth, right(truth, 0.8), right(truth, 0.8).iloc[:399])


def test_labels_that_either_side_never_saw_crash_nothing():
    truth = pd.DataFrame({"y": ["a", "b", "c", "d"] * 30})
    ours = pd.DataFrame({"prediction": ["a", "b"] * 60, "p_a": 0.6, "p_b": 0.4})
    theirs = pd.DataFrame({"prediction": ["a", "e"] * 60, "p_a": 0.6, "p_e": 0.4})
    for metric in CLASSES.metrics:
        assert np.isfinite(verdict(truth, ours, theirs, metric=metric).difference)


def test_no_rows_cannot_tell():
    none = labels(1).iloc[:0]
    judgement = verdict(none, right(none, 0.5), right(none, 0.5))
    assert not judgement.passed
    assert outcomes(judgement)["PG002"] is Outcome.CANNOT_TELL


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(sorted(CLASSES.metrics)), st.integers(0, 60), st.integers(0, 2**32 - 1))
def test_a_verdict_is_a_function_of_its_inputs(metric, rows, seed):
    truth = labels(rows, 5)
    ours, theirs = right(truth, 0.7), right(truth, 0.7, seed=2)
    judgement = verdict(truth, ours, theirs, metric=metric, seed=seed)
    assert judgement == verdict(truth, ours, theirs, metric=metric, seed=seed)
    assert judgement.passed == all(f.severity is not Severity.ERROR for f in judgement.findings)
    assert judgement.sentence.endswith(".")
    assert all(finding.code in GATE for finding in judgement.findings)
    assert all((finding.remedy != "") == (finding.severity is Severity.ERROR) for finding in judgement.findings)
