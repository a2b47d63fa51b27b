"""What a table's columns seem to be, with how sure that is: pure functions on a sample."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import pandas as pd

_INTEGER, _NUMBER = r"[+-]?[0-9]+", r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
_COMMA = r"[+-]?[0-9]+,[0-9]+"
_LEADING_ZERO = r"0[0-9]+"
_ISO = r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ][0-9:.]+(?:Z|[+-][0-9:]+)?)?"
_NOTHING = ("NA", "N/A", "NaN", "nan", "null", "NULL", "None", "?", "-")
_TIME_NAMES = re.compile(
    r"(?:^|_)(?:ts|time|timestamp|date|datetime|day|created|at|when)(?:$|_)|(?:time|date)$", re.IGNORECASE
)
_ID_NAMES = re.compile(r"(?:^|_)(?:id|key|uuid|number|no)$", re.IGNORECASE)
_FEW_LABELS, _FEW_CATEGORIES = 20, 30
_BATCHES = {"1h": 200, "6h": 200, "12h": 200, "1d": 200, "7d": 100, "14d": 100, "28d": 100, "91d": 100, "364d": 50}
"""Usual batches with the rows that make each worth it; up to a week a schedule can say them."""


class Sure(StrEnum):
    """How sure a guess is."""

    GIVEN = "given"
    CERTAIN = "certain"
    LIKELY = "likely"
    UNSURE = "unsure"


@dataclass(frozen=True, slots=True)
class Guess:
    """One thing that was inferred, and from what."""

    what: str
    value: str
    sure: Sure
    why: str


@dataclass(frozen=True, slots=True)
class ColumnGuess:
    """What one column seems to hold; ``low`` and ``high`` for numbers, ``categories`` for few texts."""

    name: str
    type: str
    nulls: int
    distinct: int
    low: float | None = None
    high: float | None = None
    categories: tuple[str, ...] = ()
    null_words: tuple[str, ...] = ()
    decimal_comma: bool = False
    leading_zeros: bool = False


def column_guess(values: pd.Series, *, as_text: bool) -> ColumnGuess:
    """Look at one column of a sample."""
    name = str(values.name)
    if not as_text and values.dtype != object:
        return _typed(name, values)
    texts = values.dropna().astype(str).str.strip()
    texts = texts[texts != ""]
    words = tuple(word for word in _NOTHING if (texts == word).any())
    bare = texts[~texts.isin(words)] if words else texts
    kind, comma = _kind_of(bare)
    nothing = words if kind != "text" else ()
    kept = bare if nothing else texts
    nulls = len(values) - len(kept)
    zeros = bool(as_text and kind == "integer" and kept.str.fullmatch(_LEADING_ZERO).any())
    if zeros:
        kind = "text"
    if kind in ("integer", "number"):
        numbers = pd.to_numeric(kept.str.replace(",", ".") if comma else kept)
        return ColumnGuess(
            name, kind, nulls, kept.nunique(), float(numbers.min()), float(numbers.max()), (), nothing, comma
        )
    return ColumnGuess(
        name, kind, nulls, kept.nunique(), categories=_categories(kept, kind), null_words=nothing, leading_zeros=zeros
    )


def _kind_of(texts: pd.Series) -> tuple[str, bool]:
    """The narrowest type that holds all values, and whether its numbers have a decimal comma."""
    if texts.empty:
        return "text", False
    for kind, pattern in (("integer", _INTEGER), ("number", _NUMBER), ("timestamp", _ISO)):
        if texts.str.fullmatch(pattern).all():
            return kind, False
    if texts.str.fullmatch(f"(?:{_COMMA}|{_INTEGER})").all():
        return "number", True
    return "text", False


def _typed(name: str, values: pd.Series) -> ColumnGuess:
    kinds = {"i": "integer", "u": "integer", "f": "number", "b": "boolean", "M": "timestamp"}
    kind = kinds.get(values.dtype.kind, "text")
    present = values.dropna()
    low = high = None
    if kind in ("integer", "number") and len(present):
        low, high = float(present.min()), float(present.max())
    categories = _categories(present.astype(str), kind)
    return ColumnGuess(name, kind, int(values.isna().sum()), int(present.nunique()), low, high, categories)


def _categories(texts: pd.Series, kind: str) -> tuple[str, ...]:
    if kind != "text" or texts.empty or texts.nunique() > min(_FEW_CATEGORIES, max(2, len(texts) / 10)):
        return ()
    return tuple(sorted(texts.unique()))


def time_guess(columns: Sequence[ColumnGuess], given: str | None) -> tuple[ColumnGuess | None, Guess]:
    """Choose the time column: the only one with moments, or the one that is named like it."""
    moments = [column for column in columns if column.type == "timestamp"]
    if given is not None:
        chosen = next((column for column in columns if column.name == given), None)
        return chosen, Guess("time", given, Sure.GIVEN, "you said so")
    if not moments:
        return None, Guess("time", "none found", Sure.UNSURE, "no column holds ISO 8601 dates or timestamps")
    if len(moments) == 1:
        return moments[0], Guess("time", moments[0].name, Sure.CERTAIN, "the only column with moments")
    named = [column for column in moments if _TIME_NAMES.search(column.name)] or moments
    best = max(named, key=lambda column: (column.nulls == 0, column.distinct))
    others = ", ".join(column.name for column in moments if column is not best)
    return best, Guess("time", best.name, Sure.LIKELY, f"also possible: {others}; choose with --time")


def problem_guess(target: ColumnGuess, rows: int) -> tuple[str, Guess]:
    """Tell classification from regression by the target's values."""
    labels = f"{target.distinct} distinct values in {rows} rows"
    if target.type in ("text", "boolean"):
        return "classification", Guess("problem", "classification", Sure.CERTAIN, f"{target.type}: {labels}")
    if target.type == "number" or target.distinct > _FEW_LABELS:
        whole = Sure.LIKELY if target.type == "integer" else Sure.CERTAIN
        return "regression", Guess("problem", "regression", whole, f"{target.type}s: {labels}")
    sure = Sure.CERTAIN if target.distinct == 2 else Sure.LIKELY if target.distinct <= _FEW_LABELS / 2 else Sure.UNSURE  # noqa: PLR2004  # two labels
    return "classification", Guess("problem", "classification", sure, f"whole numbers: {labels}")


