"""Rows of append-only tables that this process has read already: a growing history is not read again each time."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from datetime import UTC, datetime
from threading import Lock
from typing import Any, Generic, NamedTuple, TypeVar

T = TypeVar("T")
_KEPT_MODELS = 8
END_OF_TIME = datetime.max.replace(tzinfo=UTC)


class Entry(NamedTuple, Generic[T]):
    """One record: its row's number, its place in the order asked for, and whether it ``revised`` an earlier one."""

    number: int
    as_of: datetime
    place: tuple[Any, ...]
    item: T
    revised: bool = False


class Memory(Generic[T]):
    """The records of one table, of the few models that were asked for last.

    Sound because such rows never change, and because all rows of a model are written under its lock: their numbers grow
    in the order of committing, so what is new is what has a higher number. Only readers of committed rows may use it.
    """

    def __init__(self, identity: Callable[[T], Hashable]) -> None:
        self._identity = identity
        self._lock = Lock()
        self._known: OrderedDict[str, tuple[int, list[Entry[T]]]] = OrderedDict()

    def known_at(self, model: str, as_of: datetime, newer: Callable[[int], list[Entry[T]]]) -> tuple[T, ...]:
        """Return the records known at ``as_of``, each at its place; ``newer(number)`` reads the rows above a number."""
        with self._lock:
            last, entries = self._known.get(model, (0, []))
            fresh = newer(last)
            if fresh:
                last = max(entry.number for entry in fresh)
                entries = in_order([*entries, *fresh], self._identity)
                self._known[model] = (last, entries)
                self._known.move_to_end(model)
                while len(self._known) > _KEPT_MODELS:
                    self._known.popitem(last=False)
        return tuple(entry.item for entry in entries if entry.as_of <= as_of)


def in_order(entries: list[Entry[T]], identity: Callable[[T], Hashable]) -> list[Entry[T]]:
    """Return the entries, each at its place, and of those with one identity only the last."""
    if any(entry.revised for entry in entries):
        entries = list({identity(entry.item): entry for entry in sorted(entries, key=_number)}.values())
    return sorted(entries, key=_place)


def _number(entry: Entry[T]) -> int:
    return entry.number


def _place(entry: Entry[T]) -> tuple[Any, ...]:
    return entry.place
