"""Reads what is wanted out of a message in Thrift's compact protocol, and steps over all else.

``wanted`` says what: ``int`` or ``bytes``, for a struct a mapping from a field's number to what is wanted of it, for
a list ``Each`` or ``Only`` one place. A field that is not wanted, or not there, is left out of the answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

_TRUE, _FALSE = 1, 2
_INTEGERS = (6, 5, 4)
_BINARY = 8
_LISTS = (9, 10)
_STRUCT = 12
_LONG = 15
"""A list says this as its size where the size follows."""
_DEEPEST = 32
"""Structs and lists within each other that are followed; Parquet needs nine."""
_MOST_BITS = 64
_MORE = 128
"""The bit that says of a number's byte: more follow."""


@dataclass(frozen=True, slots=True)
class Each:
    """Of a list all elements: the answer is a list."""

    wanted: Any


@dataclass(frozen=True, slots=True)
class Only:
    """Of a list the element at one place: the answer is how many elements there are, and that one or None."""

    place: int
    wanted: Any


class MalformedError(ValueError):
    """The bytes are no such message."""


def read_struct(data: bytes, wanted: Mapping[int, Any]) -> dict[int, Any]:
    """Return the wanted fields of the struct that the bytes begin with.

    Raises:
        MalformedError: they are cut off, or no message of this protocol.
    """
    try:
        found, _ = _struct(data, 0, wanted, -1)
    except IndexError:
        raise MalformedError("it ends in the middle") from None
    return found


def _value(data: bytes, at: int, kind: int, wanted: Any, depth: int) -> tuple[Any, int]:
    """Return the value at a place, None if it is not wanted, and the place behind it."""
    if wanted is not None and kind not in _kinds(wanted):
        raise MalformedError("a field is of another type than it should be")
    if kind in _INTEGERS:  # most fields of a footer are
        number, at = _varint(data, at)
        return (number >> 1) ^ -(number & 1), at
    if kind not in _BY_KIND:
        raise MalformedError(f"it has a field of the unknown type {kind}")
    return _BY_KIND[kind](data, at, wanted, depth)


def _kinds(wanted: Any) -> tuple[int, ...]:
    """Return the types that a wanted value may have."""
    if isinstance(wanted, Mapping):
        return (_STRUCT,)
    if isinstance(wanted, Each | Only):
        return _LISTS
    return _INTEGERS if wanted is int else (_BINARY,)


def _binary(data: bytes, at: int, wanted: Any, depth: int) -> tuple[bytes | None, int]:
    size, at = _varint(data, at)
    if at + size > len(data):
        raise IndexError
    return data[at : at + size] if wanted else None, at + size


def _struct(data: bytes, at: int, wanted: Any, depth: int) -> tuple[dict[int, Any], int]:
    found: dict[int, Any] = {}
    if not isinstance(wanted, Mapping):
        return found, _behind_struct(data, at, depth)
    depth += 1
    number = 0
    while True:
        head = data[at]
        at += 1
        kind = head & 15
        if not kind:
            return found, at
        if head >> 4:
            number += head >> 4
        else:
            code, at = _varint(data, at)
            number = (code >> 1) ^ -(code & 1)
        asked = wanted.get(number)
        value, at = _value(data, at, kind, asked, depth)
        if asked is not None:
            found[number] = value


def _check_depth(depth: int) -> None:
    if depth > _DEEPEST:
        raise MalformedError(f"it is nested more than {_DEEPEST} deep")


def _behind_struct(data: bytes, at: int, depth: int) -> int:
    """Step over a struct: most of a footer is columns that nobody asks for, so this has to be quick."""
    _check_depth(depth)
    while True:
        head = data[at]
        at += 1
        kind = head & 15
        if not kind:
            return at
        if head <= _LONG:  # the field's number follows
            _, at = _varint(data, at)
        if kind in _INTEGERS:
            while data[at] >= _MORE:
                at += 1
            at += 1
        elif kind == _STRUCT:
            at = _behind_struct(data, at, depth + 1)
        else:
            _, at = _value(data, at, kind, None, depth)


def _list(data: bytes, at: int, wanted: Any, depth: int) -> tuple[Any, int]:
    _check_depth(depth := depth + 1)
    head = data[at]
    at += 1
    size, kind = head >> 4, head & 15
    if size == _LONG:
        size, at = _varint(data, at)
    if size > len(data) - at:  # no element is shorter than a byte
        raise IndexError
    each = wanted.wanted if isinstance(wanted, Each) else None
    only = wanted.place if isinstance(wanted, Only) else -1
    found, one = [], None
    for place in range(size):
        if kind == _STRUCT and each is None and place != only:
            at = _behind_struct(data, at, depth + 1)
            continue
        asked = wanted.wanted if place == only else each
        value, at = _element(data, at, kind, asked, depth)
        if place == only:
            one = value
        if each is not None:
            found.append(value)
    return (size, one) if isinstance(wanted, Only) else found, at


def _element(data: bytes, at: int, kind: int, wanted: Any, depth: int) -> tuple[Any, int]:
    """Return an element of a list or a map, where a truth value is a byte of its own."""
    if kind in (_TRUE, _FALSE):
        return data[at] == _TRUE, at + 1
    return _value(data, at, kind, wanted, depth)


def _map(data: bytes, at: int, wanted: Any, depth: int) -> tuple[None, int]:
    """Step over a map: nothing of one is ever wanted."""
    _check_depth(depth := depth + 1)
    size, at = _varint(data, at)
    if not size:
        return None, at
    if size > len(data) - at:
        raise IndexError
    kinds = data[at]
    at += 1
    for _ in range(size):
        for kind in (kinds >> 4, kinds & 15):
            _, at = _element(data, at, kind, None, depth)
    return None, at


def _varint(data: bytes, at: int) -> tuple[int, int]:
    byte = data[at]
    at += 1
    if byte < _MORE:
        return byte, at
    number, shift = byte & (_MORE - 1), 7
    while True:
        byte = data[at]
        at += 1
        number |= (byte & (_MORE - 1)) << shift
        if byte < _MORE:
            return number, at
        shift += 7
        if shift >= _MOST_BITS:
            raise MalformedError("it has a number of more than 64 bits")


_BY_KIND: Mapping[int, Callable[[bytes, int, Any, int], tuple[Any, int]]] = {
    _TRUE: lambda data, at, wanted, depth: (True, at),
    _FALSE: lambda data, at, wanted, depth: (False, at),
    3: lambda data, at, wanted, depth: (data[at], at + 1),
    7: lambda data, at, wanted, depth: (None, at + 8),  # a double
    _BINARY: _binary,
    **dict.fromkeys(_LISTS, _list),
    11: _map,
    _STRUCT: _struct,
    13: lambda data, at, wanted, depth: (None, at + 16),  # a UUID
}
"""How all but integers are read, by the number of their type."""
