"""How good predictions were, once labels are there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from ml.domain.codes_pf import PERFORMANCE
from ml.domain.errors import DataError
from ml.domain.findings import Finding, Outcome, Severity
from ml.problems import Problem

FALL = 0.05
"""From this fall of a metric on, PF001 is reported; the same as the default of the performance rule."""

_ROUNDING = 1e-9


def measure_performance(
    truth: pd.DataFrame, predictions: pd.DataFrame, *, problem: Problem, metrics: Sequence[str]
) -> dict[str, float]:
    """Return the value of each metric on the same rows; a metric that is not defined on them is left out.

    ``metrics`` are names of ``problem.metrics``.
    """
    values: dict[str, float] = {}
    for name in dict.fromkeys(metrics):
        try:
            values[name] = problem.metrics[name].value(truth, predictions)
        except DataError:
            continue  # performance_findings reports it as PF002
    return values


def performance_findings(
    values: Mapping[str, float],
    *,
    problem: Problem,
    metrics: Sequence[str],
    baseline: Mapping[str, float] | None,
    rows: int,
) -> tuple[Finding, ...]:
    """Compare what was measured with the champion's figures at promotion.

    Args:
        values: What :func:`measure_performance` gave.
        problem: The kind of problem, which knows the metrics' directions.
        metrics: All metrics that were asked for, the primary one first.
        baseline: The figures at promotion; None if the version was never champion.
        rows: The number of labelled rows.
    """
    findings = [_undefined(name, rows) for name in dict.fromkeys(metrics) if name not in values]
    if baseline is not None:
        if metrics and metrics[0] not in baseline:
            findings.append(_no_baseline(metrics[0]))
        findings += [
            finding
            for name, value in values.items()
            if name in baseline and (finding := _fall(problem, name, value, baseline[name], rows)) is not None
        ]
    return tuple(findings)


def _fall(problem: Problem, name: str, value: float, before: float, rows: int) -> Finding | None:
    metric = problem.metrics[name]
    drop = before - value if metric.higher_is_better else value - before
    limit = FALL if metric.bounded else FALL * abs(before)
    if drop <= 0 or drop < limit - _ROUNDING * max(limit, abs(before)):
        return None
    side, bound = ("above", before - limit) if metric.higher_is_better else ("below", before + limit)
    return Finding(
        code="PF001",
        severity=Severity.WARNING,
        subject=name,
        seen=f"{value:.4g}",
        expected=f"{side} {bound:.4g} ({before:.4g} at promotion)",
        remedy=PERFORMANCE["PF001"].remedy,
        outcome=Outcome.WARNING,
        rows=rows,
    )


def _undefined(name: str, rows: int) -> Finding:
    return Finding(
        code="PF002",
        severity=Severity.INFO,
        subject=name,
        seen="no value on the labelled rows",
        expected="rows on which it is defined",
        remedy=PERFORMANCE["PF002"].remedy,
        outcome=Outcome.CANNOT_TELL,
        rows=rows,
    )


def _no_baseline(name: str) -> Finding:
    return Finding(
        code="PF003",
        severity=Severity.INFO,
        subject=name,
        seen="no value at promotion",
        expected="the value that the gate measured",
        remedy=PERFORMANCE["PF003"].remedy,
        outcome=Outcome.CANNOT_TELL,
    )
