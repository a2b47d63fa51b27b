"""Drift of all features together: can a classifier tell the batch's rows from those of the reference?

It sees what no column shows alone, a correlation above all. Both sides are bounded samples. Each half of the rows is
scored by a classifier that was fitted on the other half, so that what it is judged on is new to it. The area under the
ROC curve is the effect: the chance that of two rows, one a side, the batch's looks more like one of the batch; 0.5 is
no drift.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ml.domain.findings import Outcome
from ml.monitoring.values import NoValuesError, coded

_DEVIATES = 1.96
_LEAST_ROWS = 50
"""Rows that each side must have for a half of it to teach anything."""


@dataclass(frozen=True, slots=True)
class TableDrift:
    """What the classifier said: the area under the curve with its 95 % interval, and the p-value of 0.5.

    ``auc`` is None where it could not be asked; ``note`` then says why.
    """

    outcome: Outcome
    auc: float | None = None
    interval: tuple[float, float] | None = None
    p_value: float | None = None
    threshold: float = 0.5
    rows: int = 0
    note: str = ""

    @property
    def drifted(self) -> bool:
        """Whether the sides can be told apart, beyond chance and by enough to matter."""
        return self.outcome is Outcome.WARNING


def tell_apart(
    reference: pd.DataFrame,
    current: pd.DataFrame,
    *,
    numeric: Sequence[str],
    categorical: Sequence[str],
    threshold: float,
    level: float,
    seed: int,
) -> TableDrift:
    """Let a classifier tell two samples apart; an area of ``threshold`` beyond chance (at ``level``) is drift."""
    rows = min(len(reference), len(current))
    if rows < _LEAST_ROWS:
        note = f"the smaller side has {rows} rows, {_LEAST_ROWS} are needed"
        return TableDrift(Outcome.CANNOT_TELL, threshold=threshold, rows=len(current), note=note)
    try:
        table, categories = coded(pd.concat([reference, current], ignore_index=True), numeric, categorical)
    except NoValuesError as error:
        return TableDrift(Outcome.CANNOT_TELL, threshold=threshold, rows=len(current), note=f"a column {error}")
    side = np.repeat([0, 1], [len(reference), len(current)])
    halves = _halves(side, seed)
    areas = [
        _area(_scores(table[~here], side[~here], table[here], categories, seed), side[here])
        for here in (halves == 0, halves == 1)
    ]
    auc = sum(area for area, _ in areas) / 2
    # Each half is judged by what the other one taught: they are not independent, so their errors are not taken to
    # cancel. That makes the test careful.
    deviation = sum(spread for _, spread in areas) / 2
    chance = sum(_spread_by_chance(side[halves == half]) for half in (0, 1)) / 2
    p_value = math.erfc((auc - 0.5) / chance / math.sqrt(2)) / 2
    drifted = p_value <= level and auc >= threshold
    return TableDrift(
        Outcome.WARNING if drifted else Outcome.PASSED,
        auc=auc,
        interval=(max(auc - _DEVIATES * deviation, 0.0), min(auc + _DEVIATES * deviation, 1.0)),
        p_value=p_value,
        threshold=threshold,
        rows=len(current),
    )


def _halves(side: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    """Part each side's rows by chance into two halves."""
    found = np.empty(side.size, dtype=np.int64)
    rng = np.random.default_rng(seed)
    for one in (0, 1):
        here = np.flatnonzero(side == one)
        found[here] = rng.permutation(np.arange(here.size) % 2)
    return found


def _scores(
    past: NDArray[np.float64],
    side: NDArray[np.int64],
    asked: NDArray[np.float64],
    categories: list[bool],
    seed: int,
) -> NDArray[np.float64]:
    from sklearn.ensemble import HistGradientBoostingClassifier

    classifier = HistGradientBoostingClassifier(
        max_iter=50,
        max_leaf_nodes=15,
        min_samples_leaf=10,
        early_stopping=False,
        class_weight="balanced",
        categorical_features=np.array(categories),
        random_state=seed,
    )
    found: NDArray[np.float64] = classifier.fit(past, side).decision_function(asked)
    return found


def _area(scores: NDArray[np.float64], side: NDArray[np.int64]) -> tuple[float, float]:
    """Return the area under the ROC curve and its standard error by DeLong, DeLong and Clarke-Pearson (1988)."""
    past, now = np.sort(scores[side == 0]), np.sort(scores[side == 1])
    beaten = _mid_rank(past, now) / past.size
    beating = 1 - _mid_rank(now, past) / now.size
    error = math.sqrt(float(np.var(beaten, ddof=1)) / now.size + float(np.var(beating, ddof=1)) / past.size)
    return float(beaten.mean()), error


def _mid_rank(among: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """How many are below each value, those that are equal counting half."""
    return (among.searchsorted(values, side="left") + among.searchsorted(values, side="right")) / 2


def _spread_by_chance(side: NDArray[np.int64]) -> float:
    """Standard deviation of the area where scores tell nothing (Mann and Whitney 1947); ties only lower it."""
    n, m = int((side == 0).sum()), int((side == 1).sum())
    return math.sqrt((n + m + 1) / (12 * n * m))
