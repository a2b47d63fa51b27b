"""The columns of a batch beside those of the rows that the champion had learned from: from stored profiles alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np

from ml.profiles import Profile
from ml.profiles.columns import CategoricalProfile, ColumnProfile, MomentProfile, NumericProfile, TextProfile
from ml.views.console.batch import validation_at

if TYPE_CHECKING:
    from ml.registry import Reader

MOST_COLUMNS = 200
_BARS = 30
_CATEGORIES = 12
_TAIL = 0.005


@dataclass(frozen=True, slots=True)
class Sources:
    """Where the two profiles lie. ``version`` is the champion when the batch began; None: what there is not."""

    batch: str | None
    reference: str | None
    version: int | None


@dataclass(frozen=True, slots=True)
class Bar:
    """One bin or category: numbers from ``low`` until before ``high``, or ``label``; shares of the values, 0 to 1."""

    label: str | None
    low: float | None
    high: float | None
    reference: float
    current: float


@dataclass(frozen=True, slots=True)
class Side:
    """What one table holds of a column: ``mean`` and ``deviation`` of numbers and of the lengths of texts."""

    rows: int
    missing: int
    wrong: int
    mean: float | None
    deviation: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Shape:
    """One column of both tables.

    ``of`` says what the bars are: numbers, categories, hours of the day (UTC) or lengths. ``beyond`` are the shares of
    reference and batch outside of the bars that are drawn: numbers further out than all but 1 % of either table.
    """

    column: str
    of: str
    bars: tuple[Bar, ...]
    beyond: tuple[float, float]
    reference: Side
    current: Side


@dataclass(frozen=True, slots=True)
class Shapes:
    """Columns in the order of the table, of ``total`` in all; without any, ``missing`` says what is not there."""

    columns: tuple[Shape, ...]
    total: int
    version: int | None
    missing: str = ""


def sources_of(reader: Reader, model: str, start: datetime) -> Sources:
    """Find the profiles of the batch that begins at a moment, and of what the champion of then had learned from.

    Raises:
        NotFoundError: there is no such batch.
    """
    window, validation = validation_at(reader, model, start)
    champion = reader.champion_at(model, window.start)
    reference = {} if champion is None else champion.manifest.get("reference", {})
    return Sources(
        batch=None if validation is None else validation.profile_sha256,
        reference=reference.get("features"),
        version=None if champion is None else champion.version,
    )


def missing_of(sources: Sources) -> str:
    """Say which of the two profiles there is not; empty if both are there."""
    if sources.batch is None:
        return "The batch has no profile: it was stopped, or was the first one, which the schema was made from."
    if sources.version is None:
        return "There was no champion yet when the batch began, so that there are no training rows to compare with."
    return "" if sources.reference else f"Version {sources.version} was trained before profiles were kept."


def shapes(reference: Profile, current: Profile, version: int | None, *, limit: int) -> Shapes:
    """Lay two profiles over each other, column by column; columns in other bins than before are left out."""
    names = [name for name, one in current.columns.items() if _comparable(reference.columns.get(name), one)]
    shown = names[: min(limit, MOST_COLUMNS)]
    found = tuple(_shape(name, reference.columns[name], current.columns[name]) for name in shown)
    told = "" if names else "The columns were counted in other bins than those of the training rows."
    return Shapes(found, len(names), version, told)


def _comparable(past: ColumnProfile | None, now: ColumnProfile) -> bool:
    return past is not None and past.layout == now.layout


def _shape(name: str, past: ColumnProfile, now: ColumnProfile) -> Shape:
    beyond = (0.0, 0.0)
    if isinstance(past, NumericProfile) and isinstance(now, NumericProfile):
        of, (bars, beyond) = "numbers", _numbers(past, now)
    elif isinstance(past, CategoricalProfile) and isinstance(now, CategoricalProfile):
        of, bars = "categories", _categories(past, now)
    elif isinstance(past, MomentProfile) and isinstance(now, MomentProfile):
        of, bars = "hours", _labelled([f"{hour:02d}" for hour in range(len(past.hours))], past.hours, now.hours)
    elif isinstance(past, TextProfile) and isinstance(now, TextProfile):
        of, bars = "lengths", _labelled(list(_lengths(len(past.counts))), past.counts, now.counts)
    else:
        raise TypeError(f"{name} was profiled as {type(past).__name__} and {type(now).__name__}, in one layout")
    return Shape(name, of, bars, beyond, _side(past), _side(now))


def _side(one: ColumnProfile) -> Side:
    spread = one.spread if isinstance(one, NumericProfile) else one.lengths if isinstance(one, TextProfile) else None
    told = (None,) * 4 if spread is None else (spread.mean, spread.deviation, spread.min, spread.max)
    mean, deviation, low, high = (None if value is None or not np.isfinite(value) else value for value in told)
    return Side(one.rows, one.nulls, one.wrong, mean, deviation, low, high)


def _numbers(past: NumericProfile, now: NumericProfile) -> tuple[tuple[Bar, ...], tuple[float, float]]:
    """About thirty bars of equal width between the outermost half per cents, made of whole bins."""
    span = _span([past, now])
    if span is None:
        return (), (0.0, 0.0)
    low, high = span
    if low == high:
        return (Bar(f"{low:g}", None, None, float(past.values > 0), float(now.values > 0)),), (0.0, 0.0)
    borders = np.concatenate(([-np.inf], past.edges, [np.inf]))
    totals = np.array([[past.values], [now.values]])
    shares = np.array([past.counts, now.counts]) / np.maximum(totals, 1)
    inside = (borders[1:] >= low) & (borders[:-1] <= high)  # a number on a cut may belong to the bin on either side
    bars: list[Bar] = []
    begun, held = low, np.zeros(2)
    for place in np.flatnonzero(inside):
        held = held + shares[:, place]
        end = min(float(borders[place + 1]), high)
        if end - begun >= (high - low) / _BARS:
            bars.append(Bar(None, begun, end, float(held[0]), float(held[1])))
            begun, held = end, np.zeros(2)
    if held.any():  # what is left is narrower than a bar
        last = bars.pop() if bars else Bar(None, low, high, 0.0, 0.0)
        bars.append(replace(last, high=high, reference=last.reference + held[0], current=last.current + held[1]))
    outside = shares[:, ~inside].sum(axis=1)
    return tuple(bars), (float(outside[0]), float(outside[1]))


def _span(sides: Sequence[NumericProfile]) -> tuple[float, float] | None:
    lows = [bounds[0] for one in sides if (bounds := one.quantile(_TAIL)) is not None]
    highs = [bounds[1] for one in sides if (bounds := one.quantile(1 - _TAIL)) is not None]
    return (min(lows), max(highs)) if lows and highs else None


def _categories(past: CategoricalProfile, now: CategoricalProfile) -> tuple[Bar, ...]:
    """The most frequent categories of either side; what is left of both is one bar."""
    counts = [dict(one.top(_CATEGORIES * 8)) for one in (past, now)]
    totals = [max(one.values, 1) for one in (past, now)]
    shares = {
        name: (counts[0].get(name, 0) / totals[0], counts[1].get(name, 0) / totals[1])
        for name in dict.fromkeys((*counts[0], *counts[1]))
    }
    chosen = sorted(shares, key=lambda name: -max(shares[name]))[:_CATEGORIES]
    bars = [Bar(name, None, None, *shares[name]) for name in chosen]
    left = [
        (one.values - sum(count[name] for name in chosen if name in count))
        for one, count in zip((past, now), counts, strict=True)
    ]
    if any(left):
        bars.append(Bar("all others", None, None, left[0] / totals[0], left[1] / totals[1]))
    return tuple(bars)


def _labelled(labels: Sequence[str], past: Sequence[int], now: Sequence[int]) -> tuple[Bar, ...]:
    totals = max(sum(past), 1), max(sum(now), 1)
    return tuple(
        Bar(label, None, None, before / totals[0], after / totals[1])
        for label, before, after in zip(labels, past, now, strict=True)
        if before or after
    )


def _lengths(many: int) -> Iterator[str]:
    """Name the bins of a text's length: 0, 1, 2–3, 4–7 and so on, the last one open."""
    yield from ("0", "1")
    for place in range(2, many - 1):
        yield f"{2 ** (place - 1)}–{2**place - 1}"
    yield f"{2 ** (many - 2)}+"
