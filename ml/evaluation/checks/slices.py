"""PG009: no part of the rows got worse."""

from __future__ import annotations

from ml.domain.findings import Finding, Outcome
from ml.evaluation.case import Case, Rival
from ml.evaluation.checks.comparison import not_asked, said
from ml.evaluation.scores import row_gains, row_metric
from ml.evaluation.slices import false_discoveries_at_most, found_parts, named_parts, tested_parts

CODE = "PG009"
_SHOWN = 5


def check_slices(case: Case) -> tuple[Finding, ...]:
    """Block a challenger that surely lost more than the margin on a part of the rows."""
    spec, rows, metric = case.gate.slices, case.exhibits.rows, row_metric(case)
    if spec is None or rows is None or metric is None or case.rival is not Rival.CHAMPION or not case.has_enough_rows:
        return not_asked(case, CODE, "parts of the rows", "no gate.slices" if spec is None else "nothing to compare")
    unknown = [name for name in spec.columns if name not in rows.columns]
    if unknown:
        seen = f"no column {', '.join(unknown)}"
        return (
            said(
                case,
                code=CODE,
                subject="parts of the rows",
                seen=seen,
                expected="the columns of gate.slices",
                outcome=Outcome.CANNOT_TELL,
            ),
        )
    gains = row_gains(case, metric, Rival.CHAMPION.value)
    parts = list(named_parts(rows, spec))
    if spec.found and case.exhibits.features:
        parts += found_parts(rows[list(case.exhibits.features)], gains, spec, seed=case.seed)
    tested = tested_parts(parts, gains, margin=spec.margin)
    worse = false_discoveries_at_most(spec.false_discoveries, tested)
    expected = f"no part that loses more than {spec.margin:g} of {metric.name}"
    if not worse:
        return (
            said(
                case,
                code=CODE,
                subject="parts of the rows",
                seen=f"none of {len(tested)} is surely worse",
                expected=expected,
                outcome=Outcome.PASSED,
            ),
        )
    return tuple(
        said(
            case,
            code=CODE,
            subject=one.part.name,
            seen=f"a mean gain of {one.gain:+.4g} in {metric.name} (p = {one.chance:.2g})",
            expected=expected,
            outcome=Outcome.FAILED,
            rows=one.rows,
        )
        for one in worse[:_SHOWN]
    )
