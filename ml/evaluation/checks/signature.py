"""PG014: the same inputs, the same outputs."""

from __future__ import annotations

from ml.domain.findings import Finding, Outcome
from ml.evaluation.case import CHALLENGER, Case, Rival
from ml.evaluation.checks.comparison import not_asked, said

CODE = "PG014"
SUBJECT = "inputs and outputs"


def check_signature(case: Case) -> tuple[Finding, ...]:
    """Block a challenger that takes other columns than the model's schema; one that gives fewer columns is a warning.

    A classifier that was trained on rows without a label gives no probability for it.
    """
    origin = case.exhibits.origin
    if origin is None:
        return not_asked(case, CODE, SUBJECT, "not known")
    problems, outcome = [], Outcome.PASSED
    if Rival.CHAMPION.value in case.sides:
        gone = set(case.sides[Rival.CHAMPION.value].columns).difference(case.sides[CHALLENGER].columns)
        if gone:
            problems, outcome = [f"no {', '.join(sorted(gone))} any more"], Outcome.WARNING
    if origin.features != origin.expected:
        other = set(origin.features).symmetric_difference(origin.expected)
        problems.append(f"other features: {', '.join(sorted(other)) or 'another order'}")
        outcome = Outcome.FAILED
    return (
        said(
            case,
            code=CODE,
            subject=SUBJECT,
            seen="; ".join(problems) or f"{len(origin.features)} features in, the columns of the champion out",
            expected="the features of the schema, and the champion's columns",
            outcome=outcome,
        ),
    )
