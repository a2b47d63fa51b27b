"""What a check says: a finding with a stable code, what was seen, what was expected and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How much a finding matters; what blocks is decided by the flow that reads it, not here."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Outcome(StrEnum):
    """What became of a check. *Not applicable* and *cannot tell* are never *passed*."""

    PASSED = "passed"
    WARNING = "warning"
    FAILED = "failed"
    NOT_APPLICABLE = "not_applicable"
    CANNOT_TELL = "cannot_tell"
    OVERRIDDEN = "overridden"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a check noticed.

    ``code`` is stable and documented in ``docs/findings.md`` (``DV`` data validation, ``DR`` drift, ``PF`` performance,
    ``PG`` promotion gate). ``subject`` names the column, metric or file. ``rows`` counts the rows concerned, 0 for a
    finding about a whole table.
    """

    code: str
    severity: Severity
    subject: str
    seen: str
    expected: str
    remedy: str
    outcome: Outcome = Outcome.FAILED
    rows: int = 0

    def sentence(self) -> str:
        """Say the finding in one line."""
        count = f" ({self.rows} rows)" if self.rows else ""
        return f"{self.code} {self.subject}: seen {self.seen}, expected {self.expected}{count}"
