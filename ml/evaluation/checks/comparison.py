"""What PG003, PG004 and PG005 share: one bound of the gain's interval against one limit."""

from __future__ import annotations

from ml.domain.codes_pg import GATE
from ml.domain.findings import Finding, Outcome, Severity
from ml.evaluation.case import Case


def compared(case: Case, *, code: str, applies: bool, passed: bool, expected: str) -> tuple[Finding, ...]:
    """Return the finding of a comparison: not applicable, cannot tell, passed or failed."""
    outcome = Outcome.PASSED if passed else Outcome.FAILED
    if not applies:
        outcome = Outcome.NOT_APPLICABLE
    elif case.gain is None or not case.has_enough_rows:
        outcome = Outcome.CANNOT_TELL
    bad = outcome in (Outcome.FAILED, Outcome.CANNOT_TELL)
    return (
        Finding(
            code=code,
            severity=Severity.ERROR if bad else Severity.INFO,
            subject=case.metric.name,
            seen=_seen(case) if applies else "not asked for here",
            expected=expected,
            remedy=GATE[code].remedy if bad else "",
            outcome=outcome,
            rows=case.rows,
        ),
    )


def _seen(case: Case) -> str:
    if case.gain is None:
        return case.why_no_gain
    return (
        f"a gain of {case.gain.difference:+.4g} over the {case.rival.value}, "
        f"{case.gate.confidence:.0%} interval {case.gain.low:+.4g} to {case.gain.high:+.4g}"
    )
