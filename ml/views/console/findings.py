"""Findings as rows of a question."""

from __future__ import annotations

from ml.domain.findings import Finding, Outcome, Severity
from ml.registry.convert import AnyRow


def finding_of_row(row: AnyRow) -> Finding:
    """Read a finding from the columns code, severity, outcome, rows and said."""
    return Finding(
        code=row.code,
        severity=Severity(row.severity),
        outcome=Outcome(row.outcome),
        rows=int(row.rows),
        **row.said,
    )
