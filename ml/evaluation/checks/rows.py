"""PG001: enough held-out rows."""

from __future__ import annotations

from ml.domain.findings import Finding, Outcome
from ml.evaluation.case import Case
from ml.evaluation.checks.comparison import said

CODE = "PG001"


def check_rows(case: Case) -> tuple[Finding, ...]:
    """Say whether a difference could be told from chance at all, and from which size on."""
    seen = f"{case.rows} rows"
    if case.gain is not None:
        size = case.gain.resolution(case.proof)
        seen += f", which can show differences of {size:.2g} or more in {case.metric.name}"
    return (
        said(
            case,
            code=CODE,
            subject="held-out rows",
            seen=seen,
            expected=f"at least {case.gate.min_rows}",
            outcome=Outcome.PASSED if case.has_enough_rows else Outcome.CANNOT_TELL,
        ),
    )
