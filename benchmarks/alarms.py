"""How often drift is called where there is none, and how often it is found where there is some.

*False alarms*: tables whose two sides come from one distribution: generated ones of every kind of column, and the rows
of real streams (``../shared/data`` where it is there) in shuffled order, their columns repeated with orders of their
own until there are enough. A check alarms if it calls any column drifted. The target is at most 1 % of checks, whatever
the number of columns and rows. *Power*: one column of the table drifts, by a known amount; found is who calls it.

Beside ours, with the defaults of a spec: the column tests of Evidently's preset (up to 1,000 reference rows tests at
p < 0.05, above them normed Wasserstein and Jensen–Shannon at 0.1), computed by the methods it chooses, without its
figures, and held to its own verdicts on one table; its verdict on the table (half of the columns drifted); a
Kolmogorov–Smirnov test (chi-square for categories) at p < 0.05 per column; and PSI > 0.2 per column on ten bins.

    python benchmarks/alarms.py [--full] [--seed 0] [--only alarms|power|correlation]

Without ``--full`` it takes some minutes.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

from ml.domain.schema import ColumnRole, ColumnSchema, ColumnType, TableSchema
from ml.monitoring.classifier import tell_apart
from ml.monitoring.drift import measure_drift
from ml.monitoring.pairing import paired
from ml.profiles import freeze, profile_frame
from ml.specs.monitoring import DriftSpec

DATA = Path(__file__).resolve().parents[1] / ".." / "shared" / "data"
SPEC = DriftSpec()
TARGET = 0.01
WAYS = ("ours", "Evidently, any column", "Evidently, half of them", "KS p < 0.05", "PSI > 0.2")
COLUMNS = 10  # of a table that has one drifted column
PEERS_EVERY = 5
"""The others, whose shares are not small, are asked about every so many tables only."""
Rng = np.random.Generator


@dataclass(frozen=True)
class Table:
    """Two sides of one table; the names of its columns of categories."""

    reference: pd.DataFrame
    current: pd.DataFrame

    @property
    def categorical(self) -> list[str]:
        """Names of the columns of categories."""
        return [str(name) for name in self.reference if self.reference[name].dtype == object]


KINDS: tuple[Callable[[Rng, int], np.ndarray], ...] = (
    lambda rng, n: rng.normal(size=n),
    lambda rng, n: rng.lognormal(0, 1.5, n),
    lambda rng, n: np.where(rng.random(n) < 0.9, 0.0, rng.gamma(2, 3, n)),
    lambda rng, n: rng.poisson(2, n).astype(float),
    lambda rng, n: rng.standard_t(2, n),
    lambda rng, n: np.where(rng.random(n) < 0.2, np.nan, rng.uniform(0, 100, n)),
    lambda rng, n: rng.choice(list("abcde"), n, p=[0.5, 0.3, 0.15, 0.04, 0.01]).astype(object),
    lambda rng, n: np.minimum(rng.zipf(1.5, n), 60).astype(str).astype(object),
    lambda rng, n: np.where(rng.random(n) < 0.01, "yes", "no").astype(object),
    lambda rng, n: rng.choice(np.array([*"xyz", None], dtype=object), n, p=[0.4, 0.3, 0.2, 0.1]),
)


def generated(rng: Rng, columns: int, rows: int) -> pd.DataFrame:
    """Make a table of all kinds of columns; the normal ones share a factor, so they are correlated."""
    factor = rng.normal(size=rows)
    made = {f"c{i}": KINDS[i % len(KINDS)](rng, rows) for i in range(columns)}
    for name in list(made)[:: len(KINDS)]:
        made[name] = (made[name] + factor) / math.sqrt(2)
    return pd.DataFrame(made)


def shuffled(stream: pd.DataFrame, rng: Rng, columns: int, rows: int) -> pd.DataFrame:
    """Take rows of a stream in shuffled order; more columns than it has are the same ones in further orders."""
    parts: list[pd.DataFrame] = []
    while sum(part.shape[1] for part in parts) < columns:
        part = stream.iloc[rng.permutation(len(stream))[:rows]].reset_index(drop=True)
        parts.append(part.add_suffix(f".{len(parts)}"))
    return pd.concat(parts, axis=1).iloc[:, :columns]


def streams() -> dict[str, pd.DataFrame]:
    """Read the real streams, without their time."""
    found = {}
    for path in sorted(DATA.glob("*.csv.gz")) if DATA.exists() else []:
        frame = pd.read_csv(path).drop(columns=["ts"], errors="ignore")
        if len(frame) > 2000:  # fewer are no two sides
            found[path.name.removesuffix(".csv.gz")] = frame.dropna(axis=1, how="all")
    return found


def ours(table: Table) -> dict[str, bool]:
    """Do what the loop does: bins frozen, both sides profiled, the profiles compared."""
    texts = set(table.categorical)
    columns = tuple(
        ColumnSchema(
            str(name),
            ColumnType.TEXT if name in texts else ColumnType.NUMBER,
            ColumnRole.CATEGORICAL if name in texts else ColumnRole.NUMERIC,
        )
        for name in table.reference
    )
    layout = freeze(table.reference, TableSchema(columns), key=(), numeric_target=False)
    past, now = (profile_frame(side, layout) for side in (table.reference, table.current))
    found = measure_drift(paired(past, now, [one.name for one in columns]), spec=SPEC, level=SPEC.alpha)
    return {one.column: one.drifted for one in found}


def evidently(table: Table) -> dict[str, bool]:
    """Apply the method and threshold that Evidently's preset chooses for each column."""
    small = len(table.reference) <= 1000  # Evidently's own
    found = {}
    for name in table.reference:
        past, now = (side[name].dropna() for side in (table.reference, table.current))
        few = past.nunique() <= 5  # Evidently's own
        if past.dtype == object or few:
            found[str(name)] = _of_categories(past, now, small=small)
        elif small:
            found[str(name)] = stats.ks_2samp(past, now, method="asymp").pvalue <= 0.05
        else:
            distance = stats.wasserstein_distance(past, now) / max(np.std(past), 0.001)
            found[str(name)] = distance >= 0.1
    return found


