"""Parts of the rows on which a challenger may be worse although it is not worse on the whole.

Parts come from two places. Named columns part the rows by their values. Shallow trees look for parts by themselves:
they are fitted to the differences of the rows' scores on one half of the rows, and what they propose is tested on the
other half, which had no say in it. So a finding is honest: a part is not tested on the rows that made it look bad.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ml.evaluation.blocks import block_length, spread_of_mean
from ml.evaluation.proportions import score
from ml.problems.metric import Floats
from ml.specs.gate import SlicesSpec

_MOST_VALUES = 20
_QUARTERS = 4
_DEPTH = 3
_SMALLEST_SHARE = 0.05
_NAMED = 3
Rows = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Part:
    """Some of the rows, in words and as a mask. ``weight`` is its share of the false alarms allowed, 1 on average."""

    name: str
    rows: Rows
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Tested:
    """A part with the mean gain of its rows, and how likely so small a one is where nothing is lost but the margin."""

    part: Part
    rows: int
    gain: float
    chance: float


def tested_parts(parts: Sequence[Part], gains: Floats, *, margin: float) -> list[Tested]:
    """Test every part, one-sided: has it lost more than the margin? ``gains`` are of all rows in the order of time."""
    correlated = block_length(gains) > 1
    return [_tested(part, gains[part.rows], margin, correlated=correlated) for part in parts]


def _tested(part: Part, gains: Floats, margin: float, *, correlated: bool) -> Tested:
    """Test one part by its rows' gains, as ``ml.evaluation.gain`` does it for all rows.

    A part may be a stretch of time, such as the cold days: its neighbours are then as alike as any. Where all rows show
    that neighbours are alike, a part need not show it again: it may have too few rows for that.
    """
    from scipy.special import ndtr, stdtr  # late: whoever only reads a verdict need not load it

    rows, mean = len(gains), float(gains.mean())
    block = block_length(gains)
    correlated = correlated or block > 1
    if not correlated and np.isin(gains, (-1.0, 0.0, 1.0)).all():
        wins, losses = int((gains > 0).sum()), int((gains < 0).sum())
        return Tested(part, rows, mean, float(ndtr(score(-margin, wins, losses, rows))))
    error, freedom = float(gains.std(ddof=1)) / np.sqrt(rows), rows - 1
    if correlated:
        error, freedom = spread_of_mean(gains, block)
    if error == 0.0:
        return Tested(part, rows, mean, 0.0 if mean < -margin else 1.0)
    return Tested(part, rows, mean, float(stdtr(freedom, (mean + margin) / error)))


def false_discoveries_at_most(rate: float, tested: Sequence[Tested]) -> list[Tested]:
    """Return those that stand when at most ``rate`` of them may be false (Benjamini and Hochberg 1995), worst first.

    Parts may have weights that come from other rows than those on which they are tested (Genovese, Roeder and Wasserman
    2006).
    """
    in_order = sorted(tested, key=_weighed)
    stand = [place for place, one in enumerate(in_order, 1) if _weighed(one) <= rate * place / len(in_order)]
    return in_order[: max(stand, default=0)]


def _weighed(one: Tested) -> float:
    return one.chance / one.part.weight


def named_parts(rows: pd.DataFrame, spec: SlicesSpec) -> Iterator[Part]:
    """Part the rows by each named column: its frequent texts, the quarters of its numbers, and *no value*."""
    for name in spec.columns:
        for part in _by_values(name, rows[name]):
            if int(part.rows.sum()) >= spec.min_rows:
                yield part


def _by_values(name: str, values: pd.Series[Any]) -> Iterator[Part]:
    missing = values.isna().to_numpy()
    if missing.any():
        yield Part(f"{name} has no value", missing)
    if values.dtype.kind in "iuf" and values.nunique() > _MOST_VALUES:
        numbers = values.to_numpy(dtype=np.float64, na_value=np.nan)
        edges = np.unique(np.nanquantile(numbers, np.linspace(0.0, 1.0, _QUARTERS + 1)))
        for low, high in pairwise(edges):
            last = high == edges[-1]
            inside = (numbers >= low) & ((numbers <= high) if last else (numbers < high))
            yield Part(f"{name} from {low:.4g} to {high:.4g}", inside)
        return
    for value in values.value_counts().index[:_MOST_VALUES]:
        yield Part(f"{name} = {value}", (values == value).fillna(value=False).to_numpy(dtype=np.bool_))


def found_parts(rows: pd.DataFrame, gains: Floats, spec: SlicesSpec, *, seed: int) -> Iterator[Part]:
    """Propose parts that lose on one half of the rows, as masks of the other half; both ways round.

    The halves are the older and the newer rows: neighbours in time, whose errors may be alike, are in one half.
    """
    middle = len(rows) // 2
    older = np.arange(len(rows)) < middle
    for fitted_on in (older, ~older):
        yield from _in_order(list(_proposed(rows, gains, spec, fitted_on=fitted_on, seed=seed)), gains, spec, fitted_on)


def _in_order(parts: Sequence[Part], gains: Floats, spec: SlicesSpec, fitted_on: Rows) -> Iterator[Part]:
    """Weigh parts by what the half that proposed them says, and leave them the other half's rows to be tested on.

    A tree proposes a dozen parts, most of them noise; tested alike they would share what may be spent. The k-th surest
    gets a weight by 1 / k², as attempts on the same rows do (``ml.evaluation.spending``).
    """
    proposed = [replace(part, rows=part.rows[fitted_on]) for part in parts]
    shown = tested_parts(proposed, gains[fitted_on], margin=spec.margin)
    surest = np.argsort([one.chance for one in shown], kind="stable")
    weights = 1.0 / np.square(np.arange(1.0, len(parts) + 1.0))
    weights /= weights.mean() if len(parts) else 1.0
    for place, weight in zip(surest, weights, strict=True):
        yield replace(parts[place], rows=parts[place].rows & ~fitted_on, weight=float(weight))


def _proposed(rows: pd.DataFrame, gains: Floats, spec: SlicesSpec, *, fitted_on: Rows, seed: int) -> Iterator[Part]:
    from sklearn.tree import DecisionTreeRegressor  # late: only where parts are looked for

    half = int(fitted_on.sum())
    smallest = max(spec.min_rows, int(_SMALLEST_SHARE * half))
    if half < 2 * smallest:
        return
    columns = [_Numbers(name, rows[name], gains, fitted_on) for name in rows.columns]
    table = np.column_stack([column.values for column in columns])
    tree = DecisionTreeRegressor(max_depth=_DEPTH, min_samples_leaf=smallest, random_state=seed)
    tree.fit(table[fitted_on], gains[fitted_on])
    inside = tree.decision_path(table).toarray().astype(bool)
    for node, conditions in _nodes(tree.tree_, columns):
        there = inside[:, node]
        if (there & ~fitted_on).sum() >= spec.min_rows and gains[there & fitted_on].mean() < -spec.margin:
            yield Part(" and ".join(conditions), there)


class _Numbers:
    """A column as numbers that a tree can split. Texts are put in the order of their mean gain on the fitted half."""

    def __init__(self, name: str, values: pd.Series[Any], gains: Floats, fitted_on: Rows) -> None:
        self.name, self._order = name, pd.Series(dtype=np.float64)
        if values.dtype.kind in "iufb":
            self.values = values.to_numpy(dtype=np.float64, na_value=np.nan)
            self.values[~np.isfinite(self.values)] = np.nan
        elif values.dtype.kind == "M":
            self.values = values.astype("int64").to_numpy(dtype=np.float64) / 1e9
        else:
            texts = values.astype("string")
            self._order = pd.Series(gains[fitted_on]).groupby(texts[fitted_on].to_numpy(), dropna=True).mean()
            self.values = texts.map(self._order).to_numpy(dtype=np.float64, na_value=np.nan)

    def condition(self, threshold: float, *, below: bool) -> str:
        """Say one side of a split."""
        if self._order.empty:
            return f"{self.name} {'at most' if below else 'above'} {threshold:.4g}"
        side = self._order[(self._order <= threshold) == below]
        shown = ", ".join(str(one) for one in side.index[:_NAMED])
        more = f" and {len(side) - _NAMED} more" if len(side) > _NAMED else ""
        return f"{self.name} in {shown}{more}"


def _nodes(tree: Any, columns: Sequence[_Numbers]) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Every node but the root, with the conditions on the way to it."""
    waiting: list[tuple[int, tuple[str, ...]]] = [(0, ())]
    while waiting:
        node, conditions = waiting.pop()
        if node:
            yield node, conditions
        left, right = int(tree.children_left[node]), int(tree.children_right[node])
        if left < 0:
            continue
        column, threshold = columns[tree.feature[node]], float(tree.threshold[node])
        waiting.append((left, (*conditions, column.condition(threshold, below=True))))
        waiting.append((right, (*conditions, column.condition(threshold, below=False))))
