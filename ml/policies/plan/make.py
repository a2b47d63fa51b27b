"""From evidence to plan: a pure function of stored observations."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cached_property

from ml.policies.plan.belief import Belief, believe
from ml.policies.plan.evidence import Evidence
from ml.policies.plan.moments import HORIZON, Moments, moments
from ml.policies.plan.pairs import clipped, pairs_of
from ml.policies.plan.plan import Plan, PlanVerdict, Reason
from ml.policies.plan.record import Record, record_of
from ml.policies.plan.scores import Scores, scores_of
from ml.policies.plan.staleness import Curve, fit_curve
from ml.policies.plan.worth import Outlook, Worth, outlook

SPACING = 0.45  # share of the interval which the prices imply that must lie between two looks
USUAL_SPEED = 0.015  # staleness per batch, as a share of the error rate, that this interval is taken from
USUAL_ERROR = 0.2  # the error rate where none was measured
CLEAR = 0.4  # shares of its price that a retraining must save to be made without a condition
_SUDDEN = 0.3  # probability from which a sudden change is named as the reason
_TO_LOOK = 2  # new labelled batches that a look needs: one to learn from, one to measure by
_HALVINGS = 12


class _Known:
    """What does not depend on the price, each part worked out once it is asked for."""

    def __init__(self, evidence: Evidence, scores: Scores) -> None:
        self.evidence, self._scores = evidence, scores
        self.record = record_of(evidence, scores)

    @cached_property
    def curve(self) -> Curve:
        evidence, record = self.evidence, self.record
        pairs = pairs_of(evidence, self._scores)
        return fit_curve(pairs, labelled=evidence.labelled, error=record.error, per_row=record.per_row)

    @cached_property
    def belief(self) -> Belief:
        return believe(self.evidence, self.curve, self.record)

    @cached_property
    def outlook(self) -> Outlook:
        return outlook(self.belief, _moments(self.evidence, self.curve, self.belief), self.record.cap)

    @property
    def new(self) -> int:
        return self.evidence.labelled - self.evidence.champion.until

    @property
    def lag(self) -> int:
        return self.evidence.arrived - self.evidence.labelled


class _Priced:
    """The same at a price of a retraining."""

    def __init__(self, known: _Known, price: float) -> None:
        self.known, self.price = known, price

    @cached_property
    def worth(self) -> Worth:
        return self.known.outlook.worth(self.price)

    @cached_property
    def decided(self) -> tuple[PlanVerdict, Reason]:
        return _decide(self)

    @property
    def least_gain(self) -> float | None:
        """In the unit of the metric; None unless the verdict is to look."""
        if self.decided[0] is not PlanVerdict.LOOK or self.worth.least_gain is None:
            return None
        return self.worth.least_gain * self.known.evidence.scale


def make_plan(evidence: Evidence, *, counterfactual: bool = True, explained: bool = True) -> Plan:
    """Plan the next retrainings and say whether one, or a look, is due now.

    The same evidence always gives the same plan. Labels that have not arrived, and what was observed later, cannot
    matter: they are not in the evidence.

    Args:
        evidence: Stored observations, counted in batches.
        counterfactual: Whether to search the price up to which the
            verdict would have been another (some more milliseconds).
        explained: Whether to work out the figures that explain the plan; without,
            it has its verdict and its least gain alone, which takes less.
    """
    scores = scores_of(evidence)
    if evidence.labelled <= evidence.champion.until:
        return Plan(PlanVerdict.KEEP, Reason.TOO_LITTLE_NEW, price=evidence.price)
    if not len(scores.batch):
        return _by_calendar(evidence)
    known = _Known(evidence, scores)
    asked = _Priced(known, evidence.price)
    if not explained:
        return Plan(*asked.decided, least_gain=asked.least_gain, price=evidence.price)
    plan = _plan(asked)
    if counterfactual and plan.reason in {Reason.DOES_NOT_PAY, Reason.NOTHING_TO_GAIN}:
        return replace(plan, price_limit=_price_limit(known))
    return plan


def _moments(evidence: Evidence, curve: Curve, belief: Belief) -> Moments:
    lag = evidence.arrived - evidence.labelled
    age = clipped(evidence.labelled - evidence.champion.until + lag)
    return moments(curve, belief.change, belief.steady, age=age, lag=clipped(lag))


def _by_calendar(evidence: Evidence) -> Plan:
    """Retrain by the price alone: batches that the champion served have labels, but nothing was measured to go by."""
    served = evidence.champion.until + evidence.arrived - evidence.labelled  # the first batch, or nearly
    if evidence.labelled <= served:
        return Plan(PlanVerdict.KEEP, Reason.TOO_LITTLE_NEW, price=evidence.price)
    every = max(1, math.ceil(_interval(evidence.price, USUAL_ERROR)))
    since = min(evidence.labelled - served, evidence.arrived - max(evidence.asked, default=0))
    verdict, reason = (PlanVerdict.RETRAIN, Reason.CALENDAR) if since >= every else (PlanVerdict.KEEP, Reason.NOT_DUE)
    return Plan(verdict, reason, price=evidence.price, every=every)


def _interval(price: float, error: float) -> float:
    """Batches between retrainings by the price alone: √(2c/β), where cost of staleness and of retraining balance."""
    return math.sqrt(2 * price / (USUAL_SPEED * error))


def _plan(asked: _Priced) -> Plan:
    known, price, found = asked.known, asked.price, asked.worth
    belief, record = known.belief, known.record
    verdict, reason = asked.decided
    if verdict is PlanVerdict.LOOK and reason is Reason.PLAUSIBLE and belief.odds >= _SUDDEN:
        reason = Reason.SUDDEN
    age, lag = known.new + known.lag, known.lag
    staleness = min(belief.mean, record.cap)
    ageing = known.curve.age
    return Plan(
        verdict,
        reason,
        least_gain=asked.least_gain,
        staleness=staleness,
        staleness_sd=belief.sd,
        speed=float(ageing[clipped(lag + 1)] - ageing[clipped(lag)]),
        expected_loss=staleness + float(ageing[clipped(age + 1)] - ageing[clipped(age)]),
        saving=found.blind,
        price=price,
        retrain_in=found.planned.schedule,
        cap=record.cap,
        measured_loss=max(staleness, 0.0) * (known.new + 1) / 2,  # staleness has grown from nothing to this
        sudden=belief.odds,
    )


def _decide(asked: _Priced) -> tuple[PlanVerdict, Reason]:
    """What is cheap to know is asked first."""
    known, price = asked.known, asked.price
    evidence = known.evidence
    if known.record.cap * HORIZON < price:
        return PlanVerdict.KEEP, Reason.NOTHING_TO_GAIN
    if _too_soon(known, price):
        return PlanVerdict.KEEP, Reason.TOO_SOON
    found = asked.worth
    clear = found.blind > CLEAR * price
    if known.new < _TO_LOOK:
        return (PlanVerdict.RETRAIN, Reason.PAYS) if clear else (PlanVerdict.KEEP, Reason.TOO_LITTLE_NEW)
    looking = found.looking - evidence.look * price
    if max(looking, found.blind) <= 0 or found.least_gain is None:
        return PlanVerdict.KEEP, Reason.DOES_NOT_PAY
    if clear and found.blind >= looking and evidence.windows == 1:  # with several windows, all pay for the looks
        return PlanVerdict.RETRAIN, Reason.PAYS
    return PlanVerdict.LOOK, Reason.PLAUSIBLE


def _too_soon(known: _Known, price: float) -> bool:
    """Whether the last look is too near, and waiting for the next one's turn costs less than another retraining."""
    evidence, cap = known.evidence, known.record.cap
    if not evidence.asked:
        return False
    wait = _spacing(known.record, price) - (evidence.arrived - max(evidence.asked))
    if wait <= 0:
        return False
    return wait * cap <= price or wait * min(known.belief.mean, cap) <= price  # nothing is lost beyond the cap


def _spacing(record: Record, price: float) -> float:
    """Share of the interval of the calendar that knows prices alone."""
    return SPACING * _interval(price, record.error)


def _price_limit(known: _Known) -> float:
    """Search the largest price at which a challenger would have been asked for; not a number if there is none."""
    low, high = 0.0, known.evidence.price
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        verdict, _reason = _Priced(known, middle).decided
        low, high = (low, middle) if verdict is PlanVerdict.KEEP else (middle, high)
    return low if low > 0 else math.nan
