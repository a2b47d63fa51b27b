"""The one way in which records become facts: a fold over them in the order of their ``as_of``.

Production feeds a whole history and asks once; a replay feeds batch after batch and asks after each. Because both use
this fold, the facts of a replayed decision are those of the recorded one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import pairwise
from math import isfinite

from ml.domain.approvals import Answer, Approval
from ml.domain.history import History
from ml.domain.holds import ShadowVerdict, hold_asked
from ml.domain.records import Act, GateResult, Observation, Promotion, Quantity, Verdict
from ml.domain.watches import is_automatic
from ml.domain.windows import Window
from ml.policies.facts import Champion, Check, Ending, Facts, Held, Measured, Need, Training
from ml.policies.known import check_of, ending_in_shadow, ending_of, training_of
from ml.policies.series import ByVersion, NewestBatch, Series

_DRIFT = {
    Need.FEATURE_DRIFT: Quantity.DRIFT_SHARE,
    Need.COLUMN_DRIFT: Quantity.COLUMN_DRIFT,
    Need.PREDICTION_DRIFT: Quantity.PREDICTION_DRIFT,
    Need.TARGET_DRIFT: Quantity.TARGET_DRIFT,
}
_QUANTITIES = _DRIFT | {
    Need.METRIC: Quantity.METRIC,
    Need.ESTIMATE: Quantity.ESTIMATED_METRIC,
    Need.ROWS: Quantity.ROWS,
    Need.QUARANTINE: Quantity.QUARANTINED,
}
_IDS_OF_DRIFT = frozenset(id(one) for one in _DRIFT.values())
_OF_VERSIONS = (Quantity.METRIC, Quantity.ESTIMATED_METRIC, Quantity.PREDICTION_DRIFT)


def facts_of(history: History, needs: frozenset[Need] = frozenset(Need)) -> Facts:
    """Draw the facts from a history, leaving out whatever was not known at ``history.as_of`` or is not needed.

    Observations count up to and including that moment. Decisions, versions, verdicts and promotions count strictly
    before it: those of the moment itself follow from the decision that is being taken, and deciding again must not
    see them. An automatic rollback and the end of a hold come before the decision of their moment, and are seen by it.
    """
    now = history.as_of
    ledger = Ledger(history.model, history.metric, higher_is_better=history.higher_is_better, needs=needs)
    ledger.add_windows([window for window in history.windows if window.end <= now])
    of_its_batch = Quantity.COLUMN_DRIFT  # counts for the decision on its own batch and for no other
    ledger.observe(
        one
        for one in history.observations
        if (one.quantity is not of_its_batch or one.window.end == now) and one.as_of <= now and one.window.end <= now
    )
    _follow(ledger, history)
    return ledger.facts(now)


def _follow(ledger: Ledger, history: History) -> None:
    """Tell the ledger what had been decided, and what followed, strictly before now."""
    now = history.as_of
    decided = [one for one in history.decisions if one.as_of < now and ledger.counts(one.verdict)]
    looks = {decision.id for decision in decided if decision.least_gain is not None}
    for decision in decided:
        ledger.decide(check_of(decision))
    for version in (one for one in history.versions if one.as_of < now):
        ledger.train(training_of(version, look=version.run_key in looks))
    for gate in (one for one in history.gates if one.as_of < now):
        ledger.judge(gate)
    released = _settle(ledger, history)
    for approval in (one for one in history.approvals if one.as_of < now):
        ledger.answer(approval)
    for promotion in sorted(history.promotions, key=lambda one: one.generation):
        if promotion.as_of < now or (promotion.as_of == now and _comes_before(promotion, released)):
            ledger.promote(promotion)


def _settle(ledger: Ledger, history: History) -> set[int]:
    """Tell the ledger which holds had ended, this moment included; return who goes live now by that."""
    now = history.as_of
    released = set()
    for one in history.shadows:
        if one.as_of < now or (one.as_of == now and one.comes_first):
            ledger.settle(one)
            released |= {one.version} if one.as_of == now and one.promotes else set()
    return released


def _comes_before(promotion: Promotion, released: set[int]) -> bool:
    """Tell whether a change of champion comes before the decision of its moment; no person was asked, then."""
    return is_automatic(promotion) or (promotion.act is Act.PROMOTE and promotion.to_version in released)


class Ledger:
    """Collects records and gives the facts at any moment; knows nothing that the records do not say."""

    def __init__(self, model: str, metric: str, *, higher_is_better: bool, needs: frozenset[Need]) -> None:
        self._model, self._metric, self._higher_is_better = model, metric, higher_is_better
        self._needs = needs
        wanted = [quantity for need, quantity in _QUANTITIES.items() if need in needs]
        self._of_batches = {
            one: NewestBatch() if one is Quantity.COLUMN_DRIFT else Series()
            for one in (Quantity.LABELLED, *wanted)
            if one not in _OF_VERSIONS
        }
        self._of_versions = {one: ByVersion() for one in wanted if one in _OF_VERSIONS}
        # By identity: to hash a member of an enumeration runs Python code, and there are tens of thousands to ask for.
        self._heard: dict[int, Series | ByVersion] = {
            id(one): of for part in (self._of_batches, self._of_versions) for one, of in part.items()
        }
        self._windows: tuple[Window, ...] = ()
        self._checks: list[Check] = []
        self._trainings: dict[int, Training] = {}
        self._listed: tuple[Training, ...] | None = ()
        self._last_trained: datetime | None = None
        self._champion: int | None = None
        self._baseline: float | None = None
        self._constant: float | None = None
        self._last_retraining: datetime | None = None
        self._holds: dict[int, Held] = {}

    def add_windows(self, windows: Sequence[Window]) -> None:
        """Batches arrived and passed validation."""
        found = (*self._windows, *windows)
        in_order = all(one.start < other.start for one, other in pairwise((*self._windows[-1:], *windows)))
        self._windows = found if in_order else tuple(sorted(set(found)))

    def observe(self, ones: Iterable[Observation]) -> None:
        """Things were measured; of one thing on one batch the last word counts.

        One loop with few calls: in a long history there are tens of thousands of them.
        """
        for one in ones:
            quantity, subject, value = one.quantity, one.subject, one.value
            heard = self._heard.get(id(quantity))
            if heard is None:  # nobody asks for it
                continue
            if isinstance(heard, Series):
                series = heard
            elif one.version and (subject == self._metric or quantity is Quantity.PREDICTION_DRIFT):
                series = heard[one.version]
            else:
                continue
            if value is None or not isfinite(value):
                series.drop(one.window, subject, one.as_of)
            elif id(quantity) in _IDS_OF_DRIFT:
                series.put(_drifted(one, value), one.as_of)
            else:
                series.put(Measured(one.window, subject, value, one.rows), one.as_of)

    def counts(self, verdict: Verdict) -> bool:
        """Tell whether a decision with this verdict is one of the facts."""
        return verdict is Verdict.RETRAIN or Need.CHECKS in self._needs

    def decide(self, check: Check) -> None:
        """A decision was taken."""
        if self.counts(check.verdict):
            self._checks.append(check)
        if check.verdict is Verdict.RETRAIN:
            self._retrained(check.as_of)

    def train(self, training: Training) -> None:
        """A version was trained."""
        timed = Need.SECONDS in self._needs or not training.seconds
        self._trainings[training.version] = training if timed else replace(training, seconds=0.0)
        self._listed = None
        if self._last_trained is None or training.as_of > self._last_trained:
            self._last_trained = training.as_of

    def judge(self, gate: GateResult) -> None:
        """The gate gave its verdict on a version."""
        if gate.champion is None and self._constant is None:
            self._constant = _finite(gate.metrics.get("dummy", {}).get(self._metric))
        training = self._trainings.get(gate.challenger)
        if training is None:
            return
        low, high = gate.interval or (None, None)
        self._listed = None
        batches = hold_asked(gate)
        if batches is not None:
            self._holds[gate.challenger] = Held(gate.challenger, gate.as_of, batches)
        self._trainings[gate.challenger] = replace(
            training,
            ending=ending_of(gate),
            against=gate.champion,
            gain=_finite(gate.difference),
            low=_finite(low),
            high=_finite(high),
            rows=gate.rows,
        )

    def settle(self, verdict: ShadowVerdict) -> None:
        """The hold of a challenger ended: a No of the rows counts as a challenger that was rejected, from then on."""
        self._holds.pop(verdict.version, None)
        training = self._trainings.get(verdict.version)
        if training is not None:
            self._listed = None
            ending = ending_in_shadow(verdict)
            self._trainings[verdict.version] = replace(training, ending=ending, settled=verdict.as_of)

    def answer(self, approval: Approval) -> None:
        """A person answered, or nobody in time: a No counts as a challenger that was rejected, from that time on."""
        training = self._trainings.get(approval.version)
        if training is not None:
            self._listed = None
            ending = Ending.PROMOTED if approval.answer is Answer.APPROVED else Ending.REJECTED
            self._trainings[approval.version] = replace(training, ending=ending, settled=approval.as_of)

    def promote(self, promotion: Promotion) -> None:
        """The champion changed; what was rolled back by the watch counts as a challenger that was rejected then."""
        beaten = self._trainings.get(promotion.from_version or 0) if is_automatic(promotion) else None
        if beaten is not None:
            self._listed = None
            self._trainings[beaten.version] = replace(beaten, ending=Ending.REJECTED, settled=promotion.as_of)
        self._champion = promotion.to_version
        self._baseline = _finite(promotion.baseline.get(self._metric))
        self._retrained(promotion.as_of)

    def _retrained(self, moment: datetime) -> None:
        if self._last_retraining is None or moment > self._last_retraining:
            self._last_retraining = moment

    def facts(self, as_of: datetime) -> Facts:
        """Return the facts as they stand; ``as_of`` is the moment that they are asked for."""
        if self._listed is None:
            self._listed = tuple(self._trainings[number] for number in sorted(self._trainings))
        return Facts(
            model=self._model,
            as_of=as_of,
            metric=self._metric,
            higher_is_better=self._higher_is_better,
            champion=self._champion_facts(),
            windows=self._windows,
            labelled=self._of_batches[Quantity.LABELLED].counts(),
            rows=self._batches(Quantity.ROWS).counts(),
            metrics=self._metrics(),
            estimates=self._champions(Quantity.ESTIMATED_METRIC),
            drift={one: self._drift(one, as_of) for need, one in _DRIFT.items() if need in self._needs},
            quarantined=self._batches(Quantity.QUARANTINED).shares(),
            trainings=self._listed,
            checks=tuple(self._checks),
            constant=self._constant,
            last_trained=self._last_trained,
            last_retraining=self._last_retraining,
            held=max(self._holds.values(), key=lambda one: (one.since, one.version), default=None),
        )

    def _champion_facts(self) -> Champion | None:
        training = self._trainings.get(self._champion or 0)
        if training is None:
            return None
        return Champion(training.version, training.trained_from, training.seen_until, self._baseline)

    def _metrics(self) -> dict[int, tuple[Measured, ...]]:
        found: Mapping[int, Series] = self._of_versions.get(Quantity.METRIC, {})
        who = sorted(found) if Need.SHADOWS in self._needs else [self._champion or 0]
        return {version: found[version].values() for version in who if version in found}

    def _drift(self, quantity: Quantity, as_of: datetime) -> tuple[Measured, ...]:
        if quantity in _OF_VERSIONS:
            return self._champions(quantity)
        values = self._batches(quantity).values()
        if quantity is not Quantity.COLUMN_DRIFT:
            return values
        return tuple(one for one in values if one.window.end == as_of)

    def _champions(self, quantity: Quantity) -> tuple[Measured, ...]:
        found: Mapping[int, Series] = self._of_versions.get(quantity, {})
        return found.get(self._champion or 0, _EMPTY).values()

    def _batches(self, quantity: Quantity) -> Series:
        return self._of_batches.get(quantity, _EMPTY)


def _drifted(one: Observation, value: float) -> Measured:
    """What rules may know of a measured drift."""
    told = one.detail.get
    drifted, significant, weight = told("drifted"), told("significant"), told("weight")
    return Measured(
        one.window,
        one.subject,
        value,
        one.rows,
        drifted=None if drifted is None else bool(drifted),
        significant=None if significant is None else bool(significant),
        weight=None if weight is None else float(weight),
    )


def _finite(value: float | None) -> float | None:
    return value if value is not None and isfinite(value) else None


_EMPTY = Series()