def _of_categories(past: pd.Series, now: pd.Series, *, small: bool) -> bool:
    both = pd.concat([past.value_counts(), now.value_counts()], axis=1).fillna(0).to_numpy()
    p, q = both[:, 0] / both[:, 0].sum(), both[:, 1] / both[:, 1].sum()
    if not small:
        middle = (p + q) / 2
        entropy = [np.sum(np.where(side > 0, side * np.log(np.maximum(side, 1e-300) / middle), 0)) for side in (p, q)]
        return bool(math.sqrt(max(sum(entropy), 0) / 2) >= 0.1)
    if len(p) <= 2:  # two values: Evidently compares their shares by a Z-test
        n, m = both.sum(axis=0)
        pooled = (p[0] * n + q[0] * m) / (n + m)
        spread = math.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m))
        return bool(spread > 0 and 2 * stats.norm.sf(abs(p[0] - q[0]) / spread) < 0.05)
    if (p == 0).any():
        return True
    return bool(stats.chisquare(both[:, 1], p * both[:, 1].sum()).pvalue < 0.05)


def tests(table: Table) -> dict[str, bool]:
    """Test every column at 0.05: Kolmogorov and Smirnov, chi-square for categories."""
    found = {}
    for name in table.reference:
        past, now = (side[name].dropna() for side in (table.reference, table.current))
        if past.dtype == object:
            both = pd.concat([past.value_counts(), now.value_counts()], axis=1).fillna(0)
            p_value = stats.chi2_contingency(both).pvalue if len(both) > 1 else 1.0
        else:
            p_value = stats.ks_2samp(past, now, method="asymp").pvalue
        found[str(name)] = bool(p_value < 0.05)
    return found


def psi(table: Table) -> dict[str, bool]:
    """Compare the deciles of the reference, or the categories, by PSI at 0.2."""
    found = {}
    for name in table.reference:
        past, now = (side[name].dropna() for side in (table.reference, table.current))
        if past.dtype != object:
            cuts = np.unique(np.quantile(past, np.linspace(0.1, 0.9, 9)))
            past, now = (pd.Series(np.searchsorted(cuts, side)) for side in (past, now))
        both = pd.concat([past.value_counts(normalize=True), now.value_counts(normalize=True)], axis=1)
        p, q = both.fillna(0).clip(lower=1e-4).to_numpy().T
        found[str(name)] = bool(np.sum((p - q) * np.log(p / q)) > 0.2)
    return found


def verdicts(table: Table) -> dict[str, dict[str, bool]]:
    """Ask everybody."""
    preset = evidently(table)
    half = sum(preset.values()) >= len(preset) / 2
    return dict(zip(WAYS, (ours(table), preset, dict.fromkeys(preset, half), tests(table), psi(table)), strict=True))


