"""PG001: enough held-out rows."""

from __future__ import annotations

from ml.domain.codes_pg import GATE
from ml.domain.findings import Finding, Outcome, Severity
from ml.evaluation.case import Case

CODE = "PG001"


def check_rows(case: Case) -> tuple[Finding, ...]:
    """Say whether a difference could be told from chance at all."""
    enough = case.has_enough_rows
    return (
        Finding(
            code=CODE,
            severity=Severity.INFO if enough else Severity.ERROR,
            subject="held-out rows",
            seen=f"{case.rows} rows",
            expected=f"at least {case.gate.min_rows}",
            remedy="" if enough else GATE[CODE].remedy,
            outcome=Outcome.PASSED if enough else Outcome.CANNOT_TELL,
            rows=case.rows,
        ),
    )
