"""Retrain when that costs less than keeping the champion."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from datetime import UTC, datetime
from math import isfinite, nan
from operator import attrgetter
from typing import Any

import numpy as np

from ml.domain.records import RuleResult, Verdict
from ml.domain.windows import Window
from ml.policies.facts import Champion, Ending, Facts, Measured, Training
from ml.policies.plan import LOOKED_BACK, Comparison, Evidence, Fitted, Losses, Plan, PlanVerdict, make_plan
from ml.policies.price import price_of
from ml.policies.question import Question
from ml.specs.rules import CostRule

MEMORY = 100
"""Batches of which comparisons are looked at, the newest ones: of the losses, the plan remembers fewer."""

_EVER = datetime.min.replace(tzinfo=UTC)
_BEGIN, _START = attrgetter("start"), attrgetter("window.start")


def cost(question: Question, spec: CostRule) -> RuleResult:
    """Make the cheapest plan for the next batches from the model's own record, and do what it says for now."""
    facts = question.facts
    champion = facts.champion
    if champion is None:
        return RuleResult(spec.kind, Verdict.CANNOT_TELL, "There is no champion whose staleness could be known.")
    evidence = evidence_of(question, champion)
    plan = make_plan(evidence, counterfactual=question.counterfactual, explained=question.explained)
    look = plan.verdict is PlanVerdict.LOOK and spec.look
    verdict = Verdict.RETRAIN if look or plan.verdict is PlanVerdict.RETRAIN else Verdict.KEEP
    least_gain = plan.least_gain if look else None
    if not question.explained:
        return RuleResult(spec.kind, verdict, "", least_gain=least_gain)
    return RuleResult(
        kind=spec.kind,
        verdict=verdict,
        sentence=plan.sentence,
        value=_known(plan.saving),
        threshold=0.0,
        evidence=_explained(plan),
        least_gain=least_gain,
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


class _Places(dict[datetime, int]):
    """How many batches have ended at a moment: the place of the one that it lies in, or of the next.

    Each moment is looked up once: all versions were measured on the same batches.
    """

    def __init__(self, windows: tuple[Window, ...]) -> None:
        super().__init__()
        self._ends = [window.end for window in windows]

    def __missing__(self, moment: datetime) -> int:
        place = self[moment] = bisect_right(self._ends, moment)
        return place


class _Versions(dict[int, Fitted | None]):
    """What a version was fitted on; None for one that is not known. Only the few that are asked for are counted out."""

    def __init__(self, facts: Facts, places: _Places) -> None:
        super().__init__()
        self._trainings, self._places = {one.version: one for one in facts.trainings}, places

    def __missing__(self, version: int) -> Fitted | None:
        one, places = self._trainings.get(version), self._places
        found = None if one is None else Fitted(version, places[one.trained_from], places[one.seen_until])
        self[version] = found
        return found


def evidence_of(question: Question, champion: Champion) -> Evidence:
    """Count the facts in batches, as the plan wants them."""
    facts, policy = question.facts, question.policy
    places = _Places(facts.windows)
    price = price_of(facts, policy.costs, scale=question.scale)
    fitted = _Versions(facts, places)
    oldest, labelled = max(0, len(facts.windows) - MEMORY), _labelled(facts, places)
    newest = facts.trainings[-1]
    asked = max((check.as_of for check in facts.checks if check.verdict is Verdict.RETRAIN), default=None)
    return Evidence(
        champion=Fitted(champion.version, places[champion.trained_from], places[champion.seen_until]),
        arrived=len(facts.windows),
        labelled=labelled,
        losses=_losses(question, places, fitted, max(oldest, labelled - LOOKED_BACK)),
        comparisons=tuple(_comparisons(facts, places, fitted, oldest)),
        asked=() if asked is None else (places[asked],),
        price=price.in_losses,
        look=price.look * newest.windows,
        scale=question.scale,
        holdout=question.judging.holdout,
        confidence=question.judging.confidence,
        rows=round(price.rows),
        windows=newest.windows,
        shortest=_shortest(newest, price.rows),
    )


def _shortest(newest: Training, rows: float) -> int | None:
    """Batches of the shortest window that the newest training tried; None if it tried only one."""
    return max(1, round(newest.fewest_rows / rows)) if newest.windows > 1 and newest.fewest_rows and rows else None


def _labelled(facts: Facts, places: _Places) -> int:
    newest = next((window for window, rows in reversed(facts.labelled.items()) if rows > 0), None)
    return 0 if newest is None else places[newest.start] + 1


def _losses(question: Question, places: _Places, fitted: _Versions, oldest: int) -> Losses:
    since = _start_of(oldest, question.facts.windows)
    models, counts, found = [], [], list[Measured]()
    for version, values in question.facts.metrics.items():
        if not values or values[-1].window.start < since:  # of nearly all former champions
            continue
        who = fitted[version]
        if who is not None:
            newest = values[: bisect_left(values, since, key=_START) - len(values) - 1 : -1]
            models.append(who)
            counts.append(len(newest))
            found += newest
    windows, _, metrics, rows, *_ = zip(*found, strict=True) if found else [()] * len(Measured._fields)
    return Losses(
        models,
        counts,
        np.array([*map(places.__getitem__, map(_BEGIN, windows))], dtype=np.int64),
        question.loss(np.array(metrics, dtype=np.float64)),
        np.array(rows, dtype=np.int64),
    )


def _comparisons(facts: Facts, places: _Places, fitted: _Versions, oldest: int) -> Iterator[Comparison]:
    since = _start_of(oldest, facts.windows)
    for one in facts.trainings:
        if one.gain is None or one.trained_until < since:
            continue
        champion = fitted[one.against or 0]
        if champion is None:
            continue
        first = places[one.trained_until]
        yield Comparison(
            champion=champion,
            challenger=Fitted(one.version, places[one.trained_from], first),
            first=first,
            until=_held_out_until(facts, one.rows, first),
            gain=one.gain,
            low=nan if one.low is None else one.low,
            high=nan if one.high is None else one.high,
            rows=one.rows,
            promoted=one.ending is Ending.PROMOTED,
        )


def _start_of(place: int, windows: tuple[Window, ...]) -> datetime:
    """The moment from which on the place of a moment is this one or a later one."""
    return windows[place - 1].end if place else _EVER


def _held_out_until(facts: Facts, left: int, first: int) -> int:
    """The batches whose labelled rows add up to the held-out ones."""
    place = first
    while left > 0 and place < len(facts.windows):
        left -= facts.labelled.get(facts.windows[place], 0)
        place += 1
    return max(place, first + 1)
