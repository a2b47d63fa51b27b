"""Play one policy over a model's past, with the decision's own code.

What production keeps in the database between two batches, the player keeps in a ledger; the questions, the rules, the
guards and the gate are the same functions, so a played decision is the decision that would have been recorded.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from ml.domain.holds import HELD, ShadowEnding, ShadowVerdict, batches_of_hold
from ml.domain.records import Act, Observation, Promotion, Quantity, Verdict
from ml.domain.watches import batches_of_look, is_over, watch_key
from ml.policies.decide import conclude, identified
from ml.policies.facts import Check, Need, Training
from ml.policies.ledger import Ledger
from ml.policies.needs import needs_of
from ml.policies.question import Question
from ml.policies.replay.beside import arrivals, places_of_both, scored_batches
from ml.policies.replay.move import Move, Setting
from ml.policies.replay.world import Challenge, World
from ml.specs.policy import PolicySpec

_DRIFT = frozenset({Need.FEATURE_DRIFT, Need.COLUMN_DRIFT, Need.PREDICTION_DRIFT, Need.TARGET_DRIFT})


@dataclass(frozen=True, slots=True)
class _Hold:
    """Who is held in the shadow, since when, and against the champion of which generation."""

    number: int
    since: datetime
    generation: int


@dataclass(slots=True)
class _Versions:
    """All versions so far: number → challenge; the champion; earlier champions, the last to serve first.

    ``since`` is when the champion was promoted over the newest of the earlier ones; None if it is not watched, or no
    longer. ``looked`` is when the last look at it was taken, ``held`` the challenger in the shadow.
    """

    all: dict[int, Challenge] = field(default_factory=dict)
    champion: int | None = None
    former: list[int] = field(default_factory=list)
    generation: int = 0
    since: datetime | None = None
    looked: datetime | None = None
    held: _Hold | None = None


def play(
    world: World,
    policy: PolicySpec,
    setting: Setting,
    *,
    record: bool = False,
    reasons: bool = True,
    until: int | None = None,
) -> tuple[Move, ...]:
    """Return what the policy would have done after every batch, in order.

    With ``record`` every move carries the decision as production would have recorded it, its id included; that takes
    many times as long. Without ``reasons`` the moves are the same, but do not carry why: what only explains is not
    worked out, and not kept, which of thousands of decisions takes most of the memory. ``until`` plays the first so
    many batches only.
    """
    return tuple(_Player(world, policy, setting, record=record, reasons=record or reasons).moves(until))


class _Player:
    """The state of one play; everything that a decision sees goes through the ledger."""

    def __init__(self, world: World, policy: PolicySpec, setting: Setting, *, record: bool, reasons: bool) -> None:
        self._world, self._steps, self._policy, self._setting = world, world.steps, policy, setting
        self._record, self._reasons = record, reasons
        self._needs = needs_of(policy)
        self._ledger = Ledger(
            setting.model, setting.metric, higher_is_better=setting.higher_is_better, needs=self._needs
        )
        self._versions = _Versions()
        self._scored: list[tuple[int, ...]] = []
        self._policy_json: Any = policy.model_dump(mode="json") if record else None

    def moves(self, until: int | None) -> Iterator[Move]:
        count = len(self._steps) if until is None else min(until, len(self._steps))
        for place in range(count):
            yield self._move(place)

    def _move(self, place: int) -> Move:
        step, versions = self._steps[place], self._versions
        served = None if versions.champion is None else versions.all[versions.champion].serving
        self._scored.append(self._scorers())
        self._ledger.add_windows([step.window])
        self._ledger.observe(self._observations(place))
        rolled_back, released = self._watch(place), self._settle(place)
        question = Question(
            self._ledger.facts(step.as_of),
            step.window,
            self._policy,
            asked=False,
            bounded=self._setting.bounded,
            counterfactual=self._record,
            explained=self._reasons,
            judging=self._setting.judging,
        )
        conclusion = conclude(question)
        decision = identified(question, conclusion, self._policy_json) if self._record else None
        asked = conclusion.result.verdict is Verdict.RETRAIN
        look = conclusion.least_gain is not None
        move = Move(
            step.window,
            served,
            look,
            conclusion if self._reasons else None,
            decision=decision,
            rolled_back=rolled_back,
            released=released,
        )
        self._ledger.decide(Check(step.as_of, step.window, asked, conclusion.verdict, look))
        if conclusion.verdict is not Verdict.RETRAIN:
            return move
        return self._retrain(place, move, conclusion.least_gain)

    def _scorers(self) -> tuple[int, ...]:
        """Who scores a batch: the champion and, in the shadow, the one that is held and some former champions."""
        versions = self._versions
        if versions.champion is None:
            return ()
        held = () if versions.held is None else (versions.held.number,)
        return (versions.champion, *held, *versions.former[: self._setting.shadows])

    def _observations(self, place: int) -> Iterator[Observation]:
        """What monitoring would have recorded with this batch."""
        step, setting = self._steps[place], self._setting
        window, now = step.window, step.as_of
        if Need.ROWS in self._needs:
            yield Observation(window, now, Quantity.ROWS, value=float(step.rows), rows=step.rows)
        if Need.QUARANTINE in self._needs:
            yield Observation(window, now, Quantity.QUARANTINED, value=step.quarantined, rows=step.rows)
        champion = self._versions.champion
        if champion is not None and self._needs & _DRIFT:
            for one in self._world.drift(self._versions.all[champion], place, self._needs):
                yield replace(one, version=champion) if one.quantity is Quantity.PREDICTION_DRIFT else one
        for other, rows in step.labelled:
            batch = self._steps[other].window
            yield Observation(batch, now, Quantity.LABELLED, value=float(rows), rows=rows)
            if Need.METRIC not in self._needs or rows == 0:
                continue
            for version in self._scored[other]:
                value = self._world.metric(self._versions.all[version].serving, other, place)
                yield Observation(batch, now, Quantity.METRIC, setting.metric, version, value, rows)

    def _retrain(self, place: int, move: Move, least: float | None) -> Move:
        versions = self._versions
        champion = None if versions.champion is None else versions.all[versions.champion]
        challenge = self._world.challenge(place, champion, least, tuple(versions.all.values()))
        if challenge is None:
            return move
        number = len(versions.all) + 1
        versions.all[number] = challenge
        now = move.window.end
        self._ledger.train(_training(number, challenge, now, look=least is not None))
        gate = replace(challenge.gate, challenger=number, champion=versions.champion)
        held = gate.passed and bool(self._setting.shadow) and versions.champion is not None
        if held:
            gate = replace(gate, evidence={**gate.evidence, HELD: {"batches": self._setting.shadow}})
            versions.held = _Hold(number, now, versions.generation)
        self._ledger.judge(gate)
        if gate.passed and not held:
            self._change(number, now, Act.PROMOTE)
        return replace(move, challenge=challenge, promoted=gate.passed and not held, held=held)

    def _watch(self, place: int) -> bool:
        """Look after a new champion as production does before it decides; tell whether it was rolled back."""
        asked, versions = self._setting.watch, self._versions
        if asked is None or versions.since is None or versions.champion is None or not versions.former:
            return False
        steps = self._steps[: place + 1]
        now, pair = steps[-1].as_of, {versions.champion, versions.former[0]}
        places = places_of_both(steps, self._scored, pair, since=versions.since)
        arrived = arrivals(steps, places)
        if is_over(arrived, looked=versions.looked, most=asked.batches):
            versions.since = None
            return False
        looked = batches_of_look(arrived, since=versions.since, now=now, most=asked.batches, looked=versions.looked)
        versions.looked = now if looked else versions.looked
        champion, beaten = versions.all[versions.champion], versions.all[versions.former[0]]
        if not looked or not self._world.surely_worse(champion, beaten, [places[one] for one in looked], place):
            return False
        if asked.rollback:
            self._change(versions.former[0], now, Act.ROLLBACK)
        return asked.rollback

    def _settle(self, place: int) -> bool | None:
        """End a hold as production does before it decides; tell whether the challenger went live by that."""
        held, champion, setting = self._versions.held, self._versions.champion, self._setting
        if held is None or champion is None:
            return None
        steps = self._steps[: place + 1]
        now = steps[-1].as_of
        if held.generation != self._versions.generation:
            return self._end(held, ShadowEnding.STALE, now)
        places = places_of_both(steps, self._scored, {held.number, champion}, since=held.since)
        scored = scored_batches(steps, places)
        chosen = batches_of_hold(scored, since=held.since, now=now, most=setting.shadow, grace=setting.grace)
        if chosen is None:
            return None
        every = self._versions.all
        stand = self._world.stands(every[held.number], every[champion], [places[one] for one in chosen], place)
        if stand.compared:
            every[held.number] = replace(every[held.number], shadowed=(chosen[0].start, chosen[-1].end))
        return self._end(held, ShadowEnding.PASSED if stand.passed else ShadowEnding.REJECTED, now)

    def _end(self, held: _Hold, ending: ShadowEnding, now: datetime) -> bool:
        self._ledger.settle(ShadowVerdict(self._setting.model, held.number, ending, "", None, None, 0, now, now))
        self._versions.held = None
        if ending is ShadowEnding.PASSED:
            self._change(held.number, now, Act.PROMOTE)
        return ending is ShadowEnding.PASSED

    def _change(self, number: int, now: datetime, act: Act) -> None:
        """Change the champion: to a challenger, or back to a former one."""
        versions = self._versions
        generation = versions.generation + 1
        promotion = Promotion(
            model=self._setting.model,
            generation=generation,
            act=act,
            from_version=versions.champion,
            to_version=number,
            run_key=watch_key(versions.generation) if act is Act.ROLLBACK else "",
            as_of=now,
            baseline=versions.all[number].gate.metrics["challenger"],
            reason="",
            actor="",
            created_at=now,
        )
        self._ledger.promote(promotion)
        versions.former = [one for one in versions.former if one != number]
        if versions.champion is not None:
            versions.former.insert(0, versions.champion)
        versions.since = now if act is Act.PROMOTE and versions.champion is not None else None
        versions.champion, versions.generation, versions.looked = number, generation, None


def _training(number: int, challenge: Challenge, now: datetime, *, look: bool) -> Training:
    return Training(
        version=number,
        as_of=now,
        trained_from=challenge.trained_from,
        trained_until=challenge.trained_until,
        seen_until=challenge.seen_until,
        look=look,
        windows=challenge.windows,
        fewest_rows=challenge.fewest_rows,
        seconds=challenge.seconds,
    )