def wilson(found: int, of: int) -> tuple[float, float]:
    """Return Wilson's 95 % interval of a share."""
    z, share = 1.96, found / of
    middle = (share + z * z / (2 * of)) / (1 + z * z / of)
    half = z * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of)) / (1 + z * z / of)
    return max(middle - half, 0.0), min(middle + half, 1.0)


def null_tables(full: bool) -> Iterator[tuple[str, int, int, int, int]]:
    """Name the sources, columns, rows of both sides and how many checks."""
    names = ["generated", *streams()]
    for columns, checks in ((10, 1000 if full else 60), (50, 400 if full else 20), (200, 200 if full else 6)):
        for past, now in ((1000, 200), (5000, 336), (10_000, 5000)):
            for name in names:
                share = 1 if name == "generated" else 0.5
                yield name, columns, past, now, int(checks * share)
    yield "generated", 50, 100_000, 100_000, 50 if full else 2
    yield "generated", 10, 1_000_000, 1_000_000, 30 if full else 1


def false_alarms(full: bool, seed: int) -> bool:
    """Print the share of checks that alarm where nothing drifts; return whether ours keeps the target."""
    known, total, peers = streams(), dict.fromkeys(WAYS, 0), 0
    print(f"\nShare of checks that alarm without drift, per cent (target for ours: {TARGET:.0%})\n")
    print(f"{'table':>14} {'columns':>7} {'rows':>19} {'checks':>6} " + " ".join(f"{way:>23}" for way in WAYS))
    checks = 0
    for number, (name, columns, past, now, times) in enumerate(null_tables(full)):
        alarms = dict.fromkeys(WAYS, 0)
        for turn in range(times):
            rng = np.random.default_rng([seed, number, turn])
            rows = past + now
            whole = generated(rng, columns, rows) if name == "generated" else shuffled(known[name], rng, columns, rows)
            table = Table(whole.iloc[:past].reset_index(drop=True), whole.iloc[past:].reset_index(drop=True))
            asked = verdicts(table) if turn % PEERS_EVERY == 0 else {"ours": ours(table)}
            for way, said in asked.items():
                alarms[way] += any(said.values())
        checks += times
        peers += math.ceil(times / PEERS_EVERY)
        for way in WAYS:
            total[way] += alarms[way]
        sizes = f"{past:,} / {now:,}"
        print(
            f"{name:>14} {columns:>7} {sizes:>19} {times:>6} " + _shares(alarms, times, math.ceil(times / PEERS_EVERY)),
            flush=True,
        )
    print(f"{'all':>14} {'':>7} {'':>19} {checks:>6} " + _shares(total, checks, peers))
    low, high = wilson(total["ours"], checks)
    met = total["ours"] / checks <= TARGET
    print(
        f"ours: {total['ours']} of {checks} checks, {total['ours'] / checks:.2%} "
        f"(95 % interval {low:.2%} to {high:.2%}): target {'met' if met else 'MISSED'}"
    )
    return met


def _shares(alarms: dict[str, int], times: int, peers: int) -> str:
    cells = []
    for way in WAYS:
        of = times if way == "ours" else peers
        low, high = wilson(alarms[way], of)
        cells.append(f"{100 * alarms[way] / of:6.1f} ({100 * low:5.1f}-{100 * high:5.1f})".rjust(23))
    return " ".join(cells)


DRIFTS: dict[str, tuple[int, tuple[float, ...], Callable[[Rng, np.ndarray, float], np.ndarray]]] = {
    "mean, sd": (0, (0.1, 0.25, 0.5, 1.0), lambda _, x, by: x + by),
    "scale, times": (0, (1.1, 1.25, 1.5, 2.0), lambda _, x, by: x * by),
    "categories, points": (6, (0.05, 0.1, 0.2, 0.4), lambda rng, x, by: np.where(rng.random(len(x)) < by, "b", x)),
    "missing, points": (0, (0.02, 0.05, 0.1, 0.2), lambda rng, x, by: np.where(rng.random(len(x)) < by, np.nan, x)),
}


