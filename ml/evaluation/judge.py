"""The gate: every check on one case, and the verdict in one sentence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from ml.domain.findings import Finding, Outcome, Severity
from ml.evaluation.case import BEST, CHALLENGER, Case, open_case
from ml.evaluation.checks import CHECKS
from ml.evaluation.exhibits import NO_EXHIBITS, Exhibits
from ml.evaluation.gain import Gain, value_interval
from ml.evaluation.sentence import sentence_of
from ml.problems import Problem
from ml.specs.gate import GateSpec

BLOCKING = (Outcome.FAILED, Outcome.CANNOT_TELL)


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict on a challenger with everything that it rests on.

    ``metrics`` maps ``challenger`` and ``champion`` or ``dummy`` to values on the same rows; one that could not be
    computed is left out. ``difference`` and ``interval`` are the gain in the primary metric, positive is better for
    the challenger whatever the metric's direction, None if there was nothing to compare. ``findings`` holds every
    check, the passed and the not applicable ones too. ``evidence`` is small JSON: attempt, method, what the rows can
    show, the best champion so far. ``leads`` says whether the challenger, once live, is the best champion so far.
    """

    passed: bool
    sentence: str
    metrics: dict[str, dict[str, float]]
    difference: float | None
    interval: tuple[float, float] | None
    findings: tuple[Finding, ...]
    evidence: Mapping[str, Any] = field(default_factory=dict)
    leads: bool = True


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
    exhibits: Exhibits = NO_EXHIBITS,
) -> Judgement:
    """Judge a challenger against the champion, or a first version against the dummy, by predictions for the same rows.

    The rows are in the order of time. It passes if no check failed and none could not tell, but for those that the spec
    overrides. The same arguments give the same verdict. ``least_gain`` is what the primary metric must gain over the
    champion for going live to pay; None asks for nothing.

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
        exhibits=exhibits,
    )
    findings = tuple(_overridden(gate, finding) for check in CHECKS for finding in check(case))
    blocking = [finding for finding in findings if finding.outcome in BLOCKING]
    return Judgement(
        passed=not blocking,
        sentence=sentence_of(case, blocking),
        metrics={who: dict(values) for who, values in case.metrics.items()},
        difference=None if case.gain is None else case.gain.difference,
        interval=None if case.gain is None else case.gain.interval(gate.confidence),
        findings=findings,
        evidence=_evidence(case),
        leads=case.leads,
    )


def _overridden(gate: GateSpec, finding: Finding) -> Finding:
    if finding.code not in gate.override or finding.outcome not in BLOCKING:
        return finding
    return replace(finding, outcome=Outcome.OVERRIDDEN, severity=Severity.WARNING)


def _evidence(case: Case) -> dict[str, Any]:
    said: dict[str, Any] = {"attempt": case.attempt, "rival": case.rival.value}
    if case.gain is not None:
        said |= {
            "method": case.gain.method.value,
            "block": case.gain.block,
            "resolution": case.gain.resolution(case.proof),
        }
    said["intervals"] = _intervals(case)
    if BEST in case.sides and case.over_best is not None:
        said["over_best"] = _gain(case.over_best, case.gate.confidence)
    return said


def _intervals(case: Case) -> dict[str, list[float]]:
    """The interval of each of the challenger's metrics, where it can be told."""
    found = {
        name: value_interval(metric, metric.terms(case.truth, case.sides[CHALLENGER]), case.gate.confidence)
        for name, metric in case.problem.metrics.items()
        if name in case.metrics[CHALLENGER]
    }
    return {name: list(interval) for name, interval in found.items() if np.isfinite(interval).all()}


def _gain(gain: Gain, confidence: float) -> dict[str, Any]:
    return {"difference": gain.difference, "interval": list(gain.interval(confidence))}
