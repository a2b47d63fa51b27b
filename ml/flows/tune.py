"""tune: search the numbers of a policy on the earlier part of the past, and report on the later part only."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from ml.domain.digests import canonical_json
from ml.domain.errors import DataError
from ml.flows.knobs import Placed, knobs_of, turned
from ml.flows.replay import OnProgress, staged
from ml.flows.workspace import Workspace
from ml.policies.replay import (
    EARLIER,
    LEAST_BATCHES,
    SURE,
    UNTUNED,
    Account,
    LossOf,
    Move,
    Prices,
    Rival,
    Setting,
    Tuned,
    World,
    account,
    first_shared,
    plain_policies,
    play,
    with_costs,
)
from ml.policies.replay.account import interval, resampled_sums
from ml.specs import ModelSpec
from ml.specs.policy import Costs, PolicySpec

if TYPE_CHECKING:
    import optuna

_RESAMPLES = 2000


@dataclass(frozen=True, slots=True)
class _Table:
    """Where policies are played, and what that costs."""

    world: World
    setting: Setting
    costs: Costs
    prices: Prices
    loss_of: LossOf

    def play(self, policy: PolicySpec, until: int | None = None) -> tuple[Move, ...]:
        """Play a policy under the costs of all."""
        return play(self.world, with_costs(policy, self.costs), self.setting, reasons=False, until=until)

    def bill(self, moves: tuple[Move, ...], first: int) -> Account:
        """Add up a play from a batch on."""
        return account(moves, self.loss_of, self.prices, first=first)


@dataclass(slots=True)
class _Search:
    """What was tried: each setting is played once, however often it is proposed."""

    cost_of: Callable[[PolicySpec], float]
    start: PolicySpec
    places: tuple[Placed, ...]
    known: dict[str, float] = field(default_factory=dict)
    best: tuple[float, PolicySpec] = (math.inf, PolicySpec())

    def try_out(self, values: Mapping[str, float]) -> float:
        """Return the cost of a setting on the earlier batches; of equals the first one stays the best."""
        key = canonical_json(dict(values))
        if key not in self.known:
            policy = turned(self.start, {one.place: values[one.name] for one in self.places})
            self.known[key] = cost = self.cost_of(policy)
            if cost < self.best[0]:
                self.best = (cost, policy)
        return self.known[key]


def tune_policy(
    workspace: Workspace,
    spec: ModelSpec,
    policy: PolicySpec,
    *,
    trials: int = 100,
    seed: int = 0,
    start: datetime | None = None,
    end: datetime | None = None,
    costs: Costs | None = None,
    jobs: int | None = None,
    on_progress: OnProgress | None = None,
) -> Tuned:
    """Tune a policy over the batches on record in ``[start, end)``; arguments as for a replay, and :func:`tune`.

    ``on_progress`` is told (``"trainings"`` or ``"trials"``, done, of).
    """
    with staged(workspace, spec, start=start, end=end, costs=costs, jobs=jobs, on_progress=on_progress) as stage:
        return tune(
            stage.world,
            policy,
            stage.setting,
            costs=stage.costs,
            prices=stage.prices,
            loss_of=stage.loss_of,
            trials=trials,
            seed=seed,
            on_trial=None if on_progress is None else partial(on_progress, "trials"),
        )


def tune(
    world: World,
    policy: PolicySpec,
    setting: Setting,
    *,
    costs: Costs,
    prices: Prices,
    loss_of: LossOf,
    trials: int,
    seed: int,
    on_trial: Callable[[int, int], None] | None = None,
) -> Tuned:
    """Search the numbers of a policy for the least cost on the first 60 % of the batches, by optuna's TPE.

    The rest of the batches, which the search never sees, tells what it was worth. The same past, policy, trials and
    seed give the same answer.

    Raises:
        SpecError: the policy has no number that can be tuned.
        DataError: there are too few batches.
    """
    places = knobs_of(policy)
    table = _Table(world, setting, costs, prices, loss_of)
    played = {name: table.play(one) for name, one in {UNTUNED: policy, **plain_policies(policy)}.items()}
    first, middle = _parts(first_shared(played), len(world.steps))
    search = _Search(lambda one: table.bill(table.play(one, until=middle), first).total, policy, places)
    before = search.try_out({one.name: one.value for one in places})
    _propose(search, trials, seed, on_trial)
    after, best = search.best
    own = table.bill(table.play(best), middle)
    rivals = {name: _rival(table.bill(moves, middle), own, seed) for name, moves in played.items()}
    values = {old.name: (old.value, new.value) for old, new in zip(places, knobs_of(best), strict=True)}
    sure = rivals[UNTUNED].saved > 0 and rivals[UNTUNED].confidence >= SURE
    later = len(world.steps) - middle
    return Tuned(
        policy=best,
        values=values,
        trials=len(search.known),
        earlier=middle - first,
        later=later,
        searched=(before, after),
        cost=own.total,
        rivals=rivals,
        sure=sure,
        sentence=_sentence(values, rivals[UNTUNED], later, sure=sure),
    )


def _parts(first: int, count: int) -> tuple[int, int]:
    """Where the earlier part of the batches begins and where it ends."""
    if count - first < LEAST_BATCHES:
        raise DataError(
            f"{count - first} batches with a champion are too few to tune on, {LEAST_BATCHES} are needed.",
            remedy="wait for more batches, or tune on a longer span.",
        )
    return first, first + round((count - first) * EARLIER)


def _propose(search: _Search, trials: int, seed: int, on_trial: Callable[[int, int], None] | None) -> None:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(direction="minimize", sampler=optuna.samplers.TPESampler(seed=seed))
    for done in range(trials):
        trial = study.ask()
        study.tell(trial, search.try_out({one.name: _suggested(trial, one) for one in search.places}))
        if on_trial is not None:
            on_trial(done + 1, trials)


def _suggested(trial: optuna.Trial, placed: Placed) -> float:
    knob = placed.knob
    if isinstance(knob.low, int) and isinstance(knob.high, int):
        return trial.suggest_int(placed.name, knob.low, knob.high, log=knob.log)
    if knob.tail:
        return round(1.0 - trial.suggest_float(placed.name, 1.0 - knob.high, 1.0 - knob.low, log=True), _DIGITS)
    found = trial.suggest_float(placed.name, knob.low, knob.high, log=knob.log)
    return min(max(float(f"{found:.3g}"), knob.low), knob.high)


_DIGITS = 5
"""Of a confidence: what is written into a spec is what was tried, and fit to be read."""


def _rival(other: Account, own: Account, seed: int) -> Rival:
    saved = other.costs - own.costs
    sums = resampled_sums(saved, resamples=_RESAMPLES, seed=seed)[0]
    return Rival(other.total, float(saved.sum()), interval(sums), float(np.mean(sums > 0)))


def _sentence(values: Mapping[str, tuple[float, float]], untuned: Rival, batches: int, *, sure: bool) -> str:
    if all(old == new for old, new in values.values()):
        return "Nothing better was found on the earlier batches: leave the policy as it is."
    low, high = untuned.interval
    range_ = f"95 % interval {low:+.4g} to {high:+.4g}"
    if sure:
        share = untuned.saved / untuned.cost if untuned.cost > 0 else 0.0
        return (
            f"Tuned, it cost {share:.1%} less than untuned on the {batches} later batches, which the search never saw "
            f"(saves {untuned.saved:.4g}, {range_})."
        )
    if untuned.saved > 0:
        said = f"saved {untuned.saved:.4g} on the {batches} later batches ({range_}), which may be chance"
    else:
        said = (
            f"cost {-untuned.saved:.4g} more on the {batches} later batches ({range_}), though less on the earlier ones"
        )
    return f"Leave it untuned: tuned, it {said}."
