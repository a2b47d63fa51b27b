"""PG013: not too slow and not too large to serve."""

from __future__ import annotations

from ml.domain.findings import Finding, Outcome
from ml.evaluation.case import Case
from ml.evaluation.checks.comparison import not_asked, said

CODE = "PG013"
_MEGABYTE = 1e6


def check_limits(case: Case) -> tuple[Finding, ...]:
    """Compare the time of a prediction and the size of the model with their limits; they are measured elsewhere."""
    limits, weight = case.gate.limits, case.exhibits.weight
    if limits is None or weight is None:
        return not_asked(case, CODE, "time and size", "no gate.limits" if limits is None else "not measured")
    asked = (
        ("time to predict a batch", "ms", weight.milliseconds, limits.milliseconds),
        ("size of the model", "MB", weight.bytes / _MEGABYTE, limits.megabytes),
    )
    return tuple(
        said(
            case,
            code=CODE,
            subject=subject,
            seen=f"{value:.4g} {unit}",
            expected=f"at most {most:g} {unit}",
            outcome=Outcome.PASSED if value <= most else Outcome.FAILED,
        )
        for subject, unit, value, most in asked
        if most is not None
    )
