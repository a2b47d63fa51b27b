"""PG011: probabilities are as good as the champion's."""

from __future__ import annotations

from ml.domain.findings import Finding, Outcome
from ml.evaluation.calibration import BRIER, ERROR
from ml.evaluation.case import CHALLENGER, Case, Rival
from ml.evaluation.checks.comparison import not_asked, said
from ml.evaluation.gain import Gain, measure_gain
from ml.problems.label_metrics import probability_columns

CODE = "PG011"
SUBJECT = "probabilities"


def check_calibration(case: Case) -> tuple[Finding, ...]:
    """Block one whose Brier score or calibration error is surely worse, or whose calibration error is too large.

    The Brier score alone would let through one that tells labels better apart but cannot be believed any more.
    """
    spec = case.gate.calibration
    if spec is None or not probability_columns(case.sides[CHALLENGER]) or not case.has_enough_rows:
        return not_asked(case, CODE, SUBJECT, "no gate.calibration" if spec is None else "no probabilities to look at")
    error = float(ERROR.of_means(ERROR.terms(case.truth, case.sides[CHALLENGER]).mean(axis=0)))
    seen, asked = [f"an expected calibration error of {error:.4g}"], []
    failed = spec.max_error is not None and error > spec.max_error
    if spec.max_error is not None:
        asked.append(f"an error of at most {spec.max_error:g}")
    gains = _gains(case)
    for name, gain in gains.items():
        low, high = gain.interval(case.gate.confidence)
        seen.append(f"a gain of {gain.difference:+.4g} in {name} ({low:+.4g} to {high:+.4g})")
        failed = failed or gain.most(case.doubt) < -spec.margin
    if gains:
        asked.append(f"neither worse by more than {spec.margin:g} than the champion's")
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


def _gains(case: Case) -> dict[str, Gain]:
    """How much better the challenger is than the champion, in the Brier score and in that error."""
    if case.rival is not Rival.CHAMPION:
        return {}
    found: dict[str, Gain] = {}
    for name, metric in (("the Brier score", BRIER), ("that error", ERROR)):
        ours, theirs = (metric.terms(case.truth, case.sides[who]) for who in (CHALLENGER, case.rival.value))
        gain = measure_gain(metric, ours, theirs, resamples=case.gate.resamples, seed=case.seed)
        if isinstance(gain, Gain):
            found[name] = gain
    return found
