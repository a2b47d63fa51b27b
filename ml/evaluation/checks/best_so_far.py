"""PG008: not worse than the best champion so far."""

from __future__ import annotations

from ml.domain.findings import Finding, Outcome
from ml.evaluation.case import BEST, Case
from ml.evaluation.checks.comparison import compared


def check_best_so_far(case: Case) -> tuple[Finding, ...]:
    """Block a challenger that stands beside the present champion but is worse than the best one before it.

    Each of a row of challengers may lose a margin to the one before; none may lose more than that to the best. One that
    is surely better than the present champion is a step up, whatever was live before: that is worth a warning, no more.
    """
    step_up = case.gain is not None and case.is_shown(case.gain, 0.0)
    return compared(
        case,
        code="PG008",
        applies=BEST in case.sides,
        passed=case.over_best is not None and case.stands(case.over_best),
        expected=f"not worse than the best champion so far by more than {case.demand.allowed:g}",
        gain=case.over_best,
        over="best champion so far",
        bad=Outcome.WARNING if step_up else Outcome.FAILED,
    )
