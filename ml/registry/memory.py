"""Rows of append-only tables that this process has read already: a growing history is not read again each time."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Lock
from typing import Any, Generic, NamedTuple, TypeVar

T = TypeVar("T")
_KEPT_MODELS = 8
START_OF_TIME = datetime.min.replace(tzinfo=UTC)
END_OF_TIME = datetime.max.replace(tzinfo=UTC)


class Entry(NamedTuple, Generic[T]):
    """One record: its row's number, its place in the order asked for, and whether it ``revised`` an earlier one."""

    number: int
    as_of: datetime
    place: tuple[Any, ...]
    item: T
    revised: bool = False


@dataclass(frozen=True, slots=True)
class _Known(Generic[T]):
    """What was read of one model: up to which number, and how late the latest of it is."""

    last: int = 0
    until: datetime = START_OF_TIME
    entries: tuple[Entry[T], ...] = ()
    items: tuple[T, ...] = ()


class Memory(Generic[T]):
    """The records of one table, of the few models that were asked for last.

    Sound because such rows never change, and because all rows of a model are written under its lock: their numbers grow
    in the order of committing, so what is new is what has a higher number. Only readers of committed rows may use it.
    """

    def __init__(self, identity: Callable[[T], Hashable]) -> None:
        self._identity = identity
        self._lock = Lock()
        self._models: OrderedDict[str, _Known[T]] = OrderedDict()

    def known_at(self, model: str, as_of: datetime, newer: Callable[[int], list[Entry[T]]]) -> tuple[T, ...]:
        """Return the records known at ``as_of``, each at its place; ``newer(number)`` reads the rows above a number."""
        with self._lock:
            known: _Known[T] = self._models.get(model) or _Known()
            fresh = newer(known.last)
            if fresh:
                known = self._models[model] = self._with(known, fresh)
                self._models.move_to_end(model)
                while len(self._models) > _KEPT_MODELS:
                    self._models.popitem(last=False)
        if known.until <= as_of:
            return known.items
        return tuple(entry.item for entry in known.entries if entry.as_of <= as_of)

    def _with(self, known: _Known[T], fresh: list[Entry[T]]) -> _Known[T]:
        fresh = in_order(fresh, self._identity)
        entries = (*known.entries, *fresh)
        if _revise(fresh) or (known.entries and fresh[0].place < known.entries[-1].place):
            entries = tuple(in_order([*known.entries, *fresh], self._identity))
        return _Known(
            last=max(known.last, *(entry.number for entry in fresh)),
            until=max(known.until, *(entry.as_of for entry in fresh)),
            entries=entries,
            items=tuple(entry.item for entry in entries),
        )


def in_order(entries: list[Entry[T]], identity: Callable[[T], Hashable]) -> list[Entry[T]]:
    """Return the entries, each at its place, and of those with one identity only the last."""
    if _revise(entries):
        entries = list({identity(entry.item): entry for entry in sorted(entries, key=_number)}.values())
    return sorted(entries, key=_place)


def _revise(entries: list[Entry[T]]) -> bool:
    return any(entry.revised for entry in entries)


def _number(entry: Entry[T]) -> int:
    return entry.number


def _place(entry: Entry[T]) -> tuple[Any, ...]:
    return entry.place
