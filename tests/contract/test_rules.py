"""What every rule must keep to, whatever it looks at."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from ml.domain.digests import canonical_json
from ml.domain.history import History
from ml.domain.records import Quantity, Verdict
from ml.policies import RULES, Question, decide, evaluate, facts_of, needs_of
from ml.specs.policy import PolicySpec
from ml.specs.rules import COMBINATIONS, Rule
from tests.builders import history, metric, observation, promotion, version, week

NEWEST = 8
SPECS: list[dict[str, Any]] = [
    {"kind": "schedule", "every": 3},
    {"kind": "schedule", "cron": "0 3 * * 3"},
    {"kind": "new_rows", "rows": 250},
    {"kind": "new_rows", "share": 2.0},
    {"kind": "drift"},
    {"kind": "drift", "weights": {"x": 2.0, "y": 1.0}},
    {"kind": "drift", "distance": 0.3},
    {"kind": "drift", "of": "predictions"},
    {"kind": "drift", "of": "target"},
    {"kind": "drift", "of": "target", "distance": 0.3},
    {"kind": "performance"},
    {"kind": "performance", "drop": 0.01, "relative": True},
    {"kind": "performance", "drop": 0.01, "confidence": 0.99},
    {"kind": "estimated_performance"},
    {"kind": "change_point"},
    {"kind": "change_point", "method": "adwin"},
    {"kind": "change_point", "method": "ddm"},
    {"kind": "change_point", "method": "hddm"},
    {"kind": "adaptive"},
    {"kind": "adaptive", "method": "rolling_mean"},
    {"kind": "adaptive", "of": "drift"},
    {"kind": "cost"},
    {"kind": "manual"},
    {"kind": "never"},
    {"kind": "any", "of": [{"kind": "performance"}, {"kind": "schedule", "every": 9}]},
    {"kind": "all", "of": [{"kind": "performance"}, {"kind": "drift"}]},
    {"kind": "at_least", "k": 2, "of": [{"kind": "never"}, {"kind": "drift"}, {"kind": "schedule", "every": 1}]},
    {"kind": "not", "of": {"kind": "never"}},
]
SEES_HARM = {"performance", "estimated_performance", "drift", "all", "change_point", "adaptive"}
BY_THE_PLAN = {"cost"}
"""Its verdict is the plan's, of which the value is the saving; what would have turned it is the price."""
MORE_THAN = {"adaptive"}
"""Says retrain above its threshold: a signal that never moved is at its own quantile."""


def seen(number: int, *, harm: bool) -> list[Any]:
    """What is measured on one batch of a healthy, or of an unhealthy, model."""
    detail = {"detail": {"drifted": harm}}
    score = 0.5 if harm else 0.02
    accuracy = 0.4 if harm else 0.91
    return [
        metric(number, accuracy),
        observation(number, Quantity.ESTIMATED_METRIC, accuracy, subject="accuracy", version=1),
        observation(number, Quantity.ROWS, 100.0),
        observation(number, Quantity.DRIFT_SHARE, 0.8 if harm else 0.1),
        observation(number, Quantity.COLUMN_DRIFT, score, subject="x", **detail),
        observation(number, Quantity.COLUMN_DRIFT, 0.01, subject="y", detail={"drifted": False}),
        observation(number, Quantity.PREDICTION_DRIFT, score, subject="prediction", version=1, **detail),
        observation(number, Quantity.TARGET_DRIFT, score, subject="target", **detail),
    ]


def measured(*, harm: bool) -> list[Any]:
    """A healthy record, of which the newest batch is as is said."""
    return [one for number in range(1, NEWEST + 1) for one in seen(number, harm=harm and number == NEWEST)]


def past(observations: list[Any], **changes: Any) -> History:
    return history(NEWEST + 1, observations=observations, **changes)


