"""Texts of a CSV as values: whole numbers, numbers, or the text that they are.

Types are found from the rows of one window alone, so that other rows of the same file never change a snapshot. Nothing
is read as a number that would lose something: see ml.profiles.texts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
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


class Texts:
    """What the texts of each column are: found from all rows, some at a time, before any is read as a value."""

    def __init__(self, source: FileSource, *, time_column: str) -> None:
        self._source, self._time = source, time_column
        self._seen: dict[str, _Seen] = {}

    def add(self, table: pa.Table) -> None:
        """Look at some rows; the time column is left as it is."""
        for name, column in zip(table.column_names, table.columns, strict=True):
            if name == self._time:
                continue
            seen = self._seen.setdefault(name, _Seen())
            if name in self._source.text_columns:
                seen.values += len(column) - self._present(column).null_count
            else:
                seen.add(*self._read(column))

    def findings(self) -> tuple[Finding, ...]:
        """Return an error for each column of numbers with a decimal comma that the spec does not know of."""
        if self._source.decimal == ",":
            return ()
        asked = [(name, seen) for name, seen in self._seen.items() if name not in self._source.text_columns]
        return tuple(finding for name, seen in asked for finding in seen.suspicion(name))

    def kinds(self) -> dict[str, tuple[pa.DataType, int]]:
        """Return each column's type, and how many values it has."""
        return {name: (self._kind(name, seen), seen.values) for name, seen in self._seen.items()}

    def typed(self, table: pa.Table) -> pa.Table:
        """Give the columns of some rows their types; what is no column of texts stays as it is."""
        columns = []
        for name, column in zip(table.column_names, table.columns, strict=True):
            seen = self._seen.get(name)
            columns.append(column if seen is None else self._typed(column, self._kind(name, seen), seen))
        return pa.table(columns, names=table.column_names)

    def _read(self, column: Any) -> tuple[Any, Any, bool]:
        """Return the values, the same bare as numbers have to be, and whether all are numbers by the decimal mark."""
        values = self._present(column)
        bare = trimmed(values)
        if self._source.decimal != ",":
            return values, bare, True
        german = matches(bare, _GERMAN)
        point = pc.replace_substring(bare, ",", ".")
        values = pc.if_else(pa.array(german), point, values)
        bare = pc.if_else(pa.array(german), point, pa.scalar(None, pa.string()))
        return values, bare, bool((german | is_null(values)).all())

    def _present(self, column: Any) -> Any:
        """Return the values without those that mean none."""
        nulls = pa.array(self._source.null_values, type=pa.string())
        return pc.if_else(pc.is_in(column, nulls), pa.scalar(None, pa.string()), column)

    def _kind(self, name: str, seen: _Seen) -> pa.DataType:
        return pa.string() if name in self._source.text_columns else seen.kind

    def _typed(self, column: Any, kind: pa.DataType, seen: _Seen) -> Any:
        if pa.types.is_null(kind):
            return pa.nulls(len(column))
        if pa.types.is_string(kind) and seen.numbers:  # named as texts, or too large for numbers: as they were written
            return self._present(column)
        values, bare, _ = self._read(column)
        return values if pa.types.is_string(kind) else pc.cast(bare, kind)


@dataclass(slots=True)
class _Seen:
    """What is known of a column of texts so far."""

    values: int = 0
    numbers: bool = True
    integers: bool = True
    fit: bool = True
    """As whole numbers they all fit into 64 bits."""
    near: bool = True
    """As floats none is infinite, and no whole number loses digits."""
    commas: int = 0
    example: str | None = None

    @property
    def kind(self) -> pa.DataType:
        """The type that they have together."""
        if not self.values:
            return pa.null()
        if not self.numbers:
            return pa.string()
        if self.integers:
            return pa.int64() if self.fit else pa.string()
        return pa.float64() if self.near else pa.string()

    def add(self, values: Any, bare: Any, marked: bool) -> None:
        """Look at some more; ``marked`` says whether all are numbers by the decimal mark."""
        missing = is_null(values)
        self.values += int((~missing).sum())
        if missing.all():
            return
        if not (number_like(bare) | missing).all():
            self.numbers = False
            comma = matches(bare, _DECIMAL_COMMA)
            self.commas += int(comma.sum())
            if self.example is None and comma.any():
                self.example = repr(bare.filter(pa.array(comma))[0].as_py())
        self.numbers = self.numbers and marked
        if not self.numbers:
            return
        whole = bool((integer_like(bare) | missing).all())
        self.integers = self.integers and whole
        if whole and pc.max(pc.utf8_length(bare)).as_py() <= _DIGITS:
            return
        self.fit = self.fit and whole and _fit(bare)
        self.near = self.near and not _is_beyond(pc.cast(bare, pa.float64()), bare)

    def suspicion(self, name: str) -> Sequence[Finding]:
        """Tell of numbers with a decimal comma in a column that is none of numbers."""
        if self.numbers or not self.commas or self.commas < _MOSTLY * self.values:
            return ()
        expected, seen = "numbers with a decimal point", str(self.example)
        return (data_finding("DV018", Severity.ERROR, name, seen=seen, expected=expected, rows=self.commas),)


def _fit(bare: Any) -> bool:
    """Tell whether whole numbers fit into 64 bits: as floats they would lose their last digits."""
    try:
        pc.cast(bare, pa.int64())
    except pa.ArrowInvalid:
        return False
    return True


def _is_beyond(numbers: Any, bare: Any) -> bool:
    """Tell whether a number is infinite, or a whole number that a float cannot hold."""
    bounds = pc.min_max(numbers)
    largest = max(abs(bounds["min"].as_py()), abs(bounds["max"].as_py()))
    return largest >= _FLOAT_LIMIT and bool(as_numbers(bare).beyond.any())