def key_guess(columns: Sequence[ColumnGuess], rows: int, taken: set[str]) -> tuple[tuple[str, ...], Guess]:
    """Look for a column that names rows: unique, and called like an id."""
    unique = [c.name for c in columns if c.name not in taken and c.distinct == rows and c.type in ("integer", "text")]
    named = [name for name in unique if _ID_NAMES.search(name)]
    if named:
        return (named[0],), Guess("key", named[0], Sure.LIKELY, "different in every row, and called like an id")
    return (), Guess("key", "none", Sure.LIKELY, "no column called like an id is different in every row")


def batch_guess(moments: pd.Series) -> tuple[str, Guess]:
    """Choose the shortest usual batch that holds a hundred rows or two."""
    from ml.domain.windows import parse_duration

    first, last = moments.min(), moments.max()
    span: timedelta = (last - first).to_pytimedelta()
    rows = len(moments)
    if span <= timedelta(0):
        return "7d", Guess("batch", "7d", Sure.UNSURE, "all rows of the sample are of one moment")
    for text, least in _BATCHES.items():
        expected = rows * (parse_duration(text) / span)
        if expected >= least and parse_duration(text) <= span:
            return text, Guess(
                "batch",
                text,
                Sure.LIKELY,
                f"about {expected:,.0f} rows each, {rows / (span / timedelta(days=1)):,.0f} a day",
            )
    return "28d", Guess("batch", "28d", Sure.UNSURE, f"only {rows} rows over {span.days} days: batches will be small")


def moments_in(values: pd.Series) -> pd.Series:
    """Read moments as UTC; what cannot be read is left out."""
    return pd.to_datetime(
        values, utc=True, errors="coerce", format="ISO8601" if values.dtype == object else None
    ).dropna()


def day(moment: Any) -> str:
    """Write the day of a moment."""
    found: datetime = moment.to_pydatetime()
    return f"{found:%Y-%m-%d}"
