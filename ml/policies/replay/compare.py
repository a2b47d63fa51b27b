"""Many policies on one past: what each would have cost, against hindsight and against the plain ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.domain.errors import DataError
from ml.domain.windows import Window
from ml.policies.replay.account import Account, LossOf, Prices, account, interval, resampled_sums
from ml.policies.replay.advice import Advice, advise, front
from ml.policies.replay.hindsight import Best, cheapest_sequence
from ml.policies.replay.move import Move, Setting
from ml.policies.replay.player import play
from ml.policies.replay.world import World
from ml.specs.policy import Costs, PolicySpec

Floats = NDArray[np.float64]
RESAMPLES = 2000
REFERENCES: Mapping[str, Mapping[str, Any]] = {
    "never": {"when": {"kind": "never"}},
    "always": {"when": {"kind": "schedule", "every": 1}, "back_off": None},
    "schedule": {"when": {"kind": "schedule", "every": 10}, "back_off": None},
}
"""The plain policies that every replay plays along, to measure the others by."""


@dataclass(frozen=True, slots=True)
class Table:
    """The losses of every estimator that could have served, for the choice in hindsight.

    ``keys`` name the estimators, ``losses`` are the costs of their errors on each batch, shape (estimators, batches),
    NaN where one cannot score; ``available`` is the first batch that each could serve; ``seconds`` is how long each
    took to train, None if that costs nothing.
    """

    keys: tuple[str, ...]
    losses: Floats
    available: NDArray[np.int64]
    seconds: Floats | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one policy would have done and cost.

    Sequences have one value a batch: ``metrics`` the primary metric of the champion that served (None before the first
    champion or without labels), ``costs`` errors and trainings. ``retrained`` and ``looked`` are places of batches;
    with ``promoted`` somebody went live (``released``: after a time in the shadow), with ``held`` a challenger went
    there, with ``refused`` one was rejected there, with ``rolled_back`` the watch brought back the beaten champion.
    ``regret`` is the cost over that of the best sequence in hindsight, as a share of it; ``against`` the
    cost saved against each plain policy.
    """

    name: str
    policy: Mapping[str, Any]
    metrics: tuple[float | None, ...]
    costs: tuple[float, ...]
    retrained: tuple[int, ...]
    promoted: tuple[int, ...]
    looked: tuple[int, ...]
    rejected: int
    not_worth_it: int
    seconds: float
    errors: float
    trainings: float
    interval: tuple[float, float]
    regret: float | None
    against: Mapping[str, float]
    held: tuple[int, ...] = ()
    released: tuple[int, ...] = ()
    refused: tuple[int, ...] = ()
    rolled_back: tuple[int, ...] = ()

    @property
    def total(self) -> float:
        """Cost of errors and trainings."""
        return self.errors + self.trainings

    @property
    def mean_metric(self) -> float | None:
        """Mean of the primary metric over the batches that were scored and labelled."""
        known = [value for value in self.metrics if value is not None]
        return sum(known) / len(known) if known else None


@dataclass(frozen=True, slots=True)
class Comparison:
    """All outcomes, the cheapest first; ``first`` is the place of the first batch that is charged for.

    ``present`` names the policy in use. The switches of ``best`` are places of batches, as in the outcomes.
    """

    setting: Setting
    present: str
    windows: tuple[Window, ...]
    first: int
    outcomes: tuple[Outcome, ...]
    best: Best | None
    front: tuple[str, ...]
    advice: Advice
    prices: Prices
    error: float


def compare(
    world: World,
    policies: Mapping[str, PolicySpec],
    setting: Setting,
    *,
    present: str,
    costs: Costs,
    prices: Prices,
    loss_of: LossOf,
    metric_of: Callable[[str, int], float | None],
    table: Table | None,
    seed: int,
    on_policy: Callable[[int, int], None] | None = None,
) -> Comparison:
    """Play all policies, and the plain ones, and compare them from the first batch that all of them scored.

    Args:
        world: The past, with the matrix.
        policies: By name.
        setting: Whose decisions these are.
        present: Name of the policy in use, that a change is measured against.
        costs: What all rules are told of costs: what a mistake costs is not the policy's to choose.
        prices: The same, as they are charged.
        loss_of: Cost of the errors of an estimator on a batch.
        metric_of: The primary metric of an estimator on a batch, on the labels known at the end.
        table: For the choice in hindsight; None to leave it out.
        seed: Of the bootstrap.
        on_policy: Is told (done, of).

    Raises:
        DataError: a policy never has a champion, though others do: there is nothing to compare.
    """
    named = {**plain_policies(policies[present]), **policies}
    played = _played(world, {name: with_costs(policy, costs) for name, policy in named.items()}, setting, on_policy)
    first = first_shared(played)
    accounts = {name: account(moves, loss_of, prices, first=first) for name, moves in played.items()}
    best = _best(table, played, first, prices)
    outcomes = _outcomes(named, played, accounts, best=best, metric_of=metric_of, seed=seed)
    return Comparison(
        setting=setting,
        present=present,
        windows=tuple(step.window for step in world.steps),
        first=first,
        outcomes=outcomes,
        best=best,
        front=front({one.name: (one.errors, one.trainings) for one in outcomes}),
        advice=advise(accounts, present=present, seed=seed),
        prices=prices,
        error=costs.error,
    )


