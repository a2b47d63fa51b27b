"""Who says in ``alarms.py`` which columns drifted: ours, and what is usual."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pandas as pd
from alarms_tables import Table, generated
from scipy import stats

from ml.domain.schema import ColumnRole, ColumnSchema, ColumnType, TableSchema
from ml.monitoring.associations import measure_associations
from ml.monitoring.drift import measure_drift
from ml.monitoring.pairing import paired
from ml.profiles import Profile, freeze, profile_frame
from ml.profiles.joint import Pair
from ml.specs.monitoring import DriftSpec

SPEC = DriftSpec()
OWN = ("ours", "ours, of any size")
"""What is called drifted, and what the test alone calls more than chance, were it ever so small."""
WAYS = (*OWN, "Evidently, any column", "Evidently, half of them", "KS p < 0.05", "PSI > 0.2")


def own(table: Table) -> dict[str, dict[str, bool]]:
    """Do what the loop does: bins frozen, both sides profiled, the profiles compared."""
    past, now = _profiles(table, ())
    found = measure_drift(paired(past, now, list(past.columns)), spec=SPEC, level=SPEC.alpha)
    said = {one.column: one.drifted for one in found}, {one.column: one.significant for one in found}
    return dict(zip(OWN, said, strict=True))


def related(table: Table, *, level: float) -> dict[str, bool]:
    """The same for all pairs of columns."""
    pairs = tuple(combinations(map(str, table.reference), 2))
    found = measure_associations(*_profiles(table, pairs), pairs, spec=SPEC, level=level)
    return {one.column: one.drifted for one in found}


def _profiles(table: Table, pairs: tuple[Pair, ...]) -> tuple[Profile, Profile]:
    texts = set(table.categorical)
    columns = tuple(
        ColumnSchema(
            str(name),
            ColumnType.TEXT if name in texts else ColumnType.NUMBER,
            ColumnRole.CATEGORICAL if name in texts else ColumnRole.NUMERIC,
        )
        for name in table.reference
    )
    layout = freeze(table.reference, TableSchema(columns), key=(), numeric_target=False).with_pairs(pairs)
    return profile_frame(table.reference, layout), profile_frame(table.current, layout)


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
            found[str(name)] = stats.ks_2samp(past, now).pvalue <= 0.05
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
    others = preset, dict.fromkeys(preset, half), tests(table), psi(table)
    return own(table) | dict(zip(WAYS[len(OWN) :], others, strict=True))


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
