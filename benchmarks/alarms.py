"""How often drift is called where there is none, and how often it is found where there is some.

*False alarms*: tables whose two sides come from one distribution: generated ones of every kind of column, and the rows
of real streams (``../shared/data`` where it is there) in shuffled order, their columns repeated with orders of their
own until there are enough. A check alarms if it calls any column drifted. The target is at most 1 % of checks, whatever
the number of columns and rows. *Power*: one column of the table drifts, by a known amount; found is who calls it.

Beside ours, with the defaults of a spec, stands our test alone (*of any size*): what is more than chance, were it too
small to matter. Large tables keep the threshold by themselves, so only that column says whether the p-values hold. Then
the column tests of Evidently's preset (up to 1,000 reference rows tests at p < 0.05, above them normed Wasserstein and
Jensen–Shannon at 0.1), computed by the methods it chooses, without its figures, and held to its own verdicts on one
table; its verdict on the table (half of the columns drifted); a Kolmogorov–Smirnov test (chi-square for categories) at
p < 0.05 per column; and PSI > 0.2 per column on ten bins.

    python benchmarks/alarms.py [--share 0.1] [--rows 1000000 …] [--columns 10 …] [--seed 0] [--quick]
                                [--only alarms|power|correlation]

``--share 1`` makes all checks of the plan, some 25 minutes of CPU; by default a tenth of them. Largest tables first.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
import warnings
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from alarms_contenders import OWN, SPEC, WAYS, held_to_evidently, own, related, verdicts
from alarms_tables import Rng, Table, generated, shuffled, streams

from ml.monitoring.classifier import tell_apart

TARGET = 0.01
COLUMNS = 10  # of a table that has one drifted column
PEERS_EVERY = 5
"""The others, whose shares are not small, are asked about every so many tables only."""
PEERS_CELLS = 5_000_000
"""Beyond so many cells they are not asked: they take minutes."""


def wilson(found: int, of: int) -> tuple[float, float]:
    """Return Wilson's 95 % interval of a share."""
    z, share = 1.96, found / of
    middle = (share + z * z / (2 * of)) / (1 + z * z / of)
    half = z * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of)) / (1 + z * z / of)
    return max(middle - half, 0.0), min(middle + half, 1.0)


SIDES = ((1_000_000, 200_000), (100_000, 20_000), (10_000, 5000), (5000, 336), (1000, 200), (200, 200))
"""Rows of the reference and of the batch."""
CHECKS = {10: (200, 60, 10), 50: (60, 20, 4), 200: (20, 5, 1)}
"""By number of columns: how many checks, in tables of up to 15,000, of 120,000, and of 1,200,000 rows."""


def null_tables(
    part: float, rows_asked: list[int], columns_asked: list[int]
) -> Iterator[tuple[str, int, int, int, int]]:
    """Name the sources, columns, rows of both sides and how many checks; a stream makes no table larger than it is."""
    sizes = {name: len(frame) for name, frame in streams().items()}
    for past, now in SIDES:
        if rows_asked and past not in rows_asked:
            continue
        rank = 0 if past <= 10_000 else 1 if past <= 100_000 else 2
        for columns, checks in CHECKS.items():
            if columns_asked and columns not in columns_asked:
                continue
            times = math.ceil(checks[rank] * part)
            yield "generated", columns, past, now, times
            for name, rows in sizes.items():
                if past + now <= rows:
                    yield name, columns, past, now, math.ceil(times / 2)


@dataclass
class Alarms:
    """How many checks ours and the others made, and how many alarmed by each way."""

    checks: int = 0
    peers: int = 0
    by: Counter[str] = field(default_factory=Counter)

    def add(self, said: dict[str, dict[str, bool]]) -> None:
        """Count one check; by the others too if they were asked."""
        self.checks += 1
        self.peers += len(said) > len(OWN)
        self.by.update(way for way, columns in said.items() if any(columns.values()))

    def shares(self) -> str:
        """Say the share of each way with its 95 % interval."""
        cells = []
        for way in WAYS:
            of = self.checks if way in OWN else self.peers
            if not of:
                cells.append("not asked".rjust(23))
                continue
            low, high = wilson(self.by[way], of)
            cells.append(f"{100 * self.by[way] / of:6.1f} ({100 * low:5.1f}-{100 * high:5.1f})".rjust(23))
        return " ".join(cells)


