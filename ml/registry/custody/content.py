"""What an event holds of its record: a digest over the stored values, the same on both databases and in every release.

The rules that keep it the same, and that a migration has to respect (docs/decisions/0012-chain-of-custody.md): a value
counts as it is stored; a column without a value does not count, so that a column which comes later changes no digest;
names are sorted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any

from sqlalchemy import Double, Table

from ml.registry.columns import SafeText, UtcDateTime, dumps, storable, text_of_moment

Plain = Callable[[Any], Any]


def content_sha256(table: Table, columns: frozenset[str], rows: Iterable[Mapping[str, Any]]) -> str:
    """Return the digest of some columns of some rows, in the order given."""
    plain = _plain_columns(table, columns)
    said = [{name: change(row[name]) for name, change in plain if row.get(name) is not None} for row in rows]
    return hashlib.sha256(dumps([table.name, said]).encode()).hexdigest()


@cache
def _plain_columns(table: Table, columns: frozenset[str]) -> tuple[tuple[str, Plain], ...]:
    return tuple((name, _plain(table.c[name].type)) for name in sorted(columns))


def _plain(kind: Any) -> Plain:
    """Return how a value of a column's type is written into a digest: as the column stores it."""
    if isinstance(kind, UtcDateTime):
        return text_of_moment
    if isinstance(kind, SafeText):
        return storable
    return float if isinstance(kind, Double) else _same


def _same(value: Any) -> Any:
    return value
