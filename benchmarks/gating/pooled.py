"""Would evidence pooled over attempts bound the default's decline tighter? Simulated with normal gains, not the gate.

What is pooled is how the champion of each attempt did against the best champion so far, on that attempt's own rows: if
the mean says that the line since then is worse, a challenger must surely improve on the present champion.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy.stats import norm

from ml.evaluation.spending import proof_level

ERROR = math.sqrt(0.038 / 1000)
"""Standard error of a gain in accuracy on 1,000 rows in the walks of ``walks.py``."""
PROOF, DOUBT = ERROR * norm.isf(proof_level(0.95, 1)), ERROR * norm.isf(0.025)
DROP, STEPS = 0.004, 50
Next = Callable[[int, float, np.random.Generator], float]
CASES: dict[str, Next] = {
    "lost after 50 challengers, each 0.004 worse": lambda _step, level, _rng: level - DROP,
    "blocked, of challengers about as good as the best": lambda _step, _level, rng: DROP * rng.normal(),
    "blocked, of those as good as the best after five worse ones": lambda step, level, _rng: (
        level - DROP if step < 5 else 0.0
    ),
}


def walked(following: Next, rng: np.random.Generator, *, pools: bool) -> tuple[float, float]:
    """Return the level at the end, the first champion's being 0, and the share of challengers that were blocked."""
    level, best, blocked = 0.0, 0.0, 0
    line: list[float] = []
    for step in range(STEPS):
        challenger = following(step, level, rng)
        over_champion, over_best, champion_over_best = (
            gain + ERROR * rng.normal() for gain in (challenger - level, challenger - best, level - best)
        )
        step_up, passed = over_champion > PROOF, over_champion >= -DOUBT
        if level != best:
            line.append(champion_over_best)
            worse = pools and np.mean(line) < -DOUBT / math.sqrt(len(line))
            passed = passed and (step_up or (over_best >= -DOUBT and not worse))
        blocked += not passed
        if passed:
            level = challenger
            best, line = (challenger, []) if step_up else (best, line)
    return level, blocked / STEPS


def pooled(count: int) -> None:
    print(f"\n## Evidence against the best champion pooled over attempts, {count} sequences of {STEPS}, simulated\n")
    print("| what | each attempt alone, as the gate does | pooled |\n| --- | --- | --- |")
    for place, (name, following) in enumerate(CASES.items()):
        cells = []
        for pools in (False, True):
            rng = np.random.default_rng(10 + place)
            ends = [walked(following, rng, pools=pools) for _ in range(count)]
            cells.append(np.mean([-level if place == 0 else share for level, share in ends]))
        print(f"| {name} | {cells[0]:.4f} | {cells[1]:.4f} |", flush=True)