def power(full: bool, seed: int) -> None:
    """Print how often a known drift of one column is found in that column."""
    times = 100 if full else 10
    print(f"\nShare of {times} checks that find a known drift of one of {COLUMNS} columns in that column, per cent\n")
    print(f"{'drift':>20} {'size':>5} {'rows':>15} " + " ".join(f"{way:>23}" for way in WAYS))
    for kind, (place, sizes, change) in DRIFTS.items():
        for size in sizes:
            for past, now in ((5000, 336), (10_000, 5000)):
                found = dict.fromkeys(WAYS, 0)
                for turn in range(times):
                    rng = np.random.default_rng([seed, 7, place, turn])
                    whole = generated(rng, COLUMNS, past + now)
                    current = whole.iloc[past:].reset_index(drop=True)
                    changed = change(rng, current[f"c{place}"].to_numpy(), size)
                    table = Table(whole.iloc[:past].reset_index(drop=True), current.assign(**{f"c{place}": changed}))
                    for way, said in verdicts(table).items():
                        found[way] += said[f"c{place}"]
                sides = f"{past:,} / {now:,}"
                cells = " ".join(f"{100 * found[way] / times:23.0f}" for way in WAYS)
                print(f"{kind:>20} {size:>5} {sides:>15} {cells}", flush=True)


def correlations(full: bool, seed: int) -> None:
    """Print how often the classifier finds that two of ten columns became correlated, which no column shows."""
    times = 40 if full else 10
    print(f"\nTwo of ten normal columns become correlated: share of {times} checks that find it, per cent\n")
    print(f"{'correlation':>12} {'rows':>15} {'multivariate: true':>19} {'columns alone':>14}")
    for rho in (0.0, 0.3, 0.6, 0.9):
        for past, now in ((5000, 336), (5000, 2000)):
            found = alone = 0
            for turn in range(times):
                rng = np.random.default_rng([seed, 9, turn])
                names = [f"c{i}" for i in range(10)]
                sides = [pd.DataFrame(rng.normal(size=(rows, 10)), columns=names) for rows in (past, now)]
                sides[1]["c1"] = rho * sides[1]["c0"] + math.sqrt(1 - rho * rho) * sides[1]["c1"]
                told = tell_apart(
                    *sides, numeric=names, categorical=[], threshold=SPEC.auc, level=SPEC.alpha / 4, seed=turn
                )
                found += told.drifted
                alone += any(ours(Table(*sides)).values())
            rows = f"{past:,} / {now:,}"
            print(f"{rho:>12} {rows:>15} {100 * found / times:19.0f} {100 * alone / times:14.0f}", flush=True)


def held_to_evidently(seed: int) -> None:
    """Compare the verdicts that stand for Evidently here with its own on two tables.

    Raises:
        SystemExit: they differ.
    """
    from ml.monitoring.evidently_adapter import evidently_score

    for past, now in ((1000, 300), (3000, 300)):
        rng = np.random.default_rng([seed, 5])
        whole = generated(rng, 20, past + now)
        table = Table(whole.iloc[:past].reset_index(drop=True), whole.iloc[past:].reset_index(drop=True))
        for name, said in evidently(table).items():
            sides = [side[name].dropna().reset_index(drop=True) for side in (table.reference, table.current)]
            values = sides[0].nunique()
            text = sides[0].dtype == object or values <= 5
            small = past <= 1000
            if text:
                method = ("z" if values <= 2 else "chisquare") if small else "jensenshannon"
            else:
                method = "ks" if small else "wasserstein"
            threshold = 0.05 if small else 0.1
            _, theirs = evidently_score(*sides, method=method, numeric=not text, threshold=threshold)
            if theirs != said:
                raise SystemExit(f"{name} by {method}: Evidently says {theirs}, this benchmark {said}")
    print("The verdicts by column are Evidently's own on two generated tables of 20 columns.")


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true", help="as many checks as the published table")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", choices=("alarms", "power", "correlation"), help="one of the three tables")
    options = parser.parse_args()
    warnings.simplefilter("ignore")  # of SciPy, about the ties that a column of a few numbers has
    started = time.process_time()
    met = True
    if options.only in (None, "alarms"):
        held_to_evidently(options.seed)
        met = false_alarms(options.full, options.seed)
    if options.only in (None, "power"):
        power(options.full, options.seed)
    if options.only in (None, "correlation"):
        correlations(options.full, options.seed)
    print(f"\n{time.process_time() - started:.0f} s of CPU", file=sys.stderr)
    return 0 if met else 1


if __name__ == "__main__":
    raise SystemExit(main())
