"""PG004: better than the champion beyond chance and margin."""

from __future__ import annotations

from ml.domain.findings import Finding
from ml.evaluation.case import Case, Rival
from ml.evaluation.checks.comparison import compared


def check_superior(case: Case) -> tuple[Finding, ...]:
    """Pass only a challenger whose gain is surely above ``margin``."""
    return compared(
        case,
        code="PG004",
        applies=case.rival is Rival.CHAMPION and case.gate.comparison == "superior",
        passed=case.gain is not None and case.is_shown(case.gain, case.gate.margin),
        expected=f"above {case.gate.margin:+g} at the lower bound of {1 - case.proof:.4g} confidence",
    )