def with_costs(policy: PolicySpec, costs: Costs) -> PolicySpec:
    """Return the policy under other costs."""
    return policy.model_copy(update={"costs": costs})


def plain_policies(present: PolicySpec) -> dict[str, PolicySpec]:
    """Return the plain policies; they wait for as many labelled rows as the present one, so that all start alike."""
    least = {"min_labelled": present.min_labelled}
    return {name: PolicySpec.model_validate({**body, **least}) for name, body in REFERENCES.items()}


def _played(
    world: World,
    policies: Mapping[str, PolicySpec],
    setting: Setting,
    on_policy: Callable[[int, int], None] | None,
) -> dict[str, tuple[Move, ...]]:
    played: dict[str, tuple[Move, ...]] = {}
    for name, policy in policies.items():
        played[name] = play(world, policy, setting, reasons=False)
        if on_policy is not None:
            on_policy(len(played), len(policies))
    return played


def first_shared(played: Mapping[str, Sequence[Move]]) -> int:
    """Return the place of the first batch that a champion scored under every policy; the end if there never was one.

    Raises:
        DataError: some policies have a champion in the end, others never.
    """
    found = {
        name: next((place for place, move in enumerate(moves) if move.served), None) for name, moves in played.items()
    }
    never = sorted(name for name, place in found.items() if place is None)
    if never and len(never) < len(found):
        raise DataError(
            f"Under {', '.join(never)} there never was a champion, under other policies there was one.",
            remedy="play more batches, or find what held the first version back there: too few labelled rows "
            "(min_labelled), a veto, or a gate that rejected it (then back_off waits).",
        )
    return max((len(played[name]) if place is None else place for name, place in found.items()), default=0)


def _best(table: Table | None, played: Mapping[str, Sequence[Move]], first: int, prices: Prices) -> Best | None:
    """The cheapest sequence that starts with the champion that the first policy, which is plain, has by then."""
    moves = next(iter(played.values()))
    if table is None or first >= len(moves) or moves[first].served not in table.keys:
        return None
    seconds = np.zeros(len(table.keys)) if table.seconds is None else table.seconds
    found = cheapest_sequence(
        table.losses[:, first:],
        np.maximum(table.available - first, 0),
        start=table.keys.index(moves[first].served or ""),
        price=prices.training + prices.per_hour * seconds / 3600.0,
    )
    return replace(found, switches=tuple((first + place, estimator) for place, estimator in found.switches))


def _outcomes(
    named: Mapping[str, PolicySpec],
    played: Mapping[str, Sequence[Move]],
    accounts: Mapping[str, Account],
    *,
    best: Best | None,
    metric_of: Callable[[str, int], float | None],
    seed: int,
) -> tuple[Outcome, ...]:
    costs = np.stack([accounts[name].costs for name in named])
    resampled = resampled_sums(costs, resamples=RESAMPLES, seed=seed)
    found = [
        _outcome(name, policy, played[name], accounts, best=best, metric_of=metric_of, sums=sums)
        for (name, policy), sums in zip(named.items(), resampled, strict=True)
    ]
    return tuple(sorted(found, key=lambda one: (one.total, one.name)))


def _outcome(
    name: str,
    policy: PolicySpec,
    moves: Sequence[Move],
    accounts: Mapping[str, Account],
    *,
    best: Best | None,
    metric_of: Callable[[str, int], float | None],
    sums: Floats,
) -> Outcome:
    bill = accounts[name]
    trained = [place for place, move in enumerate(moves) if move.challenge is not None and place >= bill.first]
    return Outcome(
        name=name,
        policy=policy.model_dump(mode="json"),
        metrics=tuple(None if move.served is None else metric_of(move.served, i) for i, move in enumerate(moves)),
        costs=tuple(float(cost) for cost in bill.costs),
        retrained=tuple(trained),
        promoted=_places(moves, bill.first, lambda move: move.promoted or move.released is True),
        looked=tuple(place for place in trained if moves[place].look),
        rejected=bill.rejected,
        not_worth_it=bill.not_worth_it,
        seconds=bill.seconds,
        errors=float(bill.errors.sum()),
        trainings=float(bill.trainings.sum()),
        interval=interval(sums),
        regret=None if best is None or best.cost <= 0 else bill.total / best.cost - 1.0,
        against={plain: accounts[plain].total - bill.total for plain in REFERENCES},
        held=_places(moves, bill.first, lambda move: move.held),
        released=_places(moves, bill.first, lambda move: move.released is True),
        refused=_places(moves, bill.first, lambda move: move.released is False),
        rolled_back=_places(moves, bill.first, lambda move: move.rolled_back),
    )


def _places(moves: Sequence[Move], first: int, is_one: Callable[[Move], bool]) -> tuple[int, ...]:
    return tuple(place for place in range(first, len(moves)) if is_one(moves[place]))
