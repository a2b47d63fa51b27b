"""Retrain when that costs less than keeping the champion."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from datetime import datetime
from math import isfinite, nan
from typing import Any

from ml.domain.records import RuleResult, Verdict
from ml.domain.windows import Window
from ml.policies.facts import Champion, Ending, Facts
from ml.policies.plan import Comparison, Evidence, Fitted, Loss, Plan, PlanVerdict, make_plan
from ml.policies.price import price_of
from ml.policies.question import Question
from ml.specs.rules import CostRule

MEMORY = 100
"""Batches of evidence that are looked at, the newest ones: ten half-lives of what the plan learns from."""


def cost(question: Question, spec: CostRule) -> RuleResult:
    """Make the cheapest plan for the next batches from the model's own record, and do what it says for now."""
    facts = question.facts
    champion = facts.champion
    if champion is None:
        return RuleResult(spec.kind, Verdict.CANNOT_TELL, "There is no champion whose staleness could be known.")
    plan = make_plan(evidence_of(question, champion), counterfactual=question.counterfactual)
    look = plan.verdict is PlanVerdict.LOOK and spec.look
    asks = look or plan.verdict is PlanVerdict.RETRAIN
    return RuleResult(
        kind=spec.kind,
        verdict=Verdict.RETRAIN if asks else Verdict.KEEP,
        sentence=plan.sentence,
        value=_known(plan.saving),
        threshold=0.0,
        evidence=_explained(plan),
        least_gain=plan.least_gain if look else None,
    )


def _explained(plan: Plan) -> dict[str, Any]:
    numbers = {
        "staleness": plan.staleness,
        "staleness_sd": plan.staleness_sd,
        "speed": plan.speed,
        "expected_loss": plan.expected_loss,
        "price": plan.price,
        "price_limit": plan.price_limit,
        "measured_loss": plan.measured_loss,
        "cap": plan.cap,
        "sudden": plan.sudden,
    }
    known = {name: _known(value) for name, value in numbers.items()}
    return {"reason": str(plan.reason), **known, "retrain_in": list(plan.retrain_in)}


def _known(value: float) -> float | None:
    """A record has no place for what is not a number."""
    return value if isfinite(value) else None


class _Batches:
    """Places of moments in the sequence of batches."""

    def __init__(self, windows: tuple[Window, ...]) -> None:
        self._ends = [window.end for window in windows]

    def before(self, moment: datetime) -> int:
        """Count the batches that have ended at a moment: the place of the one that it lies in, or of the next."""
        return bisect_right(self._ends, moment)


def evidence_of(question: Question, champion: Champion) -> Evidence:
    """Count the facts in batches, as the plan wants them."""
    facts, policy = question.facts, question.policy
    batches = _Batches(facts.windows)
    price = price_of(facts, policy.costs, scale=question.scale)
    fitted = {
        one.version: Fitted(one.version, batches.before(one.trained_from), batches.before(one.seen_until))
        for one in facts.trainings
    }
    oldest = max(0, len(facts.windows) - MEMORY)
    newest = facts.trainings[-1]
    return Evidence(
        champion=fitted[champion.version],
        arrived=len(facts.windows),
        labelled=_labelled(facts, batches),
        losses=tuple(_losses(question, batches, fitted, oldest)),
        comparisons=tuple(_comparisons(facts, batches, fitted, oldest)),
        asked=tuple(batches.before(check.as_of) for check in facts.checks if check.verdict is Verdict.RETRAIN),
        price=price.in_losses,
        look=price.look * newest.windows,
        scale=question.scale,
        rows=round(price.rows),
    )


def _labelled(facts: Facts, batches: _Batches) -> int:
    newest = [window for window, rows in facts.labelled.items() if rows > 0][-1:]
    return batches.before(newest[0].start) + 1 if newest else 0


def _losses(question: Question, batches: _Batches, fitted: dict[int, Fitted], oldest: int) -> Iterator[Loss]:
    for version, values in question.facts.metrics.items():
        who = fitted.get(version)
        if who is None:
            continue
        for one in reversed(values):
            place = batches.before(one.window.start)
            if place < oldest:
                break
            yield Loss(who, place, question.loss(one.value), one.rows)


def _comparisons(facts: Facts, batches: _Batches, fitted: dict[int, Fitted], oldest: int) -> Iterator[Comparison]:
    for one in facts.trainings:
        champion = fitted.get(one.against or 0)
        if champion is None or one.gain is None:
            continue
        first = batches.before(one.trained_until)
        if first < oldest:
            continue
        yield Comparison(
            champion=champion,
            challenger=Fitted(one.version, batches.before(one.trained_from), first),
            first=first,
            until=_held_out_until(facts, one.rows, first),
            gain=one.gain,
            low=nan if one.low is None else one.low,
            high=nan if one.high is None else one.high,
            rows=one.rows,
            promoted=one.ending is Ending.PROMOTED,
        )


def _held_out_until(facts: Facts, left: int, first: int) -> int:
    """The batches whose labelled rows add up to the held-out ones."""
    place = first
    while left > 0 and place < len(facts.windows):
        left -= facts.labelled.get(facts.windows[place], 0)
        place += 1
    return max(place, first + 1)
