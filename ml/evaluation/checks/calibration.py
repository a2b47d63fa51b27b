"""PG011: probabilities are as good as the champion's."""

from __future__ import annotations

from ml.domain.findings import Finding, Outcome
from ml.evaluation.calibration import BRIER, calibration_error
from ml.evaluation.case import CHALLENGER, Case, Rival
from ml.evaluation.checks.comparison import not_asked, said
from ml.evaluation.gain import Gain, measure_gain
from ml.problems.label_metrics import probability_columns

CODE = "PG011"
SUBJECT = "probabilities"


def check_calibration(case: Case) -> tuple[Finding, ...]:
    """Block a challenger whose Brier score is surely worse, or whose calibration error is too large."""
    spec = case.gate.calibration
    if spec is None or not probability_columns(case.sides[CHALLENGER]) or not case.has_enough_rows:
        return not_asked(case, CODE, SUBJECT, "no gate.calibration" if spec is None else "no probabilities to look at")
    error = calibration_error(case.truth, case.sides[CHALLENGER])
    seen, asked = [f"an expected calibration error of {error:.4g}"], []
    failed = spec.max_error is not None and error > spec.max_error
    if spec.max_error is not None:
        asked.append(f"an error of at most {spec.max_error:g}")
    gain = _gain(case)
    if gain is not None:
        low, high = gain.interval(case.gate.confidence)
        seen.append(f"a gain of {gain.difference:+.4g} in the Brier score ({low:+.4g} to {high:+.4g})")
        asked.append(f"a Brier score not worse by more than {spec.margin:g}")
        failed = failed or gain.most(case.doubt) < -spec.margin
    return (
        said(
            case,
            code=CODE,
            subject=SUBJECT,
            seen=", ".join(seen),
            expected=" and ".join(asked) or "nothing",
            outcome=Outcome.FAILED if failed else Outcome.PASSED,
        ),
    )


def _gain(case: Case) -> Gain | None:
    if case.rival is not Rival.CHAMPION:
        return None
    ours, theirs = (BRIER.terms(case.truth, case.sides[who]) for who in (CHALLENGER, case.rival.value))
    found = measure_gain(BRIER, ours, theirs, resamples=case.gate.resamples, seed=case.seed)
    return None if isinstance(found, str) else found
