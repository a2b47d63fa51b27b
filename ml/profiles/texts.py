"""Texts that stand for numbers, truth values and moments: what is one, and what is only similar.

A text is a number only where nothing is lost by reading it as one: ``00501`` is a postal code, ``+4917…`` a
telephone, ``NA`` may be a country. Blanks around a number mean nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from ml.domain.schema import ColumnType

Mask = npt.NDArray[np.bool_]

_NUMBER = r"^-?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$"
_INTEGER = r"^-?(?:0|[1-9][0-9]*)$"
_LEADING_ZERO = r"^-?0[0-9]"
_MOMENT = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ][0-9]{2}:[0-9]{2}.*)?$"
_LIMIT = 2.0**63
_MOSTLY = 0.9
"""Share of a column's values that decides its type; the others are then findings."""
_NULLISH = frozenset(
    {"", "-", "--", ".", "?", "#n/a", "#na", "<na>", "missing", "n/a", "na", "nan", "nil", "none", "null", "unknown"}
)
"""Lower-case texts that often mean *no value*: never taken for it, only not counted against a column of numbers."""
BOOLEANS = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class Numbers:
    """Texts read as numbers, NaN where there is none; ``wrong`` marks what is no number, ``beyond`` what is too
    large.
    """

    values: npt.NDArray[np.float64]
    wrong: Mask
    beyond: Mask


def text_array(values: pd.Series) -> pa.Array:
    """Return a column of objects as Arrow texts, null where a value is missing; numbers among them by their
    ``str``.
    """
    try:
        return pa.Array.from_pandas(values, type=pa.string())
    except (pa.ArrowException, TypeError):
        return pa.Array.from_pandas(values.map(str, na_action="ignore"), type=pa.string())


def is_text(kind: Any) -> bool:
    """Tell whether an Arrow type is one of texts."""
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def matches(texts: Any, pattern: str) -> Mask:
    """Tell for each text whether it matches; a missing one does not."""
    found = pc.fill_null(pc.match_substring_regex(texts, pattern), False)
    return np.asarray(found, dtype=np.bool_)


def is_null(texts: Any) -> Mask:
    """Tell for each value whether it is missing."""
    return np.asarray(pc.is_null(texts), dtype=np.bool_)


def trimmed(texts: Any) -> Any:
    """Return the texts without blanks around them."""
    return pc.ascii_trim_whitespace(texts)


def number_like(texts: Any) -> Mask:
    """Tell for each trimmed text whether it is a number without loss, whatever its size."""
    return matches(texts, _NUMBER)


def integer_like(texts: Any) -> Mask:
    """Tell for each trimmed text whether it is a whole number, whatever its size."""
    return matches(texts, _INTEGER)


def as_numbers(texts: Any) -> Numbers:
    """Read texts as numbers; ``1e400``, and whole numbers beyond 64 bits, are too large."""
    bare = trimmed(texts)
    number = number_like(bare)
    chosen = pc.if_else(pa.array(number), bare, pa.scalar(None, pa.string()))
    values = np.array(pc.cast(chosen, pa.float64()), dtype=np.float64)
    beyond = np.isinf(values)
    large = np.abs(values) >= _LIMIT
    if large.any():
        beyond |= large & integer_like(bare)
    return Numbers(values, ~number & ~is_null(texts), beyond)


def type_of_texts(parts: Iterable[pd.Series]) -> ColumnType | None:
    """Return the type that a column of texts stands for, None if it has no value at all; it may come in parts.

    A few values that do not fit are left to validation as wrong ones instead of turning a column of numbers into
    one of texts.
    """
    seen = sum((_seen(part) for part in parts), start=Counter[str]())
    if not seen["values"]:
        return None
    if seen["booleans"] == seen["values"]:
        return ColumnType.BOOLEAN
    if not seen["meant"] or seen["leading zeros"]:
        return ColumnType.TEXT
    if seen["moments"] / seen["meant"] >= _MOSTLY:
        return ColumnType.TIMESTAMP
    if seen["numbers"] / seen["meant"] < _MOSTLY:
        return ColumnType.TEXT
    return ColumnType.INTEGER if seen["integers"] == seen["numbers"] else ColumnType.NUMBER


def _seen(values: pd.Series) -> Counter[str]:
    """Count what texts look like."""
    texts = trimmed(text_array(values)).drop_null()
    lowered = pc.utf8_lower(texts)
    meant = texts.filter(pc.invert(pc.is_in(lowered, pa.array(sorted(_NULLISH)))))
    numbers = as_numbers(meant)
    good = ~numbers.wrong & ~numbers.beyond
    return Counter(
        {
            "values": len(texts),
            "booleans": pc.sum(pc.is_in(lowered, pa.array(sorted(BOOLEANS)))).as_py() or 0,
            "meant": len(meant),
            "leading zeros": int(matches(meant, _LEADING_ZERO).sum()),
            "moments": int(matches(meant, _MOMENT).sum()),
            "numbers": int(good.sum()),
            "integers": int((integer_like(meant) & good).sum()),
        }
    )
