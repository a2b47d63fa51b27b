"""Which policy to use, and how sure that is: chosen on the earlier part of the past, proved on the later part."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ml.policies.replay.account import Account, Floats, interval, resampled_sums

EARLIER = 0.6
FINALISTS = 3
LEAST_BATCHES = 20
SURE = 0.95
RESAMPLES = 2000


@dataclass(frozen=True, slots=True)
class Advice:
    """The policy to use.

    ``saves`` is what it would have cost less than the present policy on the later batches, with its interval;
    ``confidence`` the share of resamples in which it was cheaper. ``change`` says whether to leave the present policy;
    if not, ``policy`` is the present one.
    """

    policy: str
    change: bool
    sentence: str
    finalists: tuple[str, ...] = ()
    saves: float = 0.0
    interval: tuple[float, float] = (0.0, 0.0)
    confidence: float = 0.0


def advise(accounts: Mapping[str, Account], *, present: str, seed: int) -> Advice:
    """Choose the finalists on the earlier part of the batches, and let the later part decide between them.

    A policy is only recommended over the present one if it was cheaper on the later batches beyond what chance
    explains: what was best on few past batches is often not best on the next (measured: ranks of policies on 15 past
    batches correlate 0.34 with those on the following ones).
    """
    costs = {name: one.costs for name, one in accounts.items()}
    batches = len(costs[present])
    if batches < LEAST_BATCHES:
        sentence = (
            f"{batches} batches are too few to tell policies apart, {LEAST_BATCHES} are needed: stay with {present}."
        )
        return Advice(present, change=False, sentence=sentence)
    middle = round(batches * EARLIER)
    # Among equals the present policy comes first: no reason to change is a reason to stay.
    ranked = sorted(costs, key=lambda name: (float(costs[name][:middle].sum()), name != present, name))
    finalists = tuple(ranked[:FINALISTS])
    later = {name: costs[name][middle:] for name in (*finalists, present)}
    winner = min(finalists, key=lambda name: (float(later[name].sum()), ranked.index(name)))
    if winner == present:
        sentence = (
            f"Stay with {present}: it was among the best on the first {middle} batches and the best of them since."
        )
        return Advice(present, change=False, sentence=sentence, finalists=finalists)
    return _compared(winner, present, later, finalists, middle=middle, seed=seed)


def _compared(
    winner: str, present: str, later: Mapping[str, Floats], finalists: tuple[str, ...], *, middle: int, seed: int
) -> Advice:
    saved = later[present] - later[winner]
    sums = resampled_sums(saved, resamples=RESAMPLES, seed=seed)[0]
    low, high = interval(sums)
    # The winner was picked among the finalists on these very batches: each comparison must be surer for that.
    confidence = float(np.mean(sums > 0))
    needed = 1.0 - (1.0 - SURE) / len(finalists)
    total, batches = float(saved.sum()), len(saved)
    share = total / float(later[present].sum()) if later[present].sum() > 0 else 0.0
    range_ = f"95 % interval {low:+.4g} to {high:+.4g}"
    if total > 0 and confidence >= needed:
        sentence = (
            f"Change to {winner}: chosen on the first {middle} batches, it cost {share:.1%} less than {present} on the "
            f"{batches} after them (saves {total:.4g}, {range_})."
        )
        return Advice(winner, True, sentence, finalists, total, (low, high), confidence)
    chance = ", which may be chance" if low <= 0 <= high or total > 0 else ""
    instead = f"would have saved {total:.4g}" if total > 0 else f"would have cost {-total:.4g} more"
    sentence = (
        f"Stay with {present}: {winner}, chosen on the first {middle} batches, {instead} on the {batches} after them "
        f"({range_} of what it saves){chance}."
    )
    return Advice(present, False, sentence, finalists, total, (low, high), confidence)


def front(points: Mapping[str, tuple[float, float]]) -> tuple[str, ...]:
    """Return the policies that no other beats in both errors and cost of trainings, the cheapest to run first."""
    found: list[str] = []
    least = np.inf
    for name in sorted(points, key=lambda one: (points[one][1], points[one][0], one)):
        if points[name][0] < least:
            found.append(name)
            least = points[name][0]
    return tuple(found)
