"""Drift of how two columns go together, from two profiles: correlations and tables that no column alone shows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ml.domain.findings import Outcome
from ml.monitoring.discoveries import believable
from ml.monitoring.drift import ColumnDrift
from ml.monitoring.relations import Change, Table, changed_correlation, changed_pattern, cramers_v
from ml.profiles import Profile
from ml.profiles.columns import NumericProfile
from ml.profiles.joint import Joint, Pair
from ml.specs.monitoring import DriftSpec


def measure_associations(
    reference: Profile, current: Profile, pairs: Sequence[Pair], *, spec: DriftSpec, level: float
) -> tuple[ColumnDrift, ...]:
    """Measure the drift of pairs of columns that are checked together, in the order given.

    As for single columns, a pair has drifted if its change is more than chance, at a false discovery rate of ``level``
    over all pairs, and matters: its effect reaches ``spec.association``, and its interval lies above 0. The effect
    is the change of the rank correlation of two columns of numbers, else Cramér's V of what changed.
    """
    changes = [_change(reference, current, pair, spec.min_rows) for pair in pairs]
    limit = believable([one.p_value for one in changes if isinstance(one, Change)], level)
    return tuple(
        _said(pair, change, spec, limit, (reference, current)) for pair, change in zip(pairs, changes, strict=True)
    )


_Untold = tuple[Outcome, str]


def _change(reference: Profile, current: Profile, pair: Pair, least: int) -> Change | _Untold:
    """Return how a pair changed, or why that cannot be told."""
    for name, side in (("reference", reference), ("batch", current)):
        if any(one not in side.columns for one in pair):
            return Outcome.NOT_APPLICABLE, f"the profile of the {name} does not have both columns"
    if any(reference.columns[one].layout != current.columns[one].layout for one in pair):
        return Outcome.CANNOT_TELL, "the reference was profiled with other bins or categories: retrain to measure"
    for name, side in (("reference", reference), ("batch", current)):
        if pair not in side.associations:
            note = f"the {name} was profiled without this pair, or one of the two holds moments or free text"
            return Outcome.CANNOT_TELL, note
        if side.associations[pair].rows < least:
            return (
                Outcome.CANNOT_TELL,
                f"the {name} has {side.associations[pair].rows} rows with both values, {least} are needed",
            )
    compare = changed_correlation if _of_numbers(reference, pair) else changed_pattern
    found = compare(*(_table(side.associations[pair]) for side in (reference, current)))
    return found or (Outcome.NOT_APPLICABLE, "one of the two hardly varies where both have a value")


def _of_numbers(profile: Profile, pair: Pair) -> bool:
    return all(isinstance(profile.columns[name], NumericProfile) for name in pair)


def _table(joint: Joint) -> Table:
    return np.array(joint.cells, dtype=np.float64).reshape(joint.shape)


def _said(
    pair: Pair, change: Change | _Untold, spec: DriftSpec, limit: float, sides: tuple[Profile, Profile]
) -> ColumnDrift:
    name, numbers = f"{pair[0]} × {pair[1]}", _of_numbers(sides[0], pair) if _is_there(sides[0], pair) else False
    method = "correlation" if numbers else "cramers_v"
    if not isinstance(change, Change):
        outcome, note = change
        return ColumnDrift(name, method, spec.association, outcome, note=note)
    significant = change.p_value <= limit
    drifted = significant and change.effect >= spec.association and change.interval[0] > 0
    joints = [side.associations[pair] for side in sides]
    return ColumnDrift(
        name,
        method,
        spec.association,
        Outcome.WARNING if drifted else Outcome.PASSED,
        effect=change.effect,
        interval=change.interval,
        p_value=change.p_value,
        significant=significant,
        drifted=drifted,
        note=_strengths(*joints, numbers=numbers),
        rows=joints[1].rows,
    )


def _is_there(profile: Profile, pair: Pair) -> bool:
    return all(name in profile.columns for name in pair)


def _strengths(past: Joint, now: Joint, *, numbers: bool) -> str:
    """Say the usual number of both sides: Pearson's correlation, or Cramér's V of the groups."""
    each = [_pearson(one) if numbers else cramers_v(_table(one)) for one in (past, now)]
    before, after = ("unknown" if one is None else f"{one:.2f}" for one in each)
    return f"{'Pearson' if numbers else 'Cramér'}'s {'correlation' if numbers else 'V'} {before} → {after}"


def _pearson(joint: Joint) -> float | None:
    return None if joint.moments is None else joint.moments.correlation
