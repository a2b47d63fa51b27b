"""How the console's questions are written: SQL that SQLite and PostgreSQL read alike, with the types of its columns."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BindParameter, Boolean, Double, Integer, Text, TextualSelect, bindparam, text

from ml.registry.columns import JsonText, UtcDateTime

_TYPES: dict[str, Any] = {
    "advice": JsonText,
    "as_of": UtcDateTime,
    "created_at": UtcDateTime,
    "detail": JsonText,
    "passed": Boolean,
    "said": JsonText,
    "spec": JsonText,
    "baseline": JsonText,
    "seen_until": UtcDateTime,
    "since": UtcDateTime,
    "start": UtcDateTime,
    "value": Double,
    "metrics": JsonText,
    "judged_at": UtcDateTime,
    "version": Integer,
    "window_end": UtcDateTime,
    "window_start": UtcDateTime,
}


def asking(sql: str, columns: str, *, many: str = "", moments: str = "") -> TextualSelect:
    """Build a question: its text, the columns of its answer, which values are lists and which are moments."""
    parameters: list[BindParameter[Any]] = [bindparam(name, expanding=True) for name in many.split()]
    parameters += [bindparam(name, type_=UtcDateTime) for name in moments.split()]
    return text(sql).bindparams(*parameters).columns(**{name: _TYPES.get(name, Text) for name in columns.split()})
