"""Drift of a batch against a reference, column by column; one that cannot be tested is an outcome, never an abort."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ml.domain.findings import Outcome
from ml.monitoring.discoveries import believable
from ml.monitoring.evidence import combined, p_values
from ml.monitoring.intervals import Sized, intervals
from ml.monitoring.measures import MEASURES, Measure
from ml.monitoring.sides import OTHERS, ColumnSides, Incomparable
from ml.specs.monitoring import DriftSpec

_NAMED = 3  # so many new categories are named in a note


@dataclass(frozen=True, slots=True)
class ColumnDrift:
    """What the check of one column said.

    ``effect`` is how far the sides lie apart by ``method``, with a 95 % ``interval``; ``score`` is what Evidently calls
    the drift score of that method, the same number or a p-value. They are None where the values could not be compared,
    and ``note`` then says why. ``p_value`` is that of our own test of the column, values and missing ones together.
    ``missing`` are the shares of rows without a value, in the reference and in the batch. ``significant`` says that
    more than chance is at work; ``drifted``, that it also matters. ``rows`` are the current rows with a value.
    """

    column: str
    method: str
    threshold: float
    outcome: Outcome
    effect: float | None = None
    interval: tuple[float, float] | None = None
    score: float | None = None
    p_value: float | None = None
    missing: tuple[float, float] = (0.0, 0.0)
    significant: bool = False
    drifted: bool = False
    note: str = ""
    rows: int = 0
    segment: str = ""

    @property
    def subject(self) -> str:
        """The column's name, with its segment where it has one."""
        return f"{self.column} [{self.segment}]" if self.segment else self.column

    @property
    def tested(self) -> bool:
        """Whether anything of the column could be tested."""
        return self.outcome in (Outcome.PASSED, Outcome.WARNING)


def measure_drift(
    columns: Sequence[ColumnSides | Incomparable], *, spec: DriftSpec, level: float
) -> tuple[ColumnDrift, ...]:
    """Measure the drift of columns that are checked together, in the order given.

    A column has drifted if its difference is more than chance, at a false discovery rate of ``level`` over all of them,
    and matters: its effect reaches ``spec.threshold`` (and its interval is above 0), or its share of missing values
    moved by ``spec.missing``.
    """
    tests = [_test(column, values, missing, spec) for column, (values, missing) in _tested(columns)]
    limit = believable([test.p_value for test in tests if test.p_value is not None], level)
    of = {id(size.test.sides): size for size in _sizes(tests, spec)}
    return tuple(
        _incomparable(column, spec) if isinstance(column, Incomparable) else _measured(of[id(column)], spec, limit)
        for column in columns
    )


def drift_share(drifts: Sequence[ColumnDrift], weights: Mapping[str, float] | None = None) -> float | None:
    """Return the share of drifted columns among those that could be tested, by weight; None if none could.

    ``weights`` say how much each column counts; without them, and where none of the tested ones has a weight, all count
    alike. Columns of segments do not count.
    """
    tested = [drift for drift in drifts if drift.tested and not drift.segment]
    if not tested:
        return None
    counts = [1.0 if weights is None else weights.get(drift.column, 0.0) for drift in tested]
    if not sum(counts):
        counts = [1.0] * len(tested)
    share = sum(count for count, drift in zip(counts, tested, strict=True) if drift.drifted) / sum(counts)
    return min(share, 1.0)


@dataclass(frozen=True, slots=True)
class _Test:
    """The p-values of one column's values and of its missing ones; ``untestable`` is why its values have none."""

    sides: ColumnSides
    values: float | None
    missing: float | None
    untestable: tuple[Outcome, str] | None

    @property
    def p_value(self) -> float | None:
        return combined(self.values, self.missing)

    def carried_by(self, part: float | None, limit: float) -> bool:
        """Tell whether one of the two tests alone is believed."""
        tests = (self.values is not None) + (self.missing is not None)
        return part is not None and part * tests <= limit


def _tested(
    columns: Sequence[ColumnSides | Incomparable],
) -> Iterator[tuple[ColumnSides, tuple[float | None, float | None]]]:
    comparable = [column for column in columns if isinstance(column, ColumnSides)]
    return zip(comparable, p_values(comparable), strict=True)


def _test(column: ColumnSides, values: float | None, missing: float | None, spec: DriftSpec) -> _Test:
    untestable = _untestable(column, spec.min_rows)
    return _Test(column, values if untestable is None else None, missing, untestable)


