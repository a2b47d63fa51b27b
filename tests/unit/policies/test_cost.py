"""The rule `cost`: how facts become the plan's evidence, and what its answer becomes."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import timedelta
from math import isnan, sqrt
from statistics import NormalDist
from types import SimpleNamespace
from typing import Any

import pytest

from ml.domain.history import History
from ml.domain.records import Observation, Quantity, Verdict
from ml.policies import Question, decide, facts_of, needs_of
from ml.policies.plan import LOOKED_BACK, Evidence, Fitted, Loss, PlanVerdict
from ml.policies.plan.record import record_of
from ml.policies.plan.scores import scores_of
from ml.policies.price import DEFAULT_SHARE, price_of
from ml.policies.question import USUAL, Judging
from ml.policies.rules.cost import cost, evidence_of
from ml.specs.gate import GateSpec
from ml.specs.rules import CostRule
from tests.builders import decision, gate, history, labelled, metric, observation, promotion, version, week
from tests.unit.policies.asking import policy_of

RULE = CostRule(kind="cost")


def question(past: History, *, bounded: bool = True, **around: Any) -> Question:
    whole = policy_of({"kind": "cost"}, **around)
    return Question(facts_of(past, needs_of(whole)), week(len(past.windows) - 1), whole, asked=False, bounded=bounded)


def evidence(past: History, **around: Any) -> Evidence:
    asked = question(past, **around)
    assert asked.facts.champion is not None
    return evidence_of(asked, asked.facts.champion)


def losses(number: int, **by_version: float) -> list[Observation]:
    return [metric(number, 1.0 - loss, version=int(name[1:])) for name, loss in by_version.items()]


def two_versions() -> History:
    """Ten weeks; version 1 saw week 0, version 2 weeks 1 to 4, judged on weeks 3 and 4 before it was refitted."""
    second = version(
        2,
        weeks_seen=5,
        trained_from=week(1).start + timedelta(hours=5),
        trained_until=week(3).start + timedelta(minutes=3),
        refit_sha256="r",
        refit_until=week(4).end,
        manifest={"windows": [{}, {}, {}], "seconds": 7200.0},
        run_key=decision(4).id,
    )
    verdict = gate(2, week_number=4, champion=1, difference=0.04, interval=(0.01, 0.07), rows=200)
    first = gate(1, champion=None, metrics={"dummy": {"accuracy": 0.6}})
    observations = [one for number in range(5, 9) for one in losses(number, v1=0.2, v2=0.1)]
    past = history(10, observations=observations, versions=[version(), second])
    return replace(
        past,
        observations=tuple(one for one in past.observations if one.window != week(9)),
        decisions=(decision(0), decision(2, Verdict.KEEP), decision(4, least_gain=0.01)),
        gates=(first, verdict),
        promotions=(promotion(), promotion(2, week_number=4)),
    )


def test_moments_become_places_in_the_sequence_of_batches() -> None:
    found = evidence(two_versions())
    assert found.champion == Fitted(2, first=1, until=5)
    assert (found.arrived, found.labelled, found.asked) == (10, 9, (5,))
    (comparison,) = found.comparisons
    assert comparison.champion == Fitted(1, first=0, until=1)
    assert comparison.challenger == Fitted(2, first=1, until=3)
    assert (comparison.first, comparison.until) == (3, 5)
    assert (comparison.gain, comparison.low, comparison.high) == (0.04, 0.01, 0.07)
    assert (comparison.rows, comparison.promoted) == (200, True)


def test_every_version_that_scored_is_evidence() -> None:
    found = evidence(two_versions())
    assert {(one.fitted.version, one.batch) for one in found.losses} == {(v, b) for v in (1, 2) for b in range(5, 9)}
    assert Loss(Fitted(1, 0, 1), 8, pytest.approx(0.2), 100) in found.losses


def test_a_first_version_is_no_comparison_and_a_gate_without_interval_has_no_numbers() -> None:
    past = two_versions()
    unsure = replace(past, gates=(past.gates[0], replace(past.gates[1], interval=None)))
    (comparison,) = evidence(unsure).comparisons
    assert isnan(comparison.low)
    assert isnan(comparison.high)


def test_what_lies_far_back_is_forgotten() -> None:
    count = LOOKED_BACK + 10
    past = history(count, observations=[metric(number, 0.9) for number in range(1, count)])
    assert {one.batch for one in evidence(past).losses} == set(range(count - LOOKED_BACK, count))


def test_a_window_is_a_look_of_its_own() -> None:
    assert evidence(two_versions(), costs={"look": 0.05}).look == pytest.approx(0.15)
    assert evidence(two_versions()).windows == 3


# --- prices


def test_without_a_price_a_retraining_costs_six_per_cent_of_a_batch() -> None:
    found = evidence(two_versions())
    assert (found.price, found.rows, found.scale) == (pytest.approx(0.06), 100, 1.0)


def test_the_default_price_has_the_least_largest_regret() -> None:
    """Of a calendar of that price, on the cheapest and on the dearest trainings: rounded to a full per cent."""

    def regret(believed: float, true: float) -> float:
        return (sqrt(believed) - sqrt(true)) ** 2 / sqrt(believed)

    worst = {percent: max(regret(percent / 100, true) for true in (0.002, 0.2)) for percent in range(1, 21)}
    assert min(worst, key=worst.__getitem__) / 100 == pytest.approx(DEFAULT_SHARE)


def test_prices_are_in_the_users_units() -> None:
    priced = evidence(two_versions(), costs={"error": 2.0, "training": 30.0})
    assert priced.price == pytest.approx(30.0 / (2.0 * 100))
    timed = evidence(two_versions(), costs={"error": 2.0, "training": 30.0, "per_hour": 10.0})
    assert timed.price == pytest.approx((30.0 + 10.0 * 1.0) / (2.0 * 100)), "an hour on average: 0 and 7,200 seconds"


def test_a_batch_is_as_large_as_the_newest_ones_usually_are() -> None:
    past = replace(
        two_versions(), observations=(*labelled(9), *[observation(n, Quantity.ROWS, 500.0) for n in range(10)])
    )
    assert evidence(past).rows == 500


def test_without_any_batch_there_is_no_price() -> None:
    asked = question(history(1, observations=[], windows=(), versions=[], promotions=[], as_of=week(0).start))
    price = price_of(asked.facts, asked.policy.costs, scale=1.0)
    assert (price.rows, price.in_losses) == (0.0, 0.0)


def test_errors_are_scaled_by_what_a_constant_loses() -> None:
    past = replace(two_versions(), metric="mae", higher_is_better=False)
    past = replace(past, gates=(replace(past.gates[0], metrics={"dummy": {"mae": 8.0}}), past.gates[1]))
    assert evidence(past, bounded=False).scale == 8.0
    unknown = replace(past, gates=(), promotions=(promotion(baseline={"mae": 3.0}),))
    assert evidence(unknown, bounded=False).scale == 6.0
    assert evidence(replace(unknown, promotions=(promotion(),)), bounded=False).scale == 1.0


# --- what the plan says is what the rule says


def answered(**changes: Any) -> SimpleNamespace:
    return SimpleNamespace(**{**vars(ANSWER), **changes})


ANSWER = SimpleNamespace(
    verdict=PlanVerdict.LOOK,
    least_gain=0.012,
    reason="plausible",
    staleness=0.02,
    staleness_sd=0.01,
    speed=0.003,
    expected_loss=0.023,
    saving=-0.004,
    price=0.02,
    price_limit=0.031,
    retrain_in=(2, 9),
    cap=0.1,
    measured_loss=0.05,
    sudden=0.1,
    sentence="A look is worth its price.",
)


@pytest.mark.parametrize(
    ("plan", "look", "verdict", "least_gain"),
    [
        (ANSWER, True, Verdict.RETRAIN, 0.012),
        (ANSWER, False, Verdict.KEEP, None),
        (answered(verdict=PlanVerdict.RETRAIN, least_gain=None), True, Verdict.RETRAIN, None),
        (answered(verdict=PlanVerdict.RETRAIN, least_gain=None), False, Verdict.RETRAIN, None),
        (
            answered(verdict=PlanVerdict.KEEP, least_gain=None, price_limit=float("nan")),
            True,
            Verdict.KEEP,
            None,
        ),
    ],
)
def test_the_plans_answer(
    monkeypatch: pytest.MonkeyPatch, plan: SimpleNamespace, look: bool, verdict: Verdict, least_gain: float | None
) -> None:
    monkeypatch.setitem(cost.__globals__, "make_plan", lambda _, **__: plan)
    result = cost(question(two_versions()), CostRule(kind="cost", look=look))
    assert (result.verdict, result.least_gain, result.sentence) == (verdict, least_gain, plan.sentence)
    assert result.evidence["reason"] == "plausible"
    assert result.evidence["price_limit"] == (None if isnan(plan.price_limit) else 0.031)
    assert result.evidence["retrain_in"] == [2, 9]


def test_without_a_champion_it_cannot_tell() -> None:
    past = history(4, versions=[], promotions=[])
    assert cost(question(past), RULE).verdict is Verdict.CANNOT_TELL


def test_a_dearer_retraining_is_never_asked_for_sooner() -> None:
    """Whatever the plan is: at the price that it names as the limit or less it asks, above it keeps."""
    past = two_versions()
    verdicts = [cost(question(past, costs={"training": price}), RULE).verdict for price in (0.01, 1.0, 100.0, 1e6)]
    assert verdicts == sorted(verdicts, key=[Verdict.RETRAIN, Verdict.KEEP].index)
    assert verdicts[-1] is Verdict.KEEP


@pytest.mark.parametrize(("holdout", "confidence"), [(0.3, 0.95), (0.1, 0.95), (0.6, 0.99)])
def test_the_plan_is_given_what_the_specs_own_gate_holds_out(holdout: float, confidence: float) -> None:
    asked = replace(question(two_versions()), judging=Judging.of(GateSpec(holdout=holdout, confidence=confidence)))
    assert asked.facts.champion is not None
    found = evidence_of(asked, asked.facts.champion)
    assert (found.holdout, found.confidence) == (holdout, confidence)


def test_no_part_of_the_evidence_is_left_at_a_default(monkeypatch: pytest.MonkeyPatch) -> None:
    told: dict[str, Any] = {}
    monkeypatch.setitem(evidence_of.__globals__, "Evidence", lambda **named: told.update(named))
    evidence(two_versions())
    assert told.keys() == {one.name for one in fields(Evidence)}


def test_a_wider_interval_at_a_higher_confidence_says_the_same() -> None:
    known = evidence(two_versions())
    z = NormalDist().inv_cdf(0.995) / NormalDist().inv_cdf(0.975)
    wider = [
        replace(one, low=one.gain - z * (one.gain - one.low), high=one.gain + z * (one.high - one.gain))
        for one in known.comparisons
    ]
    other = replace(known, comparisons=tuple(wider), confidence=0.99)
    one, two = (record_of(seen, scores_of(seen)).per_row for seen in (known, other))
    assert two == pytest.approx(one, rel=0.01)


def test_the_gates_terms_are_part_of_the_id_only_where_they_matter() -> None:
    past, strict = two_versions(), Judging(0.6, 0.99)
    asked = {"window": week(9), "bounded": True}
    planned, calendar = policy_of({"kind": "cost"}), policy_of({"kind": "schedule", "every": 3})
    assert decide(past, planned, **asked).id == decide(past, planned, judging=USUAL, **asked).id
    assert decide(past, planned, **asked).id != decide(past, planned, judging=strict, **asked).id
    assert decide(past, calendar, **asked).id == decide(past, calendar, judging=strict, **asked).id
