"""PG005: a first version beats a constant."""

from __future__ import annotations

from ml.domain.findings import Finding
from ml.evaluation.case import Case, Rival
from ml.evaluation.checks.comparison import compared


def check_first_version(case: Case) -> tuple[Finding, ...]:
    """Pass a first version only if its whole interval over the dummy lies above nothing."""
    return compared(
        case,
        code="PG005",
        applies=case.rival is not Rival.CHAMPION,
        passed=case.gain is not None and case.gain.low > 0.0,
        expected="an interval above +0",
    )