def _untestable(column: ColumnSides, least: int) -> tuple[Outcome, str] | None:
    """Say why a column's values cannot be compared; None if they can."""
    for name, side in (("reference", column.reference), ("batch", column.current)):
        if side.rows < least:
            return Outcome.CANNOT_TELL, f"the {name} has {side.rows} rows with a value, {least} are needed"
    used = np.flatnonzero(column.reference.counts + column.current.counts)
    if used.size <= 1:
        if column.labels[used[0] : used[0] + 1] == (OTHERS,):
            return Outcome.CANNOT_TELL, "its categories are too many and too even to be compared one by one"
        return Outcome.NOT_APPLICABLE, f"it is always {_named(column, used[0])}, in the reference and in the batch"
    return None


def _incomparable(column: Incomparable, spec: DriftSpec) -> ColumnDrift:
    return ColumnDrift(column.name, "", spec.threshold, column.outcome, note=column.note, segment=column.segment)


@dataclass(frozen=True, slots=True)
class _Size:
    """How large the difference of one column is, and how sure that is; without an effect ``outcome`` says why."""

    test: _Test
    measure: Measure
    outcome: Outcome
    note: str
    effect: float | None = None
    interval: tuple[float, float] | None = None


def _sizes(tests: Sequence[_Test], spec: DriftSpec) -> list[_Size]:
    """Size up all columns; what their intervals are drawn from is one array."""
    sizes = [
        _size(test, MEASURES[spec.numeric if test.sides.places is not None else spec.categorical]) for test in tests
    ]
    asked = [Sized(one.measure, one.test.sides, one.effect) for one in sizes if one.effect is not None]
    drawn = iter(intervals(asked))
    return [one if one.effect is None else replace(one, interval=next(drawn)) for one in sizes]


def _size(test: _Test, measure: Measure) -> _Size:
    if test.untestable is not None:
        return _Size(test, measure, *test.untestable)
    effect, note = _effect(measure, test.sides)
    return _Size(test, measure, Outcome.PASSED if effect is not None else Outcome.CANNOT_TELL, note, effect)


def _measured(size: _Size, spec: DriftSpec, limit: float) -> ColumnDrift:
    test, measure, effect, note = size.test, size.measure, size.effect, size.note
    column = test.sides
    missing = (column.reference.missing_share, column.current.missing_share)
    gone = test.carried_by(test.missing, limit) and abs(missing[1] - missing[0]) >= spec.missing
    moved = test.carried_by(test.values, limit) and _matters(effect, size.interval, spec.threshold)
    if gone:
        note = "; ".join(filter(None, (f"without a value {missing[0]:.1%} → {missing[1]:.1%}", note)))
    return ColumnDrift(
        column.name,
        measure.name,
        spec.threshold,
        Outcome.WARNING if gone or moved else size.outcome,
        effect=effect,
        interval=size.interval,
        score=None if effect is None else measure.score(column) if measure.p_value else effect,
        p_value=test.p_value,
        missing=missing,
        significant=test.p_value is not None and test.p_value <= limit,
        drifted=gone or moved,
        note=note,
        rows=column.current.rows,
        segment=column.segment,
    )


def _matters(effect: float | None, bounds: tuple[float, float] | None, threshold: float) -> bool:
    """An effect that a few outliers make is none: its interval begins at 0."""
    return effect is not None and bounds is not None and effect >= threshold and bounds[0] > 0


def _effect(measure: Measure, column: ColumnSides) -> tuple[float | None, str]:
    with np.errstate(all="ignore"):
        effect = measure.effect_of(column)
    if not np.isfinite(effect):
        return None, f"{measure.name} has no finite value: the values lie too far apart or too close"
    return effect, _note(column)


def _named(column: ColumnSides, place: Any) -> str:
    if column.places is not None:
        return f"about {column.places[place]:g}"
    return column.labels[place] if column.labels else f"category {place}"


def _note(column: ColumnSides) -> str:
    there = np.flatnonzero(column.reference.counts)
    if there.size == 1:
        return f"it was always {_named(column, there[0])} in the reference"
    fresh = np.flatnonzero((column.reference.counts == 0) & (column.current.counts > 0))
    if column.places is not None or not fresh.size:
        return ""
    order = sorted(fresh, key=lambda place: (-column.current.counts[place], _named(column, place)))
    names = ", ".join(_named(column, place) for place in order[:_NAMED])
    more = f" and {len(order) - _NAMED} more" if len(order) > _NAMED else ""
    share = column.current.counts[fresh].sum() / column.current.rows
    return f"new: {names}{more} ({share:.1%} of the rows)"
