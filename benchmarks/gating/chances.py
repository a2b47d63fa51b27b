"""False promotions: the same algorithm with another seed, models that change places, many tickets, truly worse ones."""

from __future__ import annotations

from typing import Any

import numpy as np

from gating.rates import STRICT, SUPERIOR, Rate, judged
from gating.worlds import KINDS, apart, champion_and_equals, drawn, fitted, predicted, swapped

_A_PAIR = 10  # so often, on fresh rows, two models are used before the next two are fitted


def is_better(kind: str, ours: Any, theirs: Any, rng: np.random.Generator) -> bool:
    """Whether ours is better on 20,000 further rows."""
    table, target = drawn(kind, rng, 20_000)
    found = judged(kind, target, predicted(ours, table), predicted(theirs, table), {})
    return found.difference is not None and found.difference > 0


def same_algorithm(runs: int) -> None:
    """Each pair on rows of its own: 1000 to learn from, 400 held out. Two seeds are never quite equally good, so who is
    promoted is looked at on further rows: *false* is one that is no better there. At a first attempt the default blocks
    what the plain interval says is worse: one verdict tells both.
    """
    print(f"\n## Challengers of the same algorithm with another seed, {runs} a kind\n")
    print("| problem | superior: promoted | of these false | *higher number wins* | default: blocked |")
    print("| --- | --- | --- | --- | --- |")
    for kind in KINDS:
        rng, further = np.random.default_rng(1), np.random.default_rng(8)
        superior, false, blocked = Rate(), Rate(), Rate()
        for run in range(runs):
            table, target = drawn(kind, rng, 1400)
            models = [fitted(kind, table[:1000], target[:1000], 2 * run + one) for one in (0, 1)]
            sides = [predicted(one, table[1000:]) for one in models]
            found = judged(kind, target[1000:], *sides, {"comparison": "superior"})
            superior.add(found)
            false.add(found, found.passed and not is_better(kind, *models, further))
            blocked.add(found, found.interval is not None and found.interval[1] < 0)
        print(f"| {kind} | {superior} | {false} | {superior.naive_share} | {blocked} |", flush=True)


def exchangeable(runs: int) -> None:
    """The same pairs, but a coin says for every row which of the two predicted it: only chance promotes."""
    print(f"\n## The same pairs, their predictions swapped row by row at random, {runs} a kind: asked for is 0.0152\n")
    print("| problem | held-out rows | superior: promoted | the other way round |\n| --- | --- | --- | --- |")
    for kind in KINDS:
        for rows in (60, 400):
            rng, promoted, other_way = np.random.default_rng(9), Rate(), Rate()
            for run in range(runs):
                if run % _A_PAIR == 0:
                    models = [fitted(kind, *drawn(kind, rng, 1000), 2 * run + one) for one in (0, 1)]
                table, target = drawn(kind, rng, rows)
                ours, theirs = swapped(rng, *(predicted(one, table) for one in models))
                promoted.add(judged(kind, target, ours, theirs, SUPERIOR))
                other_way.add(judged(kind, target, theirs, ours, SUPERIOR))
            print(f"| {kind} | {rows} | {promoted} | {other_way} |", flush=True)


def lottery(sets: int, attempts: int) -> None:
    """Many challengers against one champion on the same 400 rows, all exactly as good as it: is any promoted?"""
    print(f"\n## {attempts} equally good challengers on the same 400 rows, {sets} sets of rows: any promoted\n")
    print("| problem | superior | superior, attempts not counted | *higher number wins* |\n| --- | --- | --- | --- |")
    for kind in ("binary", "regression"):
        rng, rates = np.random.default_rng(2), (Rate(), Rate(), Rate())
        for _ in range(sets):
            truth, champion, others = champion_and_equals(kind, rng, 400, attempts)
            spent = [judged(kind, truth, one, champion, SUPERIOR, attempts=at) for at, one in enumerate(others)]
            fresh = [judged(kind, truth, one, champion, SUPERIOR) for one in others]
            rates[0].add(spent[0], any(one.passed for one in spent))
            rates[1].add(fresh[0], any(one.passed for one in fresh))
            rates[2].add(fresh[0], any((one.difference or 0.0) > 0 for one in fresh))
        print(f"| {kind} | " + " | ".join(map(str, rates)) + " |", flush=True)


def truly_worse(runs: int) -> None:
    """A challenger that is worse by exactly the margin, or by more."""
    print(f"\n## Non-inferior within 0.02: challengers that are truly worse by just that, {runs} a line\n")
    print("| problem | rows | `unsure: keep` promoted | *higher number wins* |\n| --- | --- | --- | --- |")
    for kind in KINDS:
        for rows in (200, 2000):
            rng, rate = np.random.default_rng(3), Rate()
            for _ in range(runs):
                rate.add(judged(kind, *apart(kind, rng, rows, -0.02), STRICT))
            print(f"| {kind} | {rows} | {rate} | {rate.naive_share} |", flush=True)
    for strength in (0.5, 0.8):
        rng, rate = np.random.default_rng(4), Rate()
        for _ in range(runs):
            rate.add(judged("regression", *apart("regression", rng, 2000, -0.02, strength=strength), STRICT))
        print(f"| regression, neighbours' errors alike ({strength}) | 2000 | {rate} | {rate.naive_share} |")
