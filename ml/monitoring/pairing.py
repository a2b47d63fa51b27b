"""From two profiles of one layout to the two sides of each column: what can be compared, and what cannot."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ml.domain.findings import Outcome
from ml.monitoring.sides import OTHERS, ColumnSides, Counts, Incomparable, Places, Side
from ml.profiles import Profile
from ml.profiles.columns import CategoricalProfile, ColumnProfile, NumericProfile, Spread

_LUCK = 3.0  # deviations


def paired(
    reference: Profile, current: Profile, columns: Sequence[str], *, segment: str = ""
) -> tuple[ColumnSides | Incomparable, ...]:
    """Pair columns by name, in the order given."""
    return tuple(_column(name, reference.columns.get(name), current.columns.get(name), segment) for name in columns)


def _column(
    name: str, reference: ColumnProfile | None, current: ColumnProfile | None, segment: str
) -> ColumnSides | Incomparable:
    if reference is None or current is None:
        side = "reference" if reference is None else "batch"
        return Incomparable(name, f"the profile of the {side} has no such column", segment=segment)
    if reference.layout != current.layout:
        note = "the reference was profiled with other bins or categories: retrain to measure with those of today"
        return Incomparable(name, note, segment=segment, outcome=Outcome.CANNOT_TELL)
    if isinstance(reference, NumericProfile) and isinstance(current, NumericProfile):
        return _numbers(name, reference, current, segment)
    if isinstance(reference, CategoricalProfile) and isinstance(current, CategoricalProfile):
        return _categories(name, reference, current, segment)
    return Incomparable(name, "it holds moments or free text, which have no measure of drift", segment=segment)


def _numbers(name: str, reference: NumericProfile, current: NumericProfile, segment: str) -> ColumnSides:
    return ColumnSides(
        name,
        reference=Side(np.array(reference.counts), reference.rows - reference.values),
        current=Side(np.array(current.counts), current.rows - current.values),
        places=_places(reference.edges, reference.spread.merged(current.spread)),
        segment=segment,
    )


def _places(edges: Places, spread: Spread) -> Places:
    """The numbers that stand for the bins: their middles.

    An open bin counts as wide as its neighbour: one outlier must not move all that share its bin.
    """
    if edges.size > 1:
        with np.errstate(over="ignore"):  # an effect that is not finite is told as such
            first, last = edges[0] + (edges[0] - edges[1]), edges[-1] + (edges[-1] - edges[-2])
        borders = np.concatenate(([first], edges, [last]))
    else:
        low, high = spread.min or 0.0, spread.max or 0.0
        borders = np.array([min(low, *edges), *edges, max(high, *edges)])
    found: Places = borders[:-1] / 2 + borders[1:] / 2
    return found


def _categories(name: str, reference: CategoricalProfile, current: CategoricalProfile, segment: str) -> ColumnSides:
    """Compare category by category as far as both sides know the counts exactly; the others together."""
    exact = not reference.others.missed and not current.others.missed
    extra = sorted({*reference.others.listed, *current.others.listed}) if exact else []
    past, now = (_categories_of(side, extra) for side in (reference, current))
    labels = (*reference.layout.categories, *extra, OTHERS)
    if not reference.layout.complete:
        kept = _sure(past.counts[:-1], now.counts[:-1])
        past, now = (_kept(side, kept) for side in (past, now))
        labels = (*(label for label, keep in zip(labels[:-1], kept, strict=True) if keep), OTHERS)
    return ColumnSides(name, past, now, labels=labels, segment=segment)


def _categories_of(side: CategoricalProfile, extra: Sequence[str]) -> Side:
    listed = [side.others.listed.get(one, 0) for one in extra]
    counts = (*side.counts, *listed, side.others.rows - sum(listed))
    return Side(np.array(counts, dtype=np.int64), side.rows - side.values)


def _sure(past: Counts, now: Counts) -> NDArray[np.bool_]:
    """Which categories of a list that was cut off are there for more than luck.

    Of many categories about equally frequent, those that chance favoured made the list of the most frequent ones, and
    are less frequent in any other sample: a difference that is no drift. One that is well above the least listed one,
    on both sides together, would be on any list.
    """
    listed = past[past > 0]
    if not listed.size:
        return np.ones(past.size, dtype=np.bool_)
    least = int(listed.min())
    limit = (least + _LUCK * least**0.5) * (past.sum() + now.sum()) / past.sum()
    sure: NDArray[np.bool_] = past + now > limit
    return sure


def _kept(side: Side, kept: NDArray[np.bool_]) -> Side:
    others = side.counts[-1] + side.counts[:-1][~kept].sum()
    return Side(np.append(side.counts[:-1][kept], others), side.missing)
