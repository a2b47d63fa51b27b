"""Drift of a batch against a reference, column by column; one that cannot be tested is an outcome, never an abort."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ml.domain.findings import Outcome
from ml.monitoring.distances import METHODS, drifted
from ml.monitoring.values import NoValuesError, Values, values_of
from ml.specs.monitoring import DriftSpec

_NAMED = 3  # so many new categories are named in a note


@dataclass(frozen=True, slots=True)
class ColumnDrift:
    """What the check of one column said.

    ``score`` is None where nothing could be measured, and ``note`` then says why; otherwise ``note`` says what else was
    noticed (new categories, rows without a value). ``rows`` are the current rows that the score rests on.
    """

    column: str
    method: str
    score: float | None
    threshold: float
    drifted: bool
    outcome: Outcome
    note: str = ""
    rows: int = 0


def measure_drift(
    reference: pd.DataFrame,
    current: pd.DataFrame,
    *,
    numeric: Sequence[str],
    categorical: Sequence[str],
    spec: DriftSpec,
    seed: int,
) -> tuple[ColumnDrift, ...]:
    """Measure each column's drift on bounded samples of both sides; columns in the order given, numbers first.

    Works alike for features, predictions and the target. Rows without a value are left out, as Evidently does; infinite
    numbers count as no value.
    """
    wanted = None if spec.columns is None else set(spec.columns)
    past, now = bounded_sample(reference, spec.sample, seed), bounded_sample(current, spec.sample, seed)
    columns = [(name, spec.numeric, True) for name in numeric] + [
        (name, spec.categorical, False) for name in categorical
    ]
    return tuple(
        _measure(past, now, name, method, numeric=is_number, spec=spec)
        for name, method, is_number in columns
        if wanted is None or name in wanted
    )


def drift_share(drifts: Sequence[ColumnDrift]) -> float | None:
    """Return the share of drifted columns among those that could be tested; None if none could."""
    tested = [drift for drift in drifts if drift.score is not None]
    return sum(drift.drifted for drift in tested) / len(tested) if tested else None


def bounded_sample(frame: pd.DataFrame, size: int, seed: int) -> pd.DataFrame:
    """Return the frame, or ``size`` of its rows drawn with ``seed``, in their order."""
    if len(frame) <= size:
        return frame
    chosen = np.random.default_rng(seed).choice(len(frame), size, replace=False, shuffle=False)
    return frame.iloc[np.sort(chosen)]


def _measure(
    reference: pd.DataFrame, current: pd.DataFrame, name: str, method: str, *, numeric: bool, spec: DriftSpec
) -> ColumnDrift:
    def untested(outcome: Outcome, note: str) -> ColumnDrift:
        return ColumnDrift(name, method, None, spec.threshold, drifted=False, outcome=outcome, note=note)

    sides: list[Values] = []
    for side, frame in (("reference", reference), ("batch", current)):
        found = list(frame.columns).count(name)
        if found != 1:
            return untested(Outcome.NOT_APPLICABLE, f"the {side} has {found or 'no'} such column{'s' * (found > 1)}")
        try:
            values = values_of(frame[name], numeric=numeric)
        except NoValuesError as error:
            return untested(Outcome.CANNOT_TELL, f"the {side} {error}")
        if values.size < spec.min_rows:
            note = f"the {side} has {values.size} rows with a value, {spec.min_rows} are needed"
            return untested(Outcome.CANNOT_TELL, note)
        sides.append(values)
    past, now = sides
    if (past == past[0]).all() and (now == past[0]).all():
        return untested(Outcome.NOT_APPLICABLE, f"it is always {past[0]}, in the reference and in the batch")
    score = _score(method, past, now)
    if score is None:
        return untested(Outcome.CANNOT_TELL, f"{method} has no finite value: the values lie too far apart or too close")
    verdict = drifted(method, score, spec.threshold)
    outcome = Outcome.WARNING if verdict else Outcome.PASSED
    note = _note(past, now, numeric=numeric)
    return ColumnDrift(name, method, score, spec.threshold, verdict, outcome, note, int(now.size))


def _score(method: str, past: Values, now: Values) -> float | None:
    try:
        with np.errstate(all="ignore"):
            score = METHODS[method](past, now)
    except ValueError:  # NumPy cannot cut the range into bins
        return None
    return score if np.isfinite(score) else None


def _note(past: Values, now: Values, *, numeric: bool) -> str:
    if (past == past[0]).all():
        return f"it was always {past[0]} in the reference"
    if numeric:
        return ""
    known = set(past.tolist())
    fresh = Counter(value for value in now.tolist() if value not in known)
    if not fresh:
        return ""
    names = ", ".join(name for name, _ in sorted(fresh.items(), key=lambda item: (-item[1], item[0]))[:_NAMED])
    more = f" and {len(fresh) - _NAMED} more" if len(fresh) > _NAMED else ""
    return f"new: {names}{more} ({fresh.total() / now.size:.1%} of the rows)"
