"""Does the replay's advice pay? Made from the first part of a stream, held against what follows.

    python benchmarks/advice.py [--quick] [--cached] [--cache DIR]

Plays every policy of benchmarks/policies.py over its streams (fifty batches each, the first five to train the first
model on), hands the costs of the first 40, 60 or 80 % of the batches to the replay's own adviser
(``ml.policies.replay.advise``), and charges the rest. The *single* classical policy is one for all streams of a line:
the one that did best on the rest on average, which nobody can know beforehand. Regret is the cost on the rest over that
of whichever policy was cheapest there, in per cent: the mean, for nearly perfect models (where there is next to nothing
to lose) the median. "winner" switches to whatever was cheapest so far, sure or not.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # small fits: threads cost more than they bring

import numpy as np
from policies import DEFAULT_CACHE, DELAYS, PRICES, QUICK, say
from retraining.catalogue import recipes
from retraining.classical import classical
from retraining.matrices import ESTIMATORS, Matrix, load
from retraining.ours import ours
from retraining.protocol import Ask, Policy, Run, Setting, play

from ml.policies.replay import LEAST_BATCHES, Account, advise

SHARES = (0.4, 0.6, 0.8)
PRESENT = ("performance drops 0.05, or every 10", "learned plan, looks first")
GROUPS = ("real", "synthetic", "none", "perfect")


@dataclass
class Watched:
    """A policy whose bill is read after every batch."""

    policy: Policy
    bills: list[float] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.policy.name

    def start(self, matrix: Matrix, delay: int, price: float) -> None:
        self.policy.start(matrix, delay, price)

    def decide(self, run: Run) -> Ask:
        self.bills.append(run.cost)
        return self.policy.decide(run)


@dataclass(frozen=True)
class Case:
    """One stream under one estimator, delay and price: what every policy cost, batch by batch."""

    stream: str
    group: str
    costs: dict[str, np.ndarray]


@dataclass(frozen=True)
class Told:
    """What the adviser said at some moment, and what each policy cost after it."""

    case: Case
    advised: str
    change: bool
    short: bool
    winner: str
    later: dict[str, float]

    def regret(self, policy: str) -> float:
        least = min(self.later.values())
        return 100 * (self.later[policy] - least) / max(least, 1e-9)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few streams, one estimator, delay 0, two prices")
    parser.add_argument("--cached", action="store_true", help="only streams whose matrices are in the cache")
    cache = Path(os.environ.get("EVERGREEN_BENCHMARK_CACHE", DEFAULT_CACHE))
    parser.add_argument("--cache", type=Path, default=cache, help=f"folder of the matrices ({cache})")
    return parser.parse_args()


def matrices(options: argparse.Namespace) -> Iterable[Matrix]:
    for recipe in recipes():
        if options.quick and recipe.name not in {*QUICK, "electricity"}:
            continue
        for kind in ESTIMATORS[: 1 if options.quick else None]:
            there = any(options.cache.glob(f"{recipe.name}-{kind}-*[0-9a-f].npz"))
            if there or not options.cached:
                yield load(recipe, kind, options.cache, say)


def case_of(matrix: Matrix, setting: Setting) -> Case:
    costs = {}
    for policy in (*classical(), *ours()):
        watched = Watched(policy)
        run = play(matrix, setting, watched)
        costs[policy.name] = np.diff([0.0, *watched.bills, run.cost])
    return Case(matrix.name, matrix.group, costs)


def told(case: Case, present: str, share: float) -> Told:
    batches = len(case.costs[present])
    until = round(share * (batches + 5)) - 5  # the share of the stream, its first five batches included
    past = {name: costs[:until] for name, costs in case.costs.items()}
    advice = advise({name: _account(costs) for name, costs in past.items()}, present=present, seed=0)
    winner = min(past, key=lambda name: float(past[name].sum()))
    later = {name: float(costs[until:].sum()) for name, costs in case.costs.items()}
    return Told(case, advice.policy, advice.change, until < LEAST_BATCHES, winner, later)


def _account(costs: np.ndarray) -> Account:
    return Account(0, costs, np.zeros(len(costs)), 0, 0, 0, 0, 0, 0.0)


def single(found: list[Told]) -> str:
    """Name the classical policy that is best for all of them on what follows."""
    names = [policy.name for policy in classical()]
    return min(names, key=lambda name: typical([one.regret(name) for one in found], found))


def typical(regrets: list[float], found: list[Told]) -> float:
    """Sum regrets up: a share of nothing has no mean."""
    return float(np.median(regrets) if found[0].case.group == "perfect" else np.mean(regrets))


def line(title: str, found: list[Told], present: str) -> str:
    if not found:
        return f"{title:14s}  none"
    best = single(found)
    advised = [one.regret(one.advised) for one in found]
    beaten = [one.later[one.advised] < one.later[best] - 1e-12 for one in found]
    streams = sorted({one.case.stream for one in found})
    most = sum(
        float(np.mean([beat for beat, one in zip(beaten, found, strict=True) if one.case.stream == stream])) > 0.5
        for stream in streams
    )
    numbers = (
        100 * np.mean([one.short for one in found]),
        100 * np.mean([one.change for one in found]),
        typical(advised, found),
        typical([one.regret(present) for one in found], found),
        typical([one.regret(one.winner) for one in found], found),
        typical([one.regret(best) for one in found], found),
        100 * np.mean(beaten),
    )
    return f"{title:14s}" + "".join(f"{number:10.1f}" for number in numbers) + f"   {most} of {len(streams)}   ({best})"


HEADS = ("short %", "change %", "advice", "stay", "winner", "single", "beats %")


def main() -> int:
    options = arguments()
    began = time.process_time()
    delays, prices = ([0], [0.01, 0.2]) if options.quick else (DELAYS, PRICES)
    settings = [Setting(delay, price, (0,)) for delay in delays for price in prices]
    cases = []
    for matrix in matrices(options):
        say(f"playing {matrix.name}")
        cases += [case_of(matrix, setting) for setting in settings]
    say("")
    if not cases:
        print("No stream to play: leave --cached out to compute them.", file=sys.stderr)
        return 2
    for present in PRESENT:
        print(f"\n## In use: {present}\n\n{'':14s}" + "".join(f"{head:>10s}" for head in HEADS) + "   streams won")
        for share in SHARES:
            found = [told(case, present, share) for case in cases]
            print(f"from the first {share:.0%}:")
            for group in GROUPS:
                print(line(f"  {group}", [one for one in found if one.case.group == group], present))
    print(f"\n{len(cases)} cases, {time.process_time() - began:.0f} CPU seconds")
    return 0


if __name__ == "__main__":
    sys.exit(main())