HISTORIES = {
    "nothing": history(1, observations=[], versions=[], promotions=[], windows=()),
    "no champion": past([], versions=[], promotions=[]),
    "no measurements": past([]),
    "one batch": past(seen(NEWEST, harm=True)),
    "healthy": past(measured(harm=False)),
    "harmed": past(measured(harm=True)),
    "no baseline": past(measured(harm=True), promotions=[promotion(baseline={"f1": 0.5})]),
    "unknown version": past(measured(harm=True), versions=[version(7)]),
    "zero baseline": past(measured(harm=True), promotions=[promotion(baseline={"accuracy": 0.0})]),
    "not a number": past([metric(NEWEST, float("nan"))]),
    "no rows": past([metric(number, 0.5, rows=0) for number in range(1, NEWEST + 1)]),
}


def policy(spec: dict[str, Any]) -> PolicySpec:
    return PolicySpec.model_validate({"when": spec})


def asked(spec: dict[str, Any], past: History, *, bounded: bool = True) -> Any:
    whole = policy(spec)
    facts = facts_of(past, needs_of(whole))
    return evaluate(Question(facts, week(NEWEST), whole, asked=False, bounded=bounded), whole.when)


def test_every_rule_of_the_specs_is_here() -> None:
    kinds = set(get_args(get_args(Rule)[0]))
    assert kinds == {*RULES, *COMBINATIONS}
    assert {type(policy(spec).when) for spec in SPECS} == kinds


@pytest.mark.parametrize("bounded", [True, False], ids=["bounded", "unbounded"])
@pytest.mark.parametrize("name", HISTORIES)
@pytest.mark.parametrize("spec", SPECS, ids=str)
def test_a_result_explains_itself(spec: dict[str, Any], name: str, bounded: bool) -> None:
    result = asked(spec, HISTORIES[name], bounded=bounded)
    assert result.kind == spec["kind"]
    assert result.sentence.endswith(".")
    assert result.sentence[0].isupper() or result.sentence[0].isdigit()
    assert "nan" not in result.sentence.lower().split()
    assert result.least_gain is None or result.verdict is Verdict.RETRAIN
    canonical_json([result.value, result.threshold, result.evidence])


@pytest.mark.parametrize("name", HISTORIES)
@pytest.mark.parametrize("spec", SPECS, ids=str)
def test_a_rule_has_no_memory(spec: dict[str, Any], name: str) -> None:
    one = {"window": week(NEWEST), "bounded": True}
    first, second = (decide(HISTORIES[name], policy(spec), **one) for _ in range(2))
    assert first == second


@pytest.mark.parametrize("name", ["healthy", "harmed"])
@pytest.mark.parametrize("spec", SPECS, ids=str)
def test_a_rule_that_has_all_it_needs_can_tell(spec: dict[str, Any], name: str) -> None:
    assert asked(spec, HISTORIES[name]).verdict is not Verdict.CANNOT_TELL


@pytest.mark.parametrize("name", ["healthy", "harmed"])
@pytest.mark.parametrize("spec", SPECS, ids=str)
def test_a_rule_is_told_all_it_asks_for_and_no_more(spec: dict[str, Any], name: str) -> None:
    """What it is not given cannot matter, or its needs are wrong."""
    whole = policy(spec)
    every = Question(facts_of(HISTORIES[name]), week(NEWEST), whole, asked=False, bounded=True)
    assert asked(spec, HISTORIES[name]) == evaluate(every, whole.when)


@pytest.mark.parametrize("spec", SPECS, ids=str)
def test_value_and_threshold_give_the_verdict(spec: dict[str, Any]) -> None:
    for name in ("healthy", "harmed"):
        result = asked(spec, HISTORIES[name])
        if result.value is None or result.threshold is None:
            assert spec["kind"] == "never"
        elif spec["kind"] not in BY_THE_PLAN:
            strict = spec["kind"] in MORE_THAN
            reached = result.value > result.threshold if strict else result.value >= result.threshold
            assert (result.verdict is Verdict.RETRAIN) == reached


@pytest.mark.parametrize("spec", [spec for spec in SPECS if spec["kind"] in SEES_HARM], ids=str)
def test_a_rule_that_sees_harm_tells_it_from_health(spec: dict[str, Any]) -> None:
    verdicts = [asked(spec, HISTORIES[name]).verdict for name in ("healthy", "harmed")]
    assert verdicts == [Verdict.KEEP, Verdict.RETRAIN]
