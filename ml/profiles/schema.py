"""Infer the schema of a model's table from its first batch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from ml.artifacts.rows import Frames
from ml.domain.codes_dv import data_finding
from ml.domain.errors import DataError
from ml.domain.findings import Severity
from ml.domain.schema import ColumnRole, ColumnSchema, ColumnType, TableSchema
from ml.profiles.texts import type_of_texts
from ml.specs.data import FeaturesSpec
from ml.specs.problem import ProblemSpec
from ml.specs.source import TimeSpec

_BY_KIND = {
    "i": ColumnType.INTEGER,
    "u": ColumnType.INTEGER,
    "f": ColumnType.NUMBER,
    "b": ColumnType.BOOLEAN,
    "M": ColumnType.TIMESTAMP,
}
_FEW = 50
_MANY = 1000


def infer_schema(
    frame: pd.DataFrame | Frames, *, problem: ProblemSpec, time: TimeSpec, key: Sequence[str], features: FeaturesSpec
) -> TableSchema:
    """Say what each column is and what it is for.

    Features are what the spec names, else every column that is neither time, key nor target and can teach
    something: numbers and truth values are numeric, texts with repeating values are categories; texts that hardly
    repeat (names, free text), moments and columns without any value are unused. Only what a spec names is ever
    used against that.

    Raises:
        DataError: the time column, a key or a named feature is not in the frame (DV030).
    """
    _require(frame, [time.column, *key, *(features.columns or ()), *features.categorical, *features.numeric])
    columns = []
    for name in frame.columns:
        values = _Values(frame, name)
        found = _type_of(values)
        role = _role(name, values, found, problem=problem, time=time, key=key, features=features)
        nullable = any(bool(part.isna().any()) for part in values)
        columns.append(ColumnSchema(str(name), found or _default_type(role), role, nullable))
    return TableSchema(tuple(columns))


def _require(frame: pd.DataFrame | Frames, names: Sequence[str]) -> None:
    missing = [name for name in dict.fromkeys(names) if name not in frame.columns]
    if missing:
        there = ", ".join(map(str, frame.columns[:50]))
        findings = tuple(
            data_finding("DV030", Severity.ERROR, name, seen=f"the columns {there}", expected="a column of this name")
            for name in missing
        )
        raise DataError(
            f"The spec names {', '.join(missing)}, which the data does not have; it has {there}.",
            remedy="correct the names in the spec.",
            findings=findings,
        )


@dataclass(frozen=True, slots=True)
class _Values:
    """The values of a column, in parts, as often as they are asked for."""

    table: pd.DataFrame | Frames
    name: Any

    def __iter__(self) -> Iterator[pd.Series]:
        return self.table.column(self.name) if isinstance(self.table, Frames) else iter([self.table[self.name]])


def type_of(values: pd.Series) -> ColumnType | None:
    """Return a column's type, None if nothing is known because it has no value."""
    return _type_of([values])


def _type_of(parts: Iterable[pd.Series]) -> ColumnType | None:
    if all(bool(part.isna().all()) for part in parts):
        return None
    found = _BY_KIND.get(next(iter(parts)).dtype.kind)
    return type_of_texts(parts) if found is None else found


def _default_type(role: ColumnRole) -> ColumnType:
    if role is ColumnRole.TIME:
        return ColumnType.TIMESTAMP
    return ColumnType.NUMBER if role is ColumnRole.NUMERIC else ColumnType.TEXT


def _role(
    name: str,
    values: Iterable[pd.Series],
    found: ColumnType | None,
    *,
    problem: ProblemSpec,
    time: TimeSpec,
    key: Sequence[str],
    features: FeaturesSpec,
) -> ColumnRole:
    fixed = {
        time.column: ColumnRole.TIME,
        **dict.fromkeys(key, ColumnRole.KEY),
        **dict.fromkeys(problem.targets, ColumnRole.TARGET),
        **dict.fromkeys(features.exclude, ColumnRole.UNUSED),
        **dict.fromkeys(features.categorical, ColumnRole.CATEGORICAL),
        **dict.fromkeys(features.numeric, ColumnRole.NUMERIC),
    }
    if name in fixed:
        return fixed[name]
    if features.columns is not None:
        return _kind_of_feature(found) if name in features.columns else ColumnRole.UNUSED
    return _kind_of_feature(found) if _teaches(values, found) else ColumnRole.UNUSED


def _kind_of_feature(found: ColumnType | None) -> ColumnRole:
    return ColumnRole.CATEGORICAL if found is ColumnType.TEXT else ColumnRole.NUMERIC


def _teaches(values: Iterable[pd.Series], found: ColumnType | None) -> bool:
    """Tell whether a column that nobody named is worth being a feature."""
    if found is None or found is ColumnType.TIMESTAMP:
        return False
    if found is not ColumnType.TEXT:
        return True
    distinct: set[Any] = set()
    rows = 0
    for part in values:
        there = part.dropna()
        distinct.update(there.unique())
        rows += len(there)
        if len(distinct) > _MANY:
            return False
    return len(distinct) <= _FEW or len(distinct) <= rows / 2