def false_alarms(seed: int, tables: Iterable[tuple[str, int, int, int, int]], *, others: bool) -> bool:
    """Print the share of checks that alarm where nothing drifts; return whether ours keeps the target."""
    known, pooled = streams(), defaultdict[str, Alarms](Alarms)
    print(f"\nShare of checks that alarm without drift, per cent (target for ours: {TARGET:.0%})\n")
    print(f"{'table':>14} {'columns':>7} {'rows':>21} {'checks':>6} " + " ".join(f"{way:>23}" for way in WAYS))
    for number, (name, columns, past, now, times) in enumerate(tables):
        sizes = f"{past:,} / {now:,}"
        kinds = (here := Alarms()), pooled[f"{columns} columns"], pooled[f"{sizes} rows"], pooled["all"]
        for turn in range(times):
            rng = np.random.default_rng([seed, number, turn])
            rows = past + now
            whole = generated(rng, columns, rows) if name == "generated" else shuffled(known[name], rng, columns, rows)
            table = Table(whole.iloc[:past].reset_index(drop=True), whole.iloc[past:].reset_index(drop=True))
            asked = others and turn % PEERS_EVERY == 0 and columns * rows <= PEERS_CELLS
            said = verdicts(table) if asked else own(table)
            for kind in kinds:
                kind.add(said)
        print(f"{name:>14} {columns:>7} {sizes:>21} {times:>6} {here.shares()}", flush=True)
    for kind, found in pooled.items():
        print(f"{kind:>44} {found.checks:>6} {found.shares()}")
    every = pooled["all"]
    low, high = wilson(every.by["ours"], every.checks)
    met = every.by["ours"] / every.checks <= TARGET
    print(
        f"ours: {every.by['ours']} of {every.checks} checks, {every.by['ours'] / every.checks:.2%} "
        f"(95 % interval {low:.2%} to {high:.2%}): target {'met' if met else 'MISSED'}"
    )
    return met


DRIFTS: dict[str, tuple[int, tuple[float, ...], Callable[[Rng, np.ndarray, float], np.ndarray]]] = {
    "mean, sd": (0, (0.1, 0.25, 0.5, 1.0), lambda _, x, by: x + by),
    "scale, times": (0, (1.1, 1.25, 1.5, 2.0), lambda _, x, by: x * by),
    "categories, points": (6, (0.05, 0.1, 0.2, 0.4), lambda rng, x, by: np.where(rng.random(len(x)) < by, "b", x)),
    "missing, points": (0, (0.02, 0.05, 0.1, 0.2), lambda rng, x, by: np.where(rng.random(len(x)) < by, np.nan, x)),
}
POWER_SIDES = ((1000, 200, 50), (5000, 336, 50), (10_000, 5000, 50), (100_000, 100_000, 5))
"""Rows of the reference and of the batch, and how many checks."""


def power(part: float, seed: int) -> None:
    """Print how often a known drift of one column is found in that column."""
    print(f"\nShare of checks that find a known drift of one of {COLUMNS} columns in that column, per cent\n")
    print(f"{'drift':>20} {'size':>5} {'rows':>19} {'checks':>6} " + " ".join(f"{way:>23}" for way in WAYS))
    for kind, (place, sizes, change) in DRIFTS.items():
        for size in sizes:
            for past, now, most in POWER_SIDES:
                times = math.ceil(most * part)
                found = Counter[str]()
                for turn in range(times):
                    rng = np.random.default_rng([seed, 7, place, turn])
                    whole = generated(rng, COLUMNS, past + now)
                    current = whole.iloc[past:].reset_index(drop=True)
                    changed = change(rng, current[f"c{place}"].to_numpy(), size)
                    table = Table(whole.iloc[:past].reset_index(drop=True), current.assign(**{f"c{place}": changed}))
                    found.update(way for way, said in verdicts(table).items() if said[f"c{place}"])
                cells = " ".join(f"{100 * found[way] / times:23.0f}" for way in WAYS)
                print(f"{kind:>20} {size:>5} {f'{past:,} / {now:,}':>19} {times:>6} {cells}", flush=True)


