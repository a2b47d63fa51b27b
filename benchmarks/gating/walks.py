"""A slow decline: challengers that each lose a little to the champion before them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gating.rates import STRICT, judged
from gating.worlds import said


def walks(count: int) -> None:
    """Fifty challengers in a row, each truly worse by 0.004 than the champion that it meets; 1000 fresh rows each."""
    print(f"\n## Fifty challengers, each 0.004 worse than the champion before it; {count} sequences, 1000 rows each\n")
    print("| gate | compared with the best so far | lost at the end: mean | worst |\n| --- | --- | --- | --- |")
    for name, gate in (("default", {}), ("`unsure: keep`, margin 0.02", STRICT)):
        for remembers in (True, False):
            lost = list(walked(count, gate, remembers=remembers))
            print(f"| {name} | {'yes' if remembers else 'no'} | {np.mean(lost):.4f} | {np.max(lost):.4f} |", flush=True)


def walked(count: int, gate: dict[str, object], *, remembers: bool) -> Iterator[float]:
    rng = np.random.default_rng(7)
    for _ in range(count):
        level = 0.85
        best = level
        for _ in range(50):
            truth, shared = rng.integers(0, 2, 1000), rng.random(1000)
            right = {
                one: np.where(rng.random(1000) < 0.15, rng.random(1000), shared) < one
                for one in {level - 0.004, level, best}
            }
            sides = {one: said("binary", truth, mask) for one, mask in right.items()}
            other = sides[best] if remembers and best != level else None
            found = judged("binary", truth, sides[level - 0.004], sides[level], gate, best=other)
            if found.passed:
                level -= 0.004
                best = level if found.leads else best
        yield 0.85 - level
