"""PG002: the primary metric can be computed."""

from __future__ import annotations

from ml.domain.codes_pg import GATE
from ml.domain.findings import Finding, Outcome, Severity
from ml.evaluation.case import CHALLENGER, Case, Rival

CODE = "PG002"


def check_metric(case: Case) -> tuple[Finding, ...]:
    """Say whether challenger and rival have a value to compare, and an interval around it."""
    why = case.undefined.get((CHALLENGER, case.metric.name), "")
    if not why and case.rival is not Rival.NOBODY and case.gain is None:
        why = case.why_no_gain
    return (
        Finding(
            code=CODE,
            severity=Severity.ERROR if why else Severity.INFO,
            subject=case.metric.name,
            seen=why or "defined on the held-out rows",
            expected="a value for the challenger and for what it is compared with",
            remedy=GATE[CODE].remedy if why else "",
            outcome=Outcome.CANNOT_TELL if why else Outcome.PASSED,
            rows=case.rows,
        ),
    )