RHOS = (0.0, 0.1, 0.2, 0.3, 0.6, 0.9)


def correlations(part: float, seed: int, *, classifier: bool) -> None:
    """Print who finds that two of ten columns became correlated, which no column shows; at 0 it is a false alarm."""
    times = math.ceil(40 * part)
    print(f"\nTwo of ten normal columns become correlated: share of {times} checks that find it, per cent")
    print(f"(the classifier is asked about every {PEERS_EVERY}th)\n")
    print(
        f"{'correlation':>12} {'rows':>15} {'associations: true':>19} {'multivariate: true':>19} {'columns alone':>14}"
    )
    names, alone = [f"c{i}" for i in range(10)], Counter[tuple[str, int, str]]()
    for rho in RHOS:
        for past, now in ((1000, 200), (5000, 336), (10_000, 5000)):
            found = Counter[str]()
            for turn in range(times):
                rng = np.random.default_rng([seed, 9, turn])
                sides = [pd.DataFrame(rng.normal(size=(rows, 10)), columns=names) for rows in (past, now)]
                sides[1]["c1"] = rho * sides[1]["c0"] + math.sqrt(1 - rho * rho) * sides[1]["c1"]
                if classifier and turn % PEERS_EVERY == 0:
                    samples = [side.iloc[: SPEC.sample] for side in sides]
                    told = tell_apart(
                        *samples, numeric=names, categorical=[], threshold=SPEC.auc, level=SPEC.alpha / 4, seed=turn
                    )
                    found["classifier"] += told.drifted
                found["pairs"] += any(related(Table(*sides), level=SPEC.alpha / 4).values())
                said = [column for column, drifted in own(Table(*sides))["ours"].items() if drifted]
                found["alone"] += bool(said)
                alone.update((f"{past:,} / {now:,}", turn, column) for column in said)
            told_apart = (
                f"{100 * found['classifier'] / math.ceil(times / PEERS_EVERY):.0f}" if classifier else "not asked"
            )
            shares = {who: 100 * count / times for who, count in found.items()}
            print(
                f"{rho:>12} {f'{past:,} / {now:,}':>15} {shares['pairs']:19.0f} {told_apart:>19} "
                f"{shares['alone']:14.0f}",
                flush=True,
            )
    for (sizes, turn, column), of in sorted(alone.items()):
        print(f"columns alone: {column} of check {turn} of {sizes} rows, at {of} of the {len(RHOS)} correlations")


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--share", type=float, default=0.1, help="so much of the plan's checks, 1 for all")
    parser.add_argument("--rows", type=int, nargs="*", default=[], help="false alarms: only these sizes of reference")
    parser.add_argument("--columns", type=int, nargs="*", default=[], help="false alarms: only these widths of table")
    parser.add_argument("--quick", action="store_true", help="ask ours only; of correlations, without the classifier")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", choices=("alarms", "power", "correlation"), help="one of the three tables")
    options = parser.parse_args()
    warnings.simplefilter("ignore")  # of SciPy, about the ties that a column of a few numbers has
    started = time.process_time()
    met = True
    if options.only in (None, "alarms"):
        held_to_evidently(options.seed)
        tables = null_tables(options.share, options.rows, options.columns)
        met = false_alarms(options.seed, tables, others=not options.quick)
    if options.only in (None, "power"):
        power(options.share, options.seed)
    if options.only in (None, "correlation"):
        correlations(options.share, options.seed, classifier=not options.quick)
    print(f"\n{time.process_time() - started:.0f} s of CPU", file=sys.stderr)
    return 0 if met else 1


if __name__ == "__main__":
    raise SystemExit(main())
