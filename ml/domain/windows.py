"""Half-open time windows, the only way in which Evergreen speaks of a batch."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_UNIT_SECONDS = {"w": 604_800, "d": 86_400, "h": 3600, "m": 60, "s": 1}  # the largest first
_DURATION = re.compile(r"([0-9]{1,9})([smhdw])", re.ASCII)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def parse_duration(text: str) -> timedelta:
    """Read ``"30m"``, ``"12h"``, ``"7d"`` or ``"2w"``; raise ``ValueError`` naming what is accepted.

    >>> parse_duration("7d")
    datetime.timedelta(days=7)
    """
    match = _DURATION.fullmatch(text)
    if match is None:
        raise ValueError(
            f"{text!r} is not a duration: write a whole number and one of s, m, h, d, w, for example 7d or 12h"
        )
    try:
        return timedelta(seconds=int(match[1]) * _UNIT_SECONDS[match[2]])
    except OverflowError:
        raise ValueError(f"{text!r} is longer than any calendar: at most 999999999d is accepted") from None


def format_duration(duration: timedelta) -> str:
    """Write a duration in the largest unit that divides it.

    >>> format_duration(timedelta(days=14))
    '2w'
    """
    seconds = int(duration.total_seconds())
    for unit, size in _UNIT_SECONDS.items():
        if seconds and seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def to_the_minute(moment: datetime) -> str:
    """Write a moment for people; many times as fast as ``strftime``, and sentences hold thousands of moments.

    >>> to_the_minute(datetime(2026, 3, 1, 12, tzinfo=UTC))
    '2026-03-01 12:00'
    """
    return moment.isoformat(" ", "minutes")[:16]


def as_utc(moment: datetime) -> datetime:
    """Return the same instant in UTC; raise ``ValueError`` for a naive datetime, whose instant nobody knows."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()} has no time zone: give an aware datetime, for example in UTC")
    return moment.astimezone(UTC)


def parse_moment(text: str) -> datetime:
    """Read an ISO 8601 date or datetime; without an offset it is taken as UTC.

    >>> parse_moment("1996-05-07")
    datetime.datetime(1996, 5, 7, 0, 0, tzinfo=datetime.timezone.utc)
    """
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(
            f"{text!r} is not a date: write it as 2026-03-01 or 2026-03-01T12:00:00+00:00 (ISO 8601)"
        ) from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """The instants ``start <= t < end``, both aware and in UTC.

    Raises ``ValueError`` if a bound is naive or the window is empty.
    """

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        object.__setattr__(self, "start", as_utc(self.start))
        object.__setattr__(self, "end", as_utc(self.end))
        if self.start >= self.end:
            raise ValueError(f"the window {self} is empty: its start must come before its end")

    @classmethod
    def parse(cls, start: str, end: str) -> Window:
        """Build a window from two ISO 8601 texts."""
        return cls(parse_moment(start), parse_moment(end))

    @property
    def length(self) -> timedelta:
        """The time between the bounds."""
        return self.end - self.start

    def contains(self, moment: datetime) -> bool:
        """Tell whether an aware instant lies in the window."""
        return self.start <= as_utc(moment) < self.end

    def batches(self, length: timedelta) -> Iterator[Window]:
        """Cut the window into consecutive windows of ``length``; the remainder at the end is left out."""
        if length <= timedelta(0):
            raise ValueError(f"a batch must be longer than nothing, not {length}")
        start = self.start
        while start + length <= self.end:
            yield Window(start, start + length)
            start += length

    def __str__(self) -> str:
        return f"[{to_the_minute(self.start)}, {to_the_minute(self.end)})"


def floor_to(moment: datetime, length: timedelta, origin: datetime = EPOCH) -> datetime:
    """Return the last batch boundary at or before ``moment`` on the grid of ``length`` through ``origin``."""
    return origin + ((as_utc(moment) - origin) // length) * length


def resolve_window(
    *,
    batch: timedelta,
    now: datetime,
    interval: Window | None = None,
    asked: tuple[datetime | None, datetime | None] = (None, None),
    watermark: datetime | None = None,
) -> Window:
    """Decide, in one place, which window a run works on.

    The first that applies: what a person ``asked`` for (a missing start is one batch before the end, a missing end one
    batch after the start); the scheduler's data ``interval``; one batch after the ``watermark`` (end of the newest
    ingested batch); the last whole batch before ``now``. Asset-triggered and manual runs carry neither a logical date
    nor an interval and so end in one of the last two.

    Raises:
        ValueError: what was asked for is empty.
    """
    start, end = asked
    if start is not None:
        return Window(start, end if end is not None else as_utc(start) + batch)
    if end is not None:
        return Window(as_utc(end) - batch, end)
    if interval is not None:
        return interval
    if watermark is not None:
        return Window(watermark, watermark + batch)
    boundary = floor_to(now, batch)
    return Window(boundary - batch, boundary)
