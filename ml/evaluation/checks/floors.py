"""PG006: the floors of the spec hold."""

from __future__ import annotations

from ml.domain.codes_pg import GATE
from ml.domain.findings import Finding, Outcome, Severity
from ml.evaluation.case import CHALLENGER, Case

CODE = "PG006"


def check_floors(case: Case) -> tuple[Finding, ...]:
    """Say for every floor whether the challenger holds it; one finding that none is asked for if there is none."""
    if not case.gate.floors:
        return (
            Finding(
                CODE,
                Severity.INFO,
                "floors",
                "no floor in gate.floors",
                "nothing",
                "",
                Outcome.NOT_APPLICABLE,
                case.rows,
            ),
        )
    return tuple(_floor(case, name, floor) for name, floor in case.gate.floors.items())


def _floor(case: Case, name: str, floor: float) -> Finding:
    higher = case.problem.metrics[name].higher_is_better
    value = case.metrics[CHALLENGER].get(name)
    outcome = Outcome.CANNOT_TELL
    if value is not None:
        outcome = Outcome.PASSED if (value >= floor if higher else value <= floor) else Outcome.FAILED
    bad = outcome is not Outcome.PASSED
    return Finding(
        code=CODE,
        severity=Severity.ERROR if bad else Severity.INFO,
        subject=name,
        seen=case.undefined.get((CHALLENGER, name), "") if value is None else f"{value:.4g}",
        expected=f"at {'least' if higher else 'most'} {floor:g}",
        remedy=GATE[CODE].remedy if bad else "",
        outcome=outcome,
        rows=case.rows,
    )
