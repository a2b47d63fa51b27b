"""Count columns two by two: the groups of both, and the co-moments of numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt

from ml.profiles.columns import CategoricalLayout, ColumnLayout, NumericLayout
from ml.profiles.columns.bins import PIECE, Floats, cells_of
from ml.profiles.joint import GROUPS, CoMoments, Joint, Pair, empty_joint, group_cuts
from ml.profiles.tally.categories import aligned_categories
from ml.profiles.tally.numbers import aligned_numbers

Codes = npt.NDArray[np.int64]
_LARGEST = 3.4e38


class JointTally:
    """Counts pairs of columns, piece by piece; of a column that is not there no row is counted."""

    def __init__(self, pairs: Sequence[Pair], columns: Mapping[str, ColumnLayout]) -> None:
        self._columns = {name: _counted(columns[name]) for name in chain.from_iterable(pairs)}
        self._found = {pair: empty_joint(*(columns[name] for name in pair)) for pair in pairs}
        self._cuts = {
            name: group_cuts(one.bins) for name, one in self._columns.items() if isinstance(one, NumericLayout)
        }

    @property
    def names(self) -> list[str]:
        """The columns that are counted, each once."""
        return list(self._columns)

    @property
    def found(self) -> dict[Pair, Joint]:
        """What was counted so far."""
        return dict(self._found)

    def add(self, columns: Mapping[str, Any], rows: int) -> None:
        """Take in some rows: Arrow or NumPy arrays of one length, in which NaN means *no value*."""
        for start in range(0, rows, PIECE):
            self._add({name: values[start : start + PIECE] for name, values in columns.items()})

    def _add(self, piece: Mapping[str, Any]) -> None:
        numbers = {name: aligned_numbers(piece[name], self._columns[name].type) for name in self._cuts if name in piece}
        codes = {name: self._codes(name, piece[name], numbers.get(name)) for name in self._columns if name in piece}
        there = [pair for pair in self._found if pair[0] in piece and pair[1] in piece]
        moments = _moments(numbers, [pair for pair in there if pair[0] in numbers and pair[1] in numbers])
        for pair in there:
            shape = self._found[pair].shape
            joint = Joint(shape, _cells(codes[pair[0]], codes[pair[1]], shape), moments.get(pair))
            self._found[pair] = self._found[pair].merged(joint)

    def _codes(self, name: str, values: Any, numbers: Floats | None) -> Codes:
        """Return each row's group, -1 where it has no value."""
        layout = self._columns[name]
        if isinstance(layout, NumericLayout) and numbers is not None:
            with np.errstate(all="ignore"):
                cells = cells_of(np.clip(numbers + (0.0 - layout.bins.center), -_LARGEST, _LARGEST))
            return np.where(np.isfinite(numbers), self._cuts[name].searchsorted(cells, side="right"), -1)
        first = layout.categories[: GROUPS - 1] if isinstance(layout, CategoricalLayout) else ()
        return aligned_categories(values, layout.type, first)


def _counted(layout: ColumnLayout) -> NumericLayout | CategoricalLayout:
    if isinstance(layout, NumericLayout | CategoricalLayout):
        return layout
    raise TypeError(f"{type(layout).__name__} has no groups; pairs are made by Layout.with_pairs")


def _cells(down: Codes, across: Codes, shape: tuple[int, int]) -> tuple[int, ...]:
    both = (down >= 0) & (across >= 0)
    places = (down * shape[1] + across)[both]
    return tuple(np.bincount(places, minlength=shape[0] * shape[1]).tolist())


def _moments(numbers: Mapping[str, Floats], pairs: Sequence[Pair]) -> dict[Pair, CoMoments | None]:
    """Return the co-moments of pairs: four products of matrices, whatever their number."""
    names = list(dict.fromkeys(chain.from_iterable(pairs)))
    if not names:
        return {}
    values = np.stack([numbers[name] for name in names])
    finite = np.isfinite(values)
    there = finite.astype(np.float64)
    with np.errstate(all="ignore"):
        middle = np.where(finite, values, 0.0).sum(axis=1) / np.maximum(there.sum(axis=1), 1.0)
        apart = np.where(finite, values - middle[:, None], 0.0)
        rows, sums = there @ there.T, apart @ there.T  # of the first column where the second has a number too
        means = middle[:, None] + sums / rows
        squares = np.maximum(apart**2 @ there.T - sums**2 / rows, 0.0)
        products = apart @ apart.T - sums * sums.T / rows
    places = {name: place for place, name in enumerate(names)}
    found: dict[Pair, CoMoments | None] = {}
    for pair in pairs:
        x, y = places[pair[0]], places[pair[1]]
        each = means[x, y], means[y, x], squares[x, y], squares[y, x], products[x, y]
        found[pair] = CoMoments(*map(float, each)).or_none() if rows[x, y] else None
    return found
