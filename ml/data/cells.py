"""Texts of a CSV as values: whole numbers, numbers, or the text that they are.

Types are found from the rows of one window alone, so that other rows of the same file never change a snapshot. Nothing
is read as a number that would lose something: see ml.profiles.texts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ml.domain.codes_dv import data_finding
from ml.domain.findings import Finding, Severity
from ml.profiles.texts import as_numbers, integer_like, is_null, matches, number_like, trimmed
from ml.specs.source import FileSource

_DECIMAL_COMMA = r"^-?[0-9]+,[0-9]+(?:[eE][+-]?[0-9]+)?$"
_GERMAN = r"^-?(?:(?:0|[1-9][0-9]*)(?:,[0-9]*)?|,[0-9]+)(?:[eE][+-]?[0-9]+)?$"
_MOSTLY = 0.9
_FLOAT_LIMIT = 2.0**63
_DIGITS = 18
"""So many digits always fit into 64 bits."""


def typed(table: pa.Table, source: FileSource, *, time_column: str) -> tuple[pa.Table, tuple[Finding, ...]]:
    """Give each column of texts its type; the time column stays as it is.

    Returns the table and an error for each column of numbers with a decimal comma that the spec does not know of.
    """
    nulls = pa.array(source.null_values, type=pa.string())
    findings: list[Finding] = []
    columns = []
    for name, column in zip(table.column_names, table.columns, strict=True):
        if name == time_column:
            columns.append(column)
            continue
        values = pc.if_else(pc.is_in(column, nulls), pa.scalar(None, pa.string()), column)
        if name not in source.text_columns:
            values, found = _typed(name, values, decimal=source.decimal)
            findings += found
        columns.append(values)
    return pa.table(columns, names=table.column_names), tuple(findings)


def _typed(name: str, values: Any, *, decimal: str) -> tuple[Any, Sequence[Finding]]:
    missing = is_null(values)
    if missing.all():
        return pa.nulls(len(values)), ()
    bare = trimmed(values)
    if decimal == ",":
        german = matches(bare, _GERMAN)
        point = pc.replace_substring(bare, ",", ".")
        bare = pc.if_else(pa.array(german), point, pa.scalar(None, pa.string()))
        if not (german | missing).all():
            return pc.if_else(pa.array(german), point, values), ()
    if not (number_like(bare) | missing).all():
        return values, _suspicion(name, bare, present=int((~missing).sum()))
    if (integer_like(bare) | missing).all():
        return _integers(bare, values), ()
    numbers = pc.cast(bare, pa.float64())
    return (values if _is_beyond(numbers, bare) else numbers), ()


def _is_beyond(numbers: Any, bare: Any) -> bool:
    """Tell whether a number is infinite, or a whole number that a float cannot hold."""
    bounds = pc.min_max(numbers)
    largest = max(abs(bounds["min"].as_py()), abs(bounds["max"].as_py()))
    return largest >= _FLOAT_LIMIT and bool(as_numbers(bare).beyond.any())


def _integers(bare: Any, values: Any) -> Any:
    """Return whole numbers; texts, if one does not fit into 64 bits: as a float it would lose its last digits."""
    if pc.max(pc.utf8_length(bare)).as_py() > _DIGITS:
        try:
            return pc.cast(bare, pa.int64())
        except pa.ArrowInvalid:
            return values
    return pc.cast(bare, pa.int64())


def _suspicion(name: str, bare: Any, *, present: int) -> tuple[Finding, ...]:
    comma = int(matches(bare, _DECIMAL_COMMA).sum())
    if comma < _MOSTLY * present or comma == 0:
        return ()
    example = repr(bare.filter(pa.array(matches(bare, _DECIMAL_COMMA)))[0].as_py())
    return (
        data_finding("DV018", Severity.ERROR, name, seen=example, expected="numbers with a decimal point", rows=comma),
    )
