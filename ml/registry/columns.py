"""Column types that mean the same on SQLite and on PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import BigInteger, DateTime, Dialect, Integer, String, Text
from sqlalchemy.types import TypeDecorator, TypeEngine

from ml.domain.windows import as_utc

BigId = BigInteger().with_variant(Integer, "sqlite")
"""A row id; SQLite counts rows only in a column that is called INTEGER."""


class UtcDateTime(TypeDecorator[datetime]):
    """An aware instant, always UTC: ``timestamptz`` on PostgreSQL, ISO 8601 text of fixed width on SQLite.

    The fixed width makes the order of the texts the order of the instants.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the stored type."""
        if dialect.name == "sqlite":
            return dialect.type_descriptor(String(32))
        return dialect.type_descriptor(DateTime(timezone=True))

    def bind_processor(self, dialect: Dialect) -> Callable[[datetime | None], Any]:
        """Refuse a naive datetime; write UTC."""
        return text_of_moment if dialect.name == "sqlite" else _in_utc

    def result_processor(self, dialect: Dialect, coltype: Any) -> Callable[[Any], datetime | None]:
        """Read UTC, whatever the session's time zone is."""
        return _moment_of_text if dialect.name == "sqlite" else _read_in_utc


class JsonText(TypeDecorator[Any]):
    """JSON as pure ASCII text: any character of a user's data survives, NaN and infinity are refused, order is kept."""

    impl = Text
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], str]:
        """Write compact JSON."""
        return dumps

    def result_processor(self, dialect: Dialect, coltype: Any) -> Callable[[str | None], Any]:
        """Read it back."""
        return _loads


class SafeText(TypeDecorator[str]):
    """Text for people; a NUL or half of a surrogate pair, which PostgreSQL cannot store, becomes a replacement."""

    impl = Text
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Callable[[str | None], str | None]:
        """Replace what cannot be stored."""
        return lambda value: None if value is None else storable(value)


def storable(text: str) -> str:
    """Return ``text`` as :class:`SafeText` stores it.

    >>> storable("a" + chr(0) + "b")
    'a\ufffdb'
    """
    if text.isascii() and "\x00" not in text:
        return text
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()


def dumps(value: Any) -> str:
    """Serialise to compact JSON; raise ``ValueError`` for NaN, ``TypeError`` for what JSON does not have."""
    return json.dumps(value, allow_nan=False, separators=(",", ":"), default=_plain)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{value!r} ({type(value).__name__}) is not JSON: give text, numbers, booleans, lists or mappings")


@lru_cache(maxsize=16384)
def text_of_moment(moment: datetime | None) -> str | None:
    """Write an instant as SQLite and the digests of the chain of custody hold it; once, as its rows repeat few."""
    return None if moment is None else as_utc(moment).isoformat(timespec="microseconds")


@lru_cache(maxsize=16384)
def _moment_of_text(text: str | None) -> datetime | None:
    """Parse an instant once: the rows of a history repeat few of them many times."""
    return None if text is None else datetime.fromisoformat(text)


def _in_utc(moment: datetime | None) -> datetime | None:
    return None if moment is None else as_utc(moment)


def _read_in_utc(moment: datetime | None) -> datetime | None:
    if moment is None or moment.tzinfo is UTC:
        return moment
    return moment.replace(tzinfo=UTC) if str(moment.tzinfo) == "UTC" else moment.astimezone(UTC)


_decoder = json.JSONDecoder()


def _loads(text: str | None) -> Any:
    """Parse what :func:`dumps` wrote: one value and nothing around it; None where a join found no row."""
    return None if text is None else _decoder.raw_decode(text)[0]
