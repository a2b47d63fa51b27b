"""What every rule must keep to, whatever it looks at."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from ml.domain.digests import canonical_json
from ml.domain.records import History, Quantity, Verdict
from ml.policies import RULES, decide, evaluate, facts_of
from ml.policies.question import Question
from ml.specs.policy import AllOf, AnyOf, AtLeast, PolicySpec, Rule
from tests.builders import history, metric, observation, promotion, version, week

SPECS: list[dict[str, Any]] = [
    {"kind": "schedule", "every": 3},
    {"kind": "new_rows", "rows": 250},
    {"kind": "new_rows", "share": 2.0},
    {"kind": "drift"},
    {"kind": "drift", "of": "predictions"},
    {"kind": "drift", "of": "target"},
    {"kind": "performance"},
    {"kind": "performance", "drop": 0.01, "relative": True},
    {"kind": "manual"},
    {"kind": "never"},
    {"kind": "any", "of": [{"kind": "performance"}, {"kind": "schedule", "every": 9}]},
    {"kind": "all", "of": [{"kind": "performance"}, {"kind": "drift"}]},
    {"kind": "at_least", "k": 2, "of": [{"kind": "never"}, {"kind": "drift"}, {"kind": "schedule", "every": 1}]},
]
COMBINATIONS = (AnyOf, AllOf, AtLeast)


def seen(number: int, *, harm: bool) -> list[Any]:
    """What is measured on one batch of a healthy, or of an unhealthy, model."""
    drift = {"drifted": harm}
    return [
        metric(number, 0.7 if harm else 0.91),
        observation(number, Quantity.DRIFT_SHARE, 0.8 if harm else 0.1),
        observation(number, Quantity.PREDICTION_DRIFT, 0.2, subject="prediction", version=1, detail=drift),
        observation(number, Quantity.TARGET_DRIFT, 0.2, subject="target", detail=drift),
    ]


HISTORIES = {
    "nothing": history(1, observations=[], versions=[], promotions=[], windows=()),
    "no champion": history(3, versions=[], promotions=[]),
    "no measurements": history(4),
    "healthy": history(4, observations=seen(3, harm=False)),
    "harmed": history(4, observations=seen(3, harm=True)),
    "no baseline": history(4, observations=seen(3, harm=True), promotions=[promotion(baseline={"f1": 0.5})]),
    "unknown version": history(4, versions=[version(7)]),
    "zero baseline": history(4, observations=seen(3, harm=True), promotions=[promotion(baseline={"accuracy": 0.0})]),
    "not a number": history(4, observations=[metric(3, float("nan"))]),
}


def question(past: History, *, asked: bool = False) -> Question:
    return Question(facts_of(past), week(3), asked=asked, bounded=True, min_labelled=50)


def policy(spec: dict[str, Any]) -> PolicySpec:
    return PolicySpec.model_validate({"when": spec})


def test_every_rule_of_the_specs_is_here() -> None:
    kinds = set(get_args(get_args(Rule)[0]))
    assert kinds == {*RULES, *COMBINATIONS}
    assert {type(policy(spec).when) for spec in SPECS} == kinds


@pytest.mark.parametrize("past", HISTORIES.values(), ids=HISTORIES)
@pytest.mark.parametrize("spec", SPECS, ids=str)
def test_a_result_explains_itself(spec: dict[str, Any], past: History) -> None:
    result = evaluate(question(past), policy(spec).when)
    assert result.kind == spec["kind"]
    assert result.sentence.endswith(".")
    assert result.sentence[0].isupper() or result.sentence[0].isdigit()
    assert "nan" not in result.sentence.lower().split()
    canonical_json([result.value, result.threshold, result.evidence])


@pytest.mark.parametrize("past", HISTORIES.values(), ids=HISTORIES)
@pytest.mark.parametrize("spec", SPECS, ids=str)
def test_a_rule_has_no_memory(spec: dict[str, Any], past: History) -> None:
    first, second = (decide(past, policy(spec), window=week(3), bounded=True) for _ in range(2))
    assert first == second


@pytest.mark.parametrize("name", ["healthy", "harmed"])
@pytest.mark.parametrize("spec", SPECS, ids=str)
def test_a_rule_that_has_all_it_needs_can_tell(spec: dict[str, Any], name: str) -> None:
    assert evaluate(question(HISTORIES[name]), policy(spec).when).verdict is not Verdict.CANNOT_TELL


@pytest.mark.parametrize("spec", SPECS, ids=str)
def test_value_and_threshold_give_the_verdict(spec: dict[str, Any]) -> None:
    for name in ("healthy", "harmed"):
        result = evaluate(question(HISTORIES[name]), policy(spec).when)
        if result.value is None or result.threshold is None:
            assert spec["kind"] == "never"
        else:
            assert (result.verdict is Verdict.RETRAIN) == (result.value >= result.threshold)


@pytest.mark.parametrize("spec", [spec for spec in SPECS if spec["kind"] in {"performance", "drift", "all"}], ids=str)
def test_a_rule_that_sees_harm_tells_it_from_health(spec: dict[str, Any]) -> None:
    verdicts = [evaluate(question(HISTORIES[name]), policy(spec).when).verdict for name in ("healthy", "harmed")]
    assert verdicts == [Verdict.KEEP, Verdict.RETRAIN]
