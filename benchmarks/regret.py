"""Where the regret of our default policy comes from: looks, windows, moments, and hindsight's own luck.

    python benchmarks/regret.py [--streams developed|held_back|all] [--cache DIR]

Over the streams whose matrices are in the cache (see policies.py), linear models, labels at once and three batches
late, two prices, windows picked at each retraining. Per cent of the cheapest choice of moments and windows.
"""

from __future__ import annotations

import argparse
import os
from collections import defaultdict
from dataclasses import dataclass, replace
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from policies import DEFAULT_CACHE
from retraining.catalogue import recipes
from retraining.matrices import WINDOWS, Matrix, is_cached, load
from retraining.ours import Learned
from retraining.protocol import FIRST, Run, Setting, hindsight, play
from retraining.streams import BATCHES

DELAYS, PRICES = (0, 3), (0.01, 0.2)


@dataclass(frozen=True)
class Half:
    """A matrix by every other row of each batch only."""

    means: np.ndarray


def halves(matrix: Matrix) -> tuple[Half, Half]:
    found = tuple(Half(np.full_like(matrix.means, np.nan)) for _ in range(2))
    for window, models in enumerate(matrix.rows):
        for trained, losses in enumerate(models[:-1]):
            starts = matrix.bounds[trained + 1 :] - matrix.bounds[trained + 1]
            for batch in range(trained + 1, BATCHES):
                rows = losses[starts[batch - trained - 1] : starts[batch - trained]].astype(float)
                for odd, half in enumerate(found):
                    half.means[window, trained, batch] = rows[odd::2].mean()
    return found


def paid(means: np.ndarray, setting: Setting, moments: list[tuple[int, int]]) -> float:
    """Cost of going live before each of ``moments``, with these windows."""
    first, model, cost = FIRST + setting.delay, (0, FIRST - 1), 0.0
    for place, (at, window) in enumerate([(first, 0), *moments]):
        if place:
            model, cost = (window, at - setting.delay - 1), cost + setting.price
        until = moments[place][0] if place < len(moments) else BATCHES
        cost += float(means[model[0], model[1], at:until].sum())
    return cost


def luck(matrix: Matrix, setting: Setting) -> float:
    """Regret of hindsight itself, planned on half of the rows and paid on the other half."""
    lost = []
    one, other = halves(matrix)
    for planned, counted in ((one, other), (other, one)):
        best, _ = hindsight(counted, setting)
        _, moments = hindsight(planned, setting)
        lost.append(100 * (paid(counted.means, setting, moments) / max(best, 1e-9) - 1))
    return float(np.mean(lost))


def with_the_best_windows(matrix: Matrix, setting: Setting, run: Run) -> float:
    """Cost of the losses and retrainings at our moments with the windows that hindsight chooses."""
    ends = [*run.lives, BATCHES][1:]
    chosen = [
        (at, min(setting.windows, key=lambda window: matrix.means[window, at - setting.delay - 1, at:end].sum()))
        for at, end in zip(run.lives, ends, strict=True)
    ]
    return paid(matrix.means, setting, chosen)


def parts(matrix: Matrix, setting: Setting) -> dict[str, float]:
    best, _ = hindsight(matrix, setting)
    run = play(matrix, setting, Learned("learned plan"))
    served = sum(matrix.means[window, trained, run.first_served + i] for i, (window, trained) in enumerate(run.served))
    looks = run.cost - served - len(run.lives) * setting.price
    costs = {
        "learned plan": run.cost,
        "its looks for nothing": run.cost - looks,
        "its moments, hindsight's windows": with_the_best_windows(matrix, setting, run) + looks,
        **{
            f"hindsight, only window {length or 'all'}": hindsight(matrix, replace(setting, windows=(window,)))[0]
            for window, length in enumerate(WINDOWS)
        },
    }
    regrets = {name: 100 * (cost - best) / max(best, 1e-9) for name, cost in costs.items()}
    return {**regrets, "luck of hindsight": luck(matrix, setting)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--streams", choices=["developed", "held_back", "all"], default="developed")
    parser.add_argument("--cache", type=Path, default=DEFAULT_CACHE)
    options = parser.parse_args()
    found: dict[str, dict[tuple[str, int], list[float]]] = defaultdict(lambda: defaultdict(list))
    for recipe in recipes():
        wanted = options.streams == "all" or recipe.held_back == (options.streams == "held_back")
        if not wanted or not is_cached(recipe, "linear", options.cache):
            continue
        matrix = load(recipe, "linear", options.cache)
        for setting in (Setting(delay, price, (0, 1, 2)) for delay in DELAYS for price in PRICES):
            for name, value in parts(matrix, setting).items():
                found[name][matrix.group, setting.delay].append(value)
    groups = [(group, delay) for group in ("real", "synthetic", "none") for delay in DELAYS]
    print(f"{'regret, %':36s}" + "".join(f"{group[:5]:>7s} d{delay}" for group, delay in groups))
    for name, values in found.items():
        line = "".join(f"{np.mean(values[key]) if values[key] else np.nan:10.1f}" for key in groups)
        print(f"{name:36s}{line}")


if __name__ == "__main__":
    main()
