"""Can the gate be fooled? False promotions, power, planted slices, a slowly degrading sequence.

    nice python benchmarks/gate.py [--quick] [--runs 2000] [--parts lottery worse] [--picture FILE]

One process, one thread. Everything goes through ``ml.evaluation.judge``, as in production; worlds are made up, so the
truth is known (``gating/``). Beside each rate stands its 95 % interval (Clopper and Pearson) and what *the higher
number wins* does on the same rows. The tails: the default confidence of 0.95 allows 0.025 of false promotions, over all
attempts together, and 0.0152 of them to the first.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

from gating.chances import exchangeable, lottery, same_algorithm, truly_worse
from gating.pooled import pooled
from gating.shadowed import shadowed
from gating.shows import alike_slices, power, slices
from gating.walks import walks
from gating.watched import watched

ATTEMPTS = 100


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a tenth of the runs")
    parser.add_argument("--runs", type=int, default=2000, help="challengers per problem kind (2000)")
    parser.add_argument(
        "--parts",
        nargs="*",
        help="only these of: same, swapped, lottery, worse, power, slices, alike, walks, pooled, shadowed, watched",
    )
    parser.add_argument("--picture", type=Path, help="where to save the power curve")
    options = parser.parse_args()
    runs = max(options.runs // 10, 20) if options.quick else options.runs
    began = time.process_time()
    parts: dict[str, Callable[[], None]] = {
        "same": lambda: same_algorithm(runs),
        "swapped": lambda: exchangeable(max(runs // 2, 20)),
        "worse": lambda: truly_worse(max(runs // 4, 20)),
        "walks": lambda: walks(max(runs // 80, 5)),
        "pooled": lambda: pooled(max(runs // 5, 10)),
        "slices": lambda: slices(max(runs // 20, 10)),
        "alike": lambda: alike_slices(max(runs // 20, 10)),
        "power": lambda: power(max(runs // 20, 20), 1000, options.picture),
        "shadowed": lambda: shadowed(runs),
        "watched": lambda: watched(runs),
        "lottery": lambda: lottery(max(runs // 20, 10), ATTEMPTS),
    }
    for name in options.parts or parts:
        parts[name]()
    print(f"\n{time.process_time() - began:.0f} CPU seconds")
    return 0


if __name__ == "__main__":
    sys.exit(main())
