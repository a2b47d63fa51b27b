"""When to retrain: regret of our default policy and of the classical ones against the best choice in hindsight.

    python benchmarks/policies.py [--quick] [--coarse] [--cached] [--streams developed|held_back|all] [--jobs N]
                                  [--cache DIR] [--pictures DIR]

Streams in fifty batches (real ones from ../shared/data where they lie, seeded synthetic ones always), two estimators,
label delays 0, 1 and 3, four prices of a retraining. Every model *trained through batch i* is scored on every later
batch once and kept in the cache; a policy's replay then takes milliseconds. The first table fixes the training window
(all history; the last ten batches), the second lets each retraining pick among three windows. "hindsight" is the
limit: the cheapest choice by dynamic programming over the whole future. Looks are charged at a tenth of a retraining
per model trained.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # small fits: threads cost more than they bring

from retraining.catalogue import recipes
from retraining.classical import classical
from retraining.matrices import ESTIMATORS, Matrix, is_cached, load
from retraining.ours import ours
from retraining.pictures import save_pictures
from retraining.protocol import Setting
from retraining.tables import Result, run_all, table

DELAYS, PRICES = [0, 1, 3], [0.002, 0.01, 0.05, 0.2]
QUICK = {"sea_drift", "sea_null", "hyperplane-abrupt-1", "sea-gradual-1", "hyperplane-none-1", "hyperplane-perfect-1"}
SHOWN = ("sea_drift/boosting", "hyperplane-abrupt-1/linear")  # in the picture: the first that was played
DEFAULT_CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "evergreen-benchmarks"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few streams, one estimator, delays 0 and 3, two prices")
    parser.add_argument("--coarse", action="store_true", help="one estimator, delays 0 and 3, two prices, one window")
    parser.add_argument("--cached", action="store_true", help="only streams whose matrices are in the cache")
    parser.add_argument("--jobs", type=int, default=2, help="processes that play side by side (2)")
    parser.add_argument("--streams", choices=["developed", "held_back", "all"], default="all", help="which to play")
    cache = Path(os.environ.get("EVERGREEN_BENCHMARK_CACHE", DEFAULT_CACHE))
    parser.add_argument("--cache", type=Path, default=cache, help=f"folder of the matrices ({cache})")
    parser.add_argument("--pictures", type=Path, help="folder to save pictures in")
    return parser.parse_args()


def say(text: str) -> None:
    """Show progress: on one line if somebody watches, else a line at a time, for a log."""
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)
    elif text:
        print(text, file=sys.stderr, flush=True)


def matrices(options: argparse.Namespace) -> list[Matrix]:
    wanted = [one for one in recipes() if options.streams == "all" or one.held_back == (options.streams == "held_back")]
    if options.quick:
        wanted = [one for one in wanted if one.name in QUICK]
    estimators = ESTIMATORS[:1] if options.quick or options.coarse else ESTIMATORS
    jobs = [(one, kind) for one in wanted for kind in estimators]
    if options.cached:
        jobs = [(one, kind) for one, kind in jobs if is_cached(one, kind, options.cache)]
    return [
        load(one, kind, options.cache, lambda text, number=number: say(f"{number}/{len(jobs)} {text}"))
        for number, (one, kind) in enumerate(jobs, 1)
    ]


def show(title: str, results: list[Result], delays: list[int]) -> None:
    """Print one table for all streams, and one for each half if both were played."""
    for held_back, what in ((False, "developed with"), (True, "held back")):
        some = [one for one in results if one.held_back is held_back]
        if some:
            print(
                f"\n## {title}: {len({one.stream for one in some})} streams × estimators {what}\n\n"
                f"{table(some, delays)}",
                flush=True,
            )


def main() -> int:
    options = arguments()
    began = sum(os.times()[:4])
    delays, prices = ([0, 3], [0.01, 0.2]) if options.quick or options.coarse else (DELAYS, PRICES)
    played = matrices(options)
    if not played:
        print("No stream to play: choose others with --streams.", file=sys.stderr)
        return 2
    windows = (0,) if options.coarse else (0, 1)
    fixed = [Setting(delay, price, (window,)) for delay in delays for price in prices for window in windows]
    policies = [*classical(), *ours()]
    results = run_all(played, fixed, policies, options.jobs, say)
    show("Moments, training window given (all history; the last ten too, unless coarse)", results, delays)
    picked = [Setting(delay, price, (0, 1, 2)) for delay in delays for price in prices]
    joint = run_all(played, picked, policies, options.jobs, say)
    say("")
    show("Moments and windows, picked at each retraining (target 7.5)", joint, delays)
    if options.pictures:
        shown = next((one for name in SHOWN for one in played if one.name == name), played[0])
        save_pictures(options.pictures, results, shown)
    print(f"\n{sum(os.times()[:4]) - began:.0f} CPU seconds")
    return 0


if __name__ == "__main__":
    sys.exit(main())
