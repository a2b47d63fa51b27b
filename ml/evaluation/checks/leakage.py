"""PG015: nothing of the answer was known beforehand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ml.domain.findings import Finding, Outcome
from ml.evaluation.case import Case, Rival
from ml.evaluation.checks.comparison import not_asked, said
from ml.evaluation.exhibits import Origin

CODE = "PG015"
_TOO_GOOD = 0.99
_MOST_ROWS = 2000
_MOST_FEATURES = 200
_DEPTH = 3
_FEWEST_ROWS = 10


def check_leakage(case: Case) -> tuple[Finding, ...]:
    """Block a challenger that was trained on rows as new as those that it is judged on.

    For a model's first version, which is when a person looks, warn of a feature that alone predicts almost perfectly.
    """
    origin = case.exhibits.origin
    if origin is None:
        return not_asked(case, CODE, "training rows", "not known")
    return (_in_time(case, origin), *_too_good(case))


def _in_time(case: Case, origin: Origin) -> Finding:
    overlaps = origin.last_row >= origin.first_held_out
    return said(
        case,
        code=CODE,
        subject="training rows",
        seen=f"the newest of {origin.last_row:%Y-%m-%d %H:%M}, held out from {origin.first_held_out:%Y-%m-%d %H:%M}",
        expected="all older than the held-out rows",
        outcome=Outcome.FAILED if overlaps else Outcome.PASSED,
    )


def _too_good(case: Case) -> tuple[Finding, ...]:
    rows = case.exhibits.rows
    if case.rival is Rival.CHAMPION or rows is None or not case.has_enough_rows:
        return ()
    shares = {name: _explained(case, rows[name]) for name in case.exhibits.features[:_MOST_FEATURES] if name in rows}
    return tuple(
        said(
            case,
            code=CODE,
            subject=name,
            seen=f"alone explains {share:.1%} of what a constant gets wrong",
            expected=f"less than {_TOO_GOOD:.0%}",
            outcome=Outcome.WARNING,
        )
        for name, share in shares.items()
        if share >= _TOO_GOOD
    )


def _explained(case: Case, values: pd.Series[Any]) -> float:
    """Return the share of a constant's loss that a shallow tree on one feature saves, on rows that it has not seen."""
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor  # late: first versions only

    known = values.notna().to_numpy()
    places = np.flatnonzero(known)[:_MOST_ROWS]
    column = _as_numbers(values.iloc[places])[:, None]
    target = case.truth.iloc[places, 0].to_numpy()
    half = len(places) // 2
    if half < _FEWEST_ROWS:
        return 0.0
    if case.problem.numeric_output:
        tree = DecisionTreeRegressor(max_depth=_DEPTH, random_state=case.seed).fit(column[:half], target[:half])
        left = np.square(tree.predict(column[half:]) - target[half:]).mean()
        constant = np.square(target[:half].mean() - target[half:]).mean()
    else:
        labels = target.astype(str)
        tree = DecisionTreeClassifier(max_depth=_DEPTH, random_state=case.seed).fit(column[:half], labels[:half])
        left = (tree.predict(column[half:]) != labels[half:]).mean()
        names, counts = np.unique(labels[:half], return_counts=True)
        constant = (names[counts.argmax()] != labels[half:]).mean()
    return 1.0 - float(left) / float(constant) if constant > 0 else 0.0


def _as_numbers(values: pd.Series[Any]) -> np.ndarray[Any, np.dtype[np.float64]]:
    if values.dtype.kind in "iufb":
        numbers = values.to_numpy(dtype=np.float64)
        return np.where(np.isfinite(numbers), numbers, 0.0)
    return pd.factorize(values)[0].astype(np.float64)
