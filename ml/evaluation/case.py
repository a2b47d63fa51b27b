"""What the gate looks at: a challenger, what it is compared with, all measured on the same held-out rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import pandas as pd

from ml.domain.errors import DataError
from ml.evaluation.demand import Demand
from ml.evaluation.exhibits import NO_EXHIBITS, Exhibits
from ml.evaluation.gain import Gain, measure_gain
from ml.problems import Metric, Problem
from ml.specs.gate import GateSpec

CHALLENGER = "challenger"
BEST = "best"


class Rival(StrEnum):
    """What a challenger is compared with."""

    CHAMPION = "champion"
    DUMMY = "dummy"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Case:
    """A challenger before the gate.

    ``sides`` are the predictions by who made them: ``challenger``, the rival, the best champion so far if that is
    another, the dummy. ``metrics`` maps them to metric values, without those that cannot be computed: ``undefined``
    says why, by (who, metric). ``gain`` over the rival is None if there is no rival or no primary metric, ``over_best``
    too. ``least_gain`` is what the gain must reach for going live to pay, None if nobody asked.
    """

    gate: GateSpec
    problem: Problem
    metric: Metric
    truth: pd.DataFrame
    sides: Mapping[str, pd.DataFrame]
    rival: Rival
    metrics: Mapping[str, Mapping[str, float]]
    undefined: Mapping[tuple[str, str], str]
    gain: Gain | None
    why_no_gain: str = ""
    over_best: Gain | None = None
    least_gain: float | None = None
    seed: int = 0
    exhibits: Exhibits = field(default_factory=Exhibits)

    @property
    def rows(self) -> int:
        """How many rows all were measured on."""
        return len(self.truth)

    @property
    def has_enough_rows(self) -> bool:
        """Whether a difference could be told from chance."""
        return self.rows >= self.gate.min_rows

    @property
    def attempt(self) -> int:
        """The how-manieth challenger this is on these rows; the first is 1."""
        return self.exhibits.attempts + 1

    @property
    def demand(self) -> Demand:
        """What the gate asks of a gain at this attempt."""
        return Demand(self.gate, self.attempt)

    @property
    def proof(self) -> float:
        """The tail at which something must be shown, at this attempt."""
        return self.demand.proof

    @property
    def doubt(self) -> float:
        """The tail at which a challenger must be shown to be worse, where doubt speaks for it."""
        return self.demand.doubt

    def is_shown(self, gain: Gain, least: float) -> bool:
        """Tell whether a gain is surely above ``least``, at this attempt."""
        return self.demand.is_shown(gain, least)

    def stands(self, gain: Gain) -> bool:
        """Tell whether a challenger is not worse, as the spec wants it: shown, or not shown to be worse."""
        return self.demand.stands(gain)

    @property
    def leads(self) -> bool:
        """Whether the challenger, if it goes live, is the best champion so far: surely better than the one before."""
        if self.rival is not Rival.CHAMPION:
            return True
        over = self.over_best if BEST in self.sides else self.gain
        return over is not None and self.has_enough_rows and self.is_shown(over, 0.0)


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
    exhibits: Exhibits = NO_EXHIBITS,
) -> Case:
    """Measure all that the checks ask for.

    Raises:
        DataError: the predictions are not for the same rows as the truth.
    """
    rival, sides = _sides(challenger, champion, dummy, exhibits.best)
    _check_rows(truth, sides)
    metrics, undefined = _measured(problem, _asked(problem, gate, metric, rival, sides), truth, sides)
    primary = problem.metrics[metric]

    def over(who: str) -> tuple[Gain | None, str]:
        if who not in sides:
            return None, "there is nothing to compare with"
        why = undefined.get((CHALLENGER, metric)) or undefined.get((who, metric))
        return (None, why) if why else _gain(primary, truth, sides, who, gate=gate, seed=seed)

    gain, why = over(rival.value)
    return Case(
        gate=gate,
        problem=problem,
        metric=primary,
        truth=truth,
        sides=sides,
        rival=rival,
        metrics=metrics,
        undefined=undefined,
        gain=gain,
        why_no_gain=why,
        over_best=over(BEST)[0],
        least_gain=least_gain,
        seed=seed,
        exhibits=exhibits,
    )


def _check_rows(truth: pd.DataFrame, sides: Mapping[str, pd.DataFrame]) -> None:
    for who, predictions in sides.items():
        if len(predictions) != len(truth):
            raise DataError(
                f"There are {len(predictions)} predictions of the {who} for {len(truth)} held-out rows.",
                remedy="predict exactly the held-out rows, in their order.",
            )


def _gain(
    metric: Metric, truth: pd.DataFrame, sides: Mapping[str, pd.DataFrame], over: str, *, gate: GateSpec, seed: int
) -> tuple[Gain | None, str]:
    ours, theirs = (metric.terms(truth, sides[who]) for who in (CHALLENGER, over))
    found = measure_gain(metric, ours, theirs, resamples=gate.resamples, seed=seed)
    return (None, found) if isinstance(found, str) else (found, "")


def _sides(
    challenger: pd.DataFrame, champion: pd.DataFrame | None, dummy: pd.DataFrame | None, best: pd.DataFrame | None
) -> tuple[Rival, dict[str, pd.DataFrame]]:
    given = {CHALLENGER: challenger, Rival.CHAMPION.value: champion, Rival.DUMMY.value: dummy, BEST: best}
    sides = {who: predictions for who, predictions in given.items() if predictions is not None}
    rivals = (one for one in (Rival.CHAMPION, Rival.DUMMY) if one.value in sides)
    return next(rivals, Rival.NOBODY), sides


def _asked(
    problem: Problem, gate: GateSpec, metric: str, rival: Rival, sides: Mapping[str, pd.DataFrame]
) -> dict[str, tuple[str, ...]]:
    """All metrics of the two that are compared; of the others, the primary one."""
    full = tuple(dict.fromkeys((metric, *problem.default_metrics, *gate.floors)))
    return {who: full if who in (CHALLENGER, rival.value) else (metric,) for who in sides}


def _measured(
    problem: Problem, asked: Mapping[str, Iterable[str]], truth: pd.DataFrame, sides: Mapping[str, pd.DataFrame]
) -> tuple[dict[str, dict[str, float]], dict[tuple[str, str], str]]:
    metrics: dict[str, dict[str, float]] = {who: {} for who in sides}
    undefined: dict[tuple[str, str], str] = {}
    for who, names in asked.items():
        for name in names:
            try:
                metrics[who][name] = problem.metrics[name].value(truth, sides[who])
            except DataError as error:
                undefined[who, name] = error.message
    return metrics, undefined
