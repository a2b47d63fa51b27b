"""PG003: not worse than the champion beyond chance and margin."""

from __future__ import annotations

from ml.domain.findings import Finding
from ml.evaluation.case import Case, Rival
from ml.evaluation.checks.comparison import compared


def check_non_inferior(case: Case) -> tuple[Finding, ...]:
    """Block a challenger that is surely worse by more than the margin; where the spec keeps the champion when unsure,
    one that is not surely within it.
    """
    strict = case.gate.unsure == "keep"
    tail = case.proof if strict else case.doubt
    bound = "lower" if strict else "upper"
    return compared(
        case,
        code="PG003",
        applies=case.rival is Rival.CHAMPION and case.gate.comparison == "non_inferior",
        passed=case.gain is not None and case.stands(case.gain),
        expected=f"{'above' if strict else 'at least'} {0 - case.gate.margin:+g} at the {bound} bound of "
        f"{1 - tail:.4g} confidence",
    )
