"""What the gate looks at: a challenger, what it is compared with, all measured on the same held-out rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import pandas as pd

from ml.domain.errors import DataError
from ml.evaluation.bootstrap import interval_of, paired
from ml.problems import Metric, Problem
from ml.problems.metric import Floats
from ml.specs.training import GateSpec

CHALLENGER = "challenger"
_MOST_UNDEFINED = 0.1


class Rival(StrEnum):
    """What a challenger is compared with."""

    CHAMPION = "champion"
    DUMMY = "dummy"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Gain:
    """How much better the challenger is in the primary metric, with the paired bootstrap interval."""

    difference: float
    interval: tuple[float, float]

    @property
    def low(self) -> float:
        """Lower end of the interval."""
        return self.interval[0]

    @property
    def high(self) -> float:
        """Upper end of the interval."""
        return self.interval[1]


@dataclass(frozen=True, slots=True)
class Case:
    """A challenger before the gate.

    ``metrics`` maps ``challenger`` and the rival to metric values, without those that cannot be computed:
    ``undefined`` says why, by (who, metric). ``gain`` is None if there is no rival or no primary metric. ``least_gain``
    is what the gain must reach for going live to pay, None if nobody asked.
    """

    gate: GateSpec
    problem: Problem
    metric: Metric
    rows: int
    rival: Rival
    metrics: Mapping[str, Mapping[str, float]]
    undefined: Mapping[tuple[str, str], str]
    gain: Gain | None
    why_no_gain: str = ""
    least_gain: float | None = None

    @property
    def has_enough_rows(self) -> bool:
        """Whether a difference could be told from chance."""
        return self.rows >= self.gate.min_rows


def open_case(
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
) -> Case:
    """Measure all that the checks ask for.

    Raises:
        DataError: the predictions are not for the same rows as the truth.
    """
    rival, other = _rival(champion, dummy)
    sides = {CHALLENGER: challenger} | ({rival.value: other} if other is not None else {})
    if champion is not None and dummy is not None:
        sides[Rival.DUMMY.value] = dummy
    for who, predictions in sides.items():
        if len(predictions) != len(truth):
            raise DataError(
                f"There are {len(predictions)} predictions of the {who} for {len(truth)} held-out rows.",
                remedy="predict exactly the held-out rows, in their order.",
            )
    metrics, undefined = _measured(
        problem, dict.fromkeys((metric, *problem.default_metrics, *gate.floors)), truth, sides
    )
    primary = problem.metrics[metric]
    gain, why = None, "there is nothing to compare with"
    if other is not None:
        why = undefined.get((CHALLENGER, metric)) or undefined.get((rival.value, metric)) or ""
        if not why:
            gain, why = _gain(primary, truth, challenger, other, gate=gate, seed=seed)
    return Case(gate, problem, primary, len(truth), rival, metrics, undefined, gain, why, least_gain)


def _measured(
    problem: Problem, names: Iterable[str], truth: pd.DataFrame, sides: Mapping[str, pd.DataFrame]
) -> tuple[dict[str, dict[str, float]], dict[tuple[str, str], str]]:
    metrics: dict[str, dict[str, float]] = {who: {} for who in sides}
    undefined: dict[tuple[str, str], str] = {}
    for name in names:
        for who, predictions in sides.items():
            try:
                metrics[who][name] = problem.metrics[name].value(truth, predictions)
            except DataError as error:
                undefined[who, name] = error.message
    return metrics, undefined


def _rival(champion: pd.DataFrame | None, dummy: pd.DataFrame | None) -> tuple[Rival, pd.DataFrame | None]:
    if champion is not None:
        return Rival.CHAMPION, champion
    return (Rival.NOBODY, None) if dummy is None else (Rival.DUMMY, dummy)


def _gain(
    metric: Metric, truth: pd.DataFrame, challenger: pd.DataFrame, other: pd.DataFrame, *, gate: GateSpec, seed: int
) -> tuple[Gain | None, str]:
    difference, drawn = paired(
        metric,
        metric.terms(truth, challenger),
        metric.terms(truth, other),
        resamples=gate.resamples,
        generator=np.random.default_rng(seed),
    )
    defined: Floats = drawn[np.isfinite(drawn)]
    if len(defined) < (1.0 - _MOST_UNDEFINED) * len(drawn):
        share = 1.0 - len(defined) / len(drawn)
        return (
            None,
            f"{metric.name} is not defined in {share:.0%} of the resamples: some label is too rare in these rows",
        )
    return Gain(difference, interval_of(defined, gate.confidence)), ""
