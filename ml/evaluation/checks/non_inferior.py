"""PG003: not worse than the champion beyond chance and margin."""

from __future__ import annotations

from ml.domain.findings import Finding
from ml.evaluation.case import Case, Rival
from ml.evaluation.checks.comparison import compared


def check_non_inferior(case: Case) -> tuple[Finding, ...]:
    """Block only a challenger whose whole interval lies below ``-margin``."""
    return compared(
        case,
        code="PG003",
        applies=case.rival is Rival.CHAMPION and case.gate.comparison == "non_inferior",
        passed=case.gain is not None and case.gain.high >= -case.gate.margin,
        expected=f"an interval that reaches {0 - case.gate.margin:+g}",
    )
