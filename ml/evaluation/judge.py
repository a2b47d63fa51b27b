"""The gate: every check on one case, and the verdict in one sentence."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from ml.domain.findings import Finding, Outcome
from ml.evaluation.case import CHALLENGER, Case, Rival, open_case
from ml.evaluation.checks import CHECKS
from ml.problems import Problem
from ml.specs.training import GateSpec

_BLOCKING = (Outcome.FAILED, Outcome.CANNOT_TELL)


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict on a challenger with everything that it rests on.

    ``metrics`` maps ``challenger`` and ``champion`` or ``dummy`` to values on the same rows; one that could not be
    computed is left out. ``difference`` and ``interval`` are the gain in the primary metric, positive is better for
    the challenger whatever the metric's direction, None if there was nothing to compare. ``findings`` holds every
    check, the passed and the not applicable ones too.
    """

    passed: bool
    sentence: str
    metrics: dict[str, dict[str, float]]
    difference: float | None
    interval: tuple[float, float] | None
    findings: tuple[Finding, ...]


def judge(
    *,
    gate: GateSpec,
    problem: Problem,
    metric: str,
    truth: pd.DataFrame,
    challenger: pd.DataFrame,
    champion: pd.DataFrame | None,
    dummy: pd.DataFrame | None,
    seed: int,
    least_gain: float | None = None,
) -> Judgement:
    """Judge a challenger against the champion, or a first version against the dummy, by predictions for the same rows.

    It passes if no check failed and none could not tell. The same rows, predictions and seed give the same verdict.
    ``least_gain`` is what the primary metric must gain over the champion for going live to pay; None asks for nothing.

    Raises:
        DataError: the predictions are not for the rows of the truth.
    """
    case = open_case(
        gate=gate,
        problem=problem,
        metric=metric,
        truth=truth,
        challenger=challenger,
        champion=champion,
        dummy=dummy,
        seed=seed,
        least_gain=least_gain,
    )
    findings = tuple(finding for check in CHECKS for finding in check(case))
    blocking = [finding for finding in findings if finding.outcome in _BLOCKING]
    return Judgement(
        passed=not blocking,
        sentence=_sentence(case, blocking),
        metrics={who: dict(values) for who, values in case.metrics.items()},
        difference=None if case.gain is None else case.gain.difference,
        interval=None if case.gain is None else case.gain.interval,
        findings=findings,
    )


def _sentence(case: Case, blocking: list[Finding]) -> str:
    if not blocking:
        return f"Passed: {_measured(case)}{_standing(case)}{_paying(case)}."
    if not case.has_enough_rows:
        return f"Not promoted: {case.rows} held-out rows cannot tell anything, {case.gate.min_rows} are needed."
    if blocking[0].code == "PG002":
        return f"Not promoted: {case.metric.name} cannot be compared: {blocking[0].seen.rstrip('.')}."
    floors = [finding for finding in blocking if finding.code == "PG006"]
    missed = "".join(f"; {one.subject} is {one.seen or 'unknown'}, {one.expected} is asked for" for one in floors)
    codes = {finding.code for finding in blocking}
    lost = "" if codes <= {"PG006", "PG007"} else _standing(case)
    unpaid = _paying(case) if "PG007" in codes else ""
    word = "Not promoted" if codes == {"PG007"} else "Rejected"
    return f"{word}: {_measured(case)}{lost}{unpaid}{missed}."


def _measured(case: Case) -> str:
    """Give both values, the gain and its interval."""
    name = case.metric.name
    ours = f"{name} {case.metrics[CHALLENGER][name]:.4g}"
    if case.gain is None:
        return f"{ours} on {case.rows} held-out rows"
    theirs = f"{case.metrics[case.rival.value][name]:.4g}"
    whose = "the champion has" if case.rival is Rival.CHAMPION else "always predicting the same has"
    word = "better" if case.gain.difference >= 0 else "worse"
    return (
        f"{ours} where {whose} {theirs} on the same {case.rows} rows, {word} by {abs(case.gain.difference):.4g} "
        f"({case.gate.confidence:.0%} interval {case.gain.low:+.4g} to {case.gain.high:+.4g})"
    )


def _standing(case: Case) -> str:
    """Say how the interval stands to what the gate asks for."""
    if case.gain is None:
        return ""
    margin = case.gate.margin
    beyond = f" by more than {margin:g}" if margin else ""
    if case.rival is Rival.DUMMY:
        return ": surely better than a constant" if case.gain.low > 0 else ": not surely better than a constant"
    if case.gate.comparison == "superior":
        return f": surely better{beyond}" if case.gain.low > margin else f": not surely better{beyond}"
    return f": surely worse{beyond}" if case.gain.high < -margin else f": not surely worse{beyond}"


def _paying(case: Case) -> str:
    """Say whether the gain pays for going live, if that was asked."""
    if case.least_gain is None or case.gain is None or case.rival is not Rival.CHAMPION:
        return ""
    word = "pays" if case.gain.difference >= case.least_gain else "does not pay"
    return f"; the gain {word} (gain {case.gain.difference:+.4g}, needed {case.least_gain:+.4g})"
