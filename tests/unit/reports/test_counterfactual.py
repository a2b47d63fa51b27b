"""What would have changed a decision."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ml.domain.records import RuleResult, Verdict
from ml.domain.windows import Window
from ml.reports import explanation_text
from ml.reports.counterfactual import counterfactual
from ml.views.explanation import Explanation
from tests.unit.reports.rows import START, WEEK, decision_of
from tests.unit.views.story import asked

RETRAIN, KEEP = Verdict.RETRAIN, Verdict.KEEP
WINDOW = Window(START, START + WEEK)


def explained(verdict: Verdict, result: RuleResult | None = None, **changes: Any) -> Explanation:
    decision = decision_of(WINDOW, verdict)
    return Explanation(replace(decision, result=result or decision.result, **changes), None, None, None)


def test_of_a_yes_it_is_a_smaller_value() -> None:
    assert counterfactual(explained(RETRAIN)) == "a loss in the metric below 0.0500 (now 0.0700)."


def test_of_a_no_it_is_any_greater_value() -> None:
    said = counterfactual(explained(KEEP))
    assert said.startswith("a loss in the metric of at least 0.0500 (now 0.0100) or ")
    assert said.endswith(" or batches since the last training of at least 10 (now 3).")


def test_of_a_guarded_no_it_is_the_guard() -> None:
    found = Explanation(asked(1, KEEP, holding="cooldown"), None, None, None)
    assert counterfactual(found) == "time since the last retraining of at least 1w (now 1d)."


def leaf(kind: str, verdict: Verdict, value: float, threshold: float, **evidence: Any) -> RuleResult:
    return RuleResult(kind, verdict, "So it is.", value, threshold, evidence)


PLAN = {"price": 0.02, "price_limit": 0.031}
DAY = 86_400.0


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (leaf("cost", KEEP, -0.01, 0.0, **PLAN), "a retraining that costs at most 0.0310 of a batch of errors"),
        (leaf("cost", RETRAIN, 0.01, 0.0, **PLAN), "a retraining that costs more than 0.0310 of a batch of errors"),
        (leaf("cost", KEEP, -0.01, 0.0, price=0.02, price_limit=None), "no number would"),
        (leaf("adaptive", KEEP, 0.1, 0.1), "a value above 0.1000 (now 0.1000)"),
        (leaf("adaptive", RETRAIN, 0.2, 0.1), "a value of at most 0.1000 (now 0.2000)"),
        (
            leaf("schedule", KEEP, 2 * DAY, 7 * DAY, unit="seconds"),
            "time since the last training of at least 1w (now 2d)",
        ),
        (leaf("estimated_performance", KEEP, 0.01, 0.05), "a loss in the estimated metric of at least 0.0500"),
        (leaf("change_point", RETRAIN, 3.5, 2.84), "a detector's level below 2.8400 (now 3.5000)"),
    ],
    ids=lambda one: one.kind if isinstance(one, RuleResult) else None,
)
def test_rules_in_their_units(found: RuleResult, words: str) -> None:
    assert counterfactual(explained(found.verdict, found)).startswith(words)


@pytest.mark.parametrize(
    ("guard", "words"),
    [
        (leaf("budget", KEEP, 3.0, 3.0, of="retrainings", period="30d"), "fewer than 3 retrainings in 30d (now 3)."),
        (
            leaf("budget", KEEP, 12.5, 10.0, of="cost", period="30d"),
            "retrainings that cost at most 10 in 30d (now 12.5",
        ),
        (leaf("confirm", KEEP, 1.0, 2.0), "checks in which the rules asked of at least 2 (now 1)."),
        (leaf("back_off", KEEP, 1.0, 4.0), "batches since the last rejected challenger of at least 4 (now 1)."),
    ],
    ids=lambda one: one.kind if isinstance(one, RuleResult) else None,
)
def test_guards_in_their_units(guard: RuleResult, words: str) -> None:
    asks = leaf("performance", RETRAIN, 0.1, 0.05)
    assert counterfactual(explained(KEEP, asks, guards=(guard,))).startswith(words)


def test_below_a_not_it_is_the_other_way_round() -> None:
    drifted = leaf("drift", RETRAIN, 0.8, 0.5)
    tree = RuleResult("not", KEEP, "The opposite.", 0.0, 1.0, of=(drifted,))
    assert counterfactual(explained(KEEP, tree)) == "drift below 0.5000 (now 0.8000)."
    calm = replace(tree, verdict=RETRAIN, of=(leaf("drift", KEEP, 0.1, 0.5),))
    assert counterfactual(explained(RETRAIN, calm)) == "drift of at least 0.5000 (now 0.1000)."


def test_a_look_says_on_what_condition_it_goes_live() -> None:
    text = explanation_text(explained(RETRAIN, least_gain=0.0123))
    assert "The challenger goes live only if it gains at least 0.0123 in the primary metric." in text
    assert "goes live" not in explanation_text(explained(RETRAIN))
