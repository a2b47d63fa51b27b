"""PG010: groups are treated alike, as far as the spec says in which sense."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ml.domain.findings import Finding, Outcome
from ml.evaluation.case import CHALLENGER, Case
from ml.evaluation.checks.comparison import not_asked, said
from ml.problems.base import PREDICTION, as_floats
from ml.specs.gate import FairnessSpec

CODE = "PG010"
_FEWEST_GROUPS = 2
_NUMBERS = "mean_absolute_error"


def check_fairness(case: Case) -> tuple[Finding, ...]:
    """Compare a metric between the groups of a column, by fairlearn's metrics; small groups are left out."""
    spec, rows = case.gate.fairness, case.exhibits.rows
    if spec is None or rows is None:
        return not_asked(case, CODE, "groups", "no gate.fairness")
    why = _cannot(case, spec, rows)
    if why:
        return (_said(case, spec, seen=why, outcome=Outcome.CANNOT_TELL),)
    groups = rows[spec.column].astype("string").fillna("(no value)").to_numpy()
    names, sizes = np.unique(groups, return_counts=True)
    large = names[sizes >= spec.min_rows]
    if len(large) < _FEWEST_GROUPS:
        seen = f"{len(large)} groups of at least {spec.min_rows} rows"
        return (_said(case, spec, seen=seen, outcome=Outcome.CANNOT_TELL),)
    kept = np.isin(groups, large)
    difference, ratio = _apart(case, spec, groups=groups, kept=kept)
    seen = f"difference {difference:.4g}, ratio {ratio:.4g} between {len(large)} groups"
    unfair = spec.max_difference is not None and difference > spec.max_difference
    unfair = unfair or (spec.min_ratio is not None and ratio < spec.min_ratio)
    outcome = Outcome.FAILED if unfair else Outcome.PASSED
    if np.isnan(difference) or (spec.min_ratio is not None and np.isnan(ratio)):
        outcome = Outcome.CANNOT_TELL
    return (_said(case, spec, seen=seen, outcome=outcome, rows=int(kept.sum())),)


def _cannot(case: Case, spec: FairnessSpec, rows: pd.DataFrame) -> str:
    if spec.column not in rows.columns:
        return f"no column {spec.column}"
    if (spec.metric == _NUMBERS) != case.problem.numeric_output:
        return f"{spec.metric} is no measure for {case.problem.kind}"
    return ""


def _apart(case: Case, spec: FairnessSpec, *, groups: Any, kept: Any) -> tuple[float, float]:
    """Return the largest difference and the smallest ratio between two groups."""
    from fairlearn.metrics import MetricFrame, false_positive_rate, selection_rate, true_positive_rate
    from sklearn.metrics import accuracy_score, mean_absolute_error

    measures = {
        "selection_rate": selection_rate,
        "true_positive_rate": true_positive_rate,
        "false_positive_rate": false_positive_rate,
        "accuracy": accuracy_score,
        _NUMBERS: mean_absolute_error,
    }
    truth, predicted = case.truth.iloc[:, 0], case.sides[CHALLENGER][PREDICTION]
    if spec.metric == _NUMBERS:
        pair = (as_floats(truth), as_floats(predicted))
    else:
        texts = (truth.astype(str).to_numpy(), predicted.astype(str).to_numpy())
        pair = texts if spec.metric == "accuracy" else tuple((one == spec.positive).astype(int) for one in texts)
    frame = MetricFrame(
        metrics=measures[spec.metric], y_true=pair[0][kept], y_pred=pair[1][kept], sensitive_features=groups[kept]
    )
    return float(frame.difference()), float(frame.ratio())


def _said(case: Case, spec: FairnessSpec, *, seen: str, outcome: Outcome, rows: int = 0) -> Finding:
    limits = [f"difference at most {spec.max_difference:g}"] if spec.max_difference is not None else []
    limits += [f"ratio at least {spec.min_ratio:g}"] if spec.min_ratio is not None else []
    subject = f"{spec.metric} by {spec.column}"
    return said(case, code=CODE, subject=subject, seen=seen, expected=" and ".join(limits), outcome=outcome, rows=rows)
