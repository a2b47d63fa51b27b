"""PG005: better than a constant."""

from __future__ import annotations

from ml.domain.findings import Finding, Outcome
from ml.evaluation.case import CHALLENGER, Case, Rival
from ml.evaluation.checks.comparison import compared, not_asked, said

CODE = "PG005"


def check_first_version(case: Case) -> tuple[Finding, ...]:
    """Pass a first version only if it is surely better than the dummy.

    A later one that is not better on these rows is worth a warning, no more: the champion that would stay may be no
    better.
    """
    if case.rival is Rival.CHAMPION:
        return _later(case)
    return compared(
        case,
        code=CODE,
        applies=True,
        passed=case.gain is not None and case.is_shown(case.gain, 0.0),
        expected=f"above +0 at the lower bound of {1 - case.proof:.4g} confidence",
    )


def _later(case: Case) -> tuple[Finding, ...]:
    name = case.metric.name
    ours, constant = (case.metrics.get(who, {}).get(name) for who in (CHALLENGER, Rival.DUMMY.value))
    if ours is None or constant is None:
        return not_asked(case, CODE, name, "not compared with a constant")
    better = case.metric.gain(ours, constant) > 0.0
    return (
        said(
            case,
            code=CODE,
            subject=name,
            seen=f"{ours:.4g} where always predicting the same has {constant:.4g}",
            expected="better than a constant",
            outcome=Outcome.PASSED if better else Outcome.WARNING,
        ),
    )
