"""What the checks of a gain share: one bound of it against one limit."""

from __future__ import annotations

from ml.domain.codes_pg import GATE
from ml.domain.findings import Finding, Outcome, Severity
from ml.evaluation.case import Case
from ml.evaluation.gain import Gain


def compared(
    case: Case,
    *,
    code: str,
    applies: bool,
    passed: bool,
    expected: str,
    gain: Gain | None = None,
    over: str = "",
    bad: Outcome = Outcome.FAILED,
) -> tuple[Finding, ...]:
    """Return the finding of a comparison: not applicable, cannot tell, passed, or ``bad``.

    ``gain`` is the one over the rival unless another is given, with the name of whom it is ``over``.
    """
    looked_at = gain if over else case.gain
    outcome = Outcome.PASSED if passed else bad
    if not applies:
        outcome = Outcome.NOT_APPLICABLE
    elif looked_at is None or not case.has_enough_rows:
        outcome = Outcome.CANNOT_TELL
    return (
        said(
            case,
            code=code,
            subject=case.metric.name,
            seen=_seen(case, looked_at, over or case.rival.value) if applies else "not asked for here",
            expected=expected,
            outcome=outcome,
        ),
    )


def said(case: Case, *, code: str, subject: str, seen: str, expected: str, outcome: Outcome, rows: int = 0) -> Finding:
    """Return a finding with the severity and the remedy that its outcome has."""
    severity = {
        Outcome.FAILED: Severity.ERROR,
        Outcome.CANNOT_TELL: Severity.ERROR,
        Outcome.WARNING: Severity.WARNING,
    }.get(outcome, Severity.INFO)
    remedy = "" if severity is Severity.INFO else GATE[code].remedy
    return Finding(code, severity, subject, seen, expected, remedy, outcome, rows or case.rows)


def not_asked(case: Case, code: str, subject: str, why: str) -> tuple[Finding, ...]:
    """Return the finding of a check that does not apply."""
    return (said(case, code=code, subject=subject, seen=why, expected="nothing", outcome=Outcome.NOT_APPLICABLE),)


def _seen(case: Case, gain: Gain | None, over: str) -> str:
    if gain is None:
        return case.why_no_gain or "it cannot be computed"
    low, high = gain.interval(case.gate.confidence)
    again = f", attempt {case.attempt} on these rows" if case.attempt > 1 else ""
    return (
        f"a gain of {gain.difference:+.4g} over the {over}, "
        f"{case.gate.confidence:.0%} interval {low:+.4g} to {high:+.4g}{again} ({gain.method})"
    )
