"""Runs summed up: regret by group and delay, how many retrainings, how many of them paid."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np

from retraining.matrices import Matrix
from retraining.protocol import Policy, Setting, hindsight, pays, play

TINY = 1e-9


@dataclass(frozen=True)
class Result:
    """One policy on one stream in one setting; ``regret`` in per cent of the cheapest choice in hindsight."""

    policy: str
    stream: str
    group: str
    held_back: bool
    setting: Setting
    regret: float
    lives: int
    looks: int
    paid: int


def run_all(
    matrices: list[Matrix], settings: list[Setting], policies: list[Policy], jobs: int, say: Callable[[str], None]
) -> list[Result]:
    """Play every policy over every stream in every setting, streams side by side."""
    results: list[Result] = []
    with ProcessPoolExecutor(jobs) as pool:
        played = pool.map(partial(_run, settings=settings, policies=policies), matrices)
        for number, (matrix, found) in enumerate(zip(matrices, played, strict=True), 1):
            say(f"played {number}/{len(matrices)} {matrix.name}")
            results += found
    return results


def _run(matrix: Matrix, settings: list[Setting], policies: list[Policy]) -> list[Result]:
    results = []
    for setting in settings:
        best, moments = hindsight(matrix, setting)
        results.append(_result("hindsight", matrix, setting, 0.0, lives=len(moments), looks=0, paid=0))
        for policy in policies:
            run = play(matrix, setting, policy)
            regret = 100 * (run.cost - best) / max(best, TINY)
            paid = sum(pays(run))
            results.append(
                _result(policy.name, matrix, setting, regret, lives=len(run.lives), looks=run.looks, paid=paid)
            )
    return results


def _result(
    policy: str, matrix: Matrix, setting: Setting, regret: float, *, lives: int, looks: int, paid: int
) -> Result:
    return Result(policy, matrix.name, matrix.group, matrix.held_back, setting, regret, lives, looks, paid)


def _mean(values: Iterable[float]) -> float:
    found = list(values)
    return float(np.mean(found)) if found else float("nan")


def table(results: list[Result], delays: list[int]) -> str:
    """One line a policy: regret by group and delay, the worst stream, retrainings, looks, how many paid."""
    heads = [f"{group[:5]} d{delay}" for group in ("real", "synthetic") for delay in delays]
    lines = [
        f"{'regret, %':38s}"
        + "".join(f"{head:>9s}" for head in [*heads, "none", "worst", "go live", "looks", "pay %", "none n", "perf n"])
    ]
    for policy in dict.fromkeys(one.policy for one in results):
        own = [one for one in results if one.policy == policy]
        lines.append(f"{policy:38s}" + "".join(f"{value:9.1f}" for value in _line(own, delays)))
    limits = [*[3.0] * len(heads), 1.0, 15.0, float("nan"), float("nan"), 75.0, 2.0, 2.0]
    lines.append(f"{'target of ours, at most (pay: least)':38s}" + "".join(f"{value:9.1f}" for value in limits))
    return "\n".join(lines)


def _line(own: list[Result], delays: list[int]) -> list[float]:
    values = [
        _mean(one.regret for one in own if one.group == group and one.setting.delay == delay)
        for group in ("real", "synthetic")
        for delay in delays
    ]
    drifting = [one for one in own if one.group in {"real", "synthetic"}]
    calm, perfect = ([one for one in own if one.group == group] for group in ("none", "perfect"))
    streams = {one.stream for one in drifting}
    worst = max(
        (_mean(one.regret for one in drifting if one.stream == stream) for stream in streams), default=float("nan")
    )
    lives = sum(one.lives for one in drifting)
    return [
        *values,
        _mean(one.regret for one in calm),
        worst,
        _mean(one.lives for one in drifting),
        _mean(one.looks for one in drifting),
        100 * sum(one.paid for one in drifting) / lives if lives else float("nan"),
        _mean(one.lives for one in calm),
        max((one.lives for one in perfect), default=float("nan")),
    ]
