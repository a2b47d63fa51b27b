"""PG012: finite predictions for what it has never seen."""

from __future__ import annotations

from ml.domain.findings import Finding, Outcome
from ml.evaluation.case import Case
from ml.evaluation.checks.comparison import not_asked, said

CODE = "PG012"
SUBJECT = "rows never seen"


def check_robustness(case: Case) -> tuple[Finding, ...]:
    """Block a challenger that cannot predict gaps, unknown categories or numbers out of range."""
    complaint = case.exhibits.complaint
    if complaint is None:
        return not_asked(case, CODE, SUBJECT, "not tried")
    return (
        said(
            case,
            code=CODE,
            subject=SUBJECT,
            seen=complaint.rstrip(".") or "predictions that are numbers",
            expected="predictions for gaps, unknown categories and numbers out of range",
            outcome=Outcome.FAILED if complaint else Outcome.PASSED,
        ),
    )
