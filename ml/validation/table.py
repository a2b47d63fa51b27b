"""Checks of a batch as a whole: columns, amounts, freshness."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from statistics import median

import numpy as np
import pandas as pd
import pyarrow as pa

from ml.artifacts.rows import Frames
from ml.domain.codes_dv import data_finding
from ml.domain.findings import Finding, Severity
from ml.domain.schema import ColumnRole, ColumnType, TableSchema
from ml.domain.windows import Window, format_duration
from ml.profiles import Profile
from ml.profiles.columns import CategoricalProfile, ColumnProfile
from ml.profiles.texts import number_like, text_array, trimmed
from ml.specs.data import ValidationSpec
from ml.validation.rules import Rule

_MIXED = 0.5
_HISTORY = 3
_SHOWN = 10
EXAMPLES = 3


def column_findings(batch: Frames, rules: Sequence[Rule], schema: TableSchema, profile: Profile) -> Iterator[Finding]:
    """Tell of columns that are missing, new, of another type as a whole, or mixed."""
    for rule in rules:
        if rule.name not in batch.dtypes:
            if rule.required:
                there = ", ".join([*batch.dtypes][:_SHOWN])
                yield data_finding(
                    "DV030", Severity.ERROR, rule.name, seen=f"the columns {there}", expected="a column of this name"
                )
        elif rule.type is ColumnType.TEXT and rule.role is not ColumnRole.UNUSED:
            yield from _text_findings(batch, rule, profile.columns.get(rule.name))
    known = {*schema.names(), *(rule.name for rule in rules)}
    new = [name for name in batch.dtypes if name not in known]
    if new:
        yield data_finding(
            "DV031",
            Severity.INFO,
            ", ".join(new[:_SHOWN]),
            seen="a column that the first batch did not have",
            expected=f"{len(known)} known columns",
        )


def _text_findings(batch: Frames, rule: Rule, column: ColumnProfile | None) -> Iterator[Finding]:
    """Numbers where texts are expected have lost their form (``1.50`` became 1.5): nobody can tell the category."""
    kind = batch.dtypes[rule.name].kind
    if kind == "f":
        rows, example = 0, None
        for values in batch.column(rule.name):
            numbers = values.dropna()
            example = numbers.iloc[0] if example is None and len(numbers) else example
            rows += len(numbers)
        if rows:
            yield data_finding(
                "DV032",
                Severity.ERROR,
                rule.name,
                seen=f"numbers such as {example!r}",
                expected="texts, as in the first batch",
                rows=rows,
                remedy="name the column in source.text_columns, or write it as text.",
            )
    elif kind == "O" and rule.role is ColumnRole.CATEGORICAL and rule.categories is None:
        known = column if isinstance(column, CategoricalProfile) and column.layout.type is ColumnType.TEXT else None
        if known is None or _MIXED * known.values <= known.number_like < known.values:
            yield from _mixed_findings(batch, rule)


def _mixed_findings(batch: Frames, rule: Rule) -> Iterator[Finding]:
    numbers, others, example = 0, 0, None
    for values in batch.column(rule.name):
        texts = trimmed(text_array(values)).drop_null()
        alike = number_like(texts)
        if example is None and not alike.all():
            example = texts.filter(pa.array(~alike))[0].as_py()
        numbers += int(alike.sum())
        others += int((~alike).sum())
    if others and numbers >= _MIXED * (numbers + others):
        yield data_finding(
            "DV045",
            Severity.WARNING,
            rule.name,
            seen=f"{numbers} numbers, and {example!r}",
            expected="either numbers or texts",
            rows=others,
        )


def null_findings(batch: Frames, rules: Sequence[Rule], profile: Profile) -> Iterator[Finding]:
    """Tell of columns with too few values."""
    rows = batch.rows
    for rule in rules:
        if rule.name not in batch.dtypes or not rows:
            continue
        known = profile.columns.get(rule.name)
        missing = known.nulls if known is not None else sum(int(one.isna().sum()) for one in batch.column(rule.name))
        if missing / rows > rule.max_null_share:
            yield data_finding(
                "DV035",
                Severity.ERROR,
                rule.name,
                seen=f"{missing / rows:.1%} without a value",
                expected=f"at most {rule.max_null_share:.1%}",
                rows=missing,
            )
        elif missing == rows and rule.role in (ColumnRole.NUMERIC, ColumnRole.CATEGORICAL):
            yield data_finding(
                "DV046", Severity.WARNING, rule.name, seen="no value at all", expected="values", rows=rows
            )


def amount_findings(
    kept: int, rows: int, spec: ValidationSpec, recent_rows: Sequence[int], causes: Sequence[Finding]
) -> Iterator[Finding]:
    """Tell of too few rows, too many quarantined ones, and an unusual number of rows."""
    quarantined = rows - kept
    if rows and quarantined / rows > spec.max_quarantined_share:
        largest = sorted(causes, key=lambda finding: -finding.rows)[:2]
        yield data_finding(
            "DV044",
            Severity.ERROR,
            "batch",
            seen=f"{quarantined} of {rows} rows quarantined, most by " + "; ".join(one.sentence() for one in largest),
            expected=f"at most {spec.max_quarantined_share:.1%}",
            rows=quarantined,
            remedy=" ".join(dict.fromkeys(one.remedy for one in largest)),
        )
    if kept < spec.min_rows:
        yield data_finding(
            "DV041", Severity.ERROR, "batch", seen=f"{kept} usable rows", expected=f"at least {spec.min_rows}"
        )
    if len(recent_rows) >= _HISTORY:
        usual = median(recent_rows)
        low, high = spec.volume_ratio
        if not low * usual <= kept <= high * usual:
            yield data_finding(
                "DV042",
                Severity.WARNING,
                "batch",
                seen=f"{kept} rows",
                expected=f"{low * usual:.0f} to {high * usual:.0f}, as in the last {len(recent_rows)} batches",
            )


def age_findings(column: str, newest: datetime | None, spec: ValidationSpec, window: Window) -> Iterator[Finding]:
    """Tell of a batch whose newest row is too old."""
    if spec.max_age is None or newest is None:
        return
    if window.end - newest > spec.max_age:
        yield data_finding(
            "DV043",
            Severity.ERROR,
            column,
            seen=f"a newest row of {newest:%Y-%m-%d %H:%M} UTC",
            expected=f"one within {format_duration(spec.max_age)} of the end of {window}",
        )


def examples(values: pd.Series, rows: np.ndarray) -> tuple[str, ...]:
    """Show a few distinct values of some rows, shortened."""
    found = values[rows].drop_duplicates().head(EXAMPLES)
    return tuple("no value" if pd.isna(value) else repr(value)[:40] for value in found.tolist())
