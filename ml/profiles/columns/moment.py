"""The profile of a column of moments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
HOURS = 24
WEEKDAYS = 7


@dataclass(frozen=True, slots=True)
class MomentLayout:
    """A column of moments needs nothing frozen: time moves on, hours and weekdays stay."""

    def empty(self) -> MomentProfile:
        """Return the profile of no rows."""
        return MomentProfile(self)


@dataclass(frozen=True, slots=True)
class MomentProfile:
    """Statistics of one column of moments, all exact, to the microsecond.

    ``wrong`` counts values that are no moments. ``hours`` counts the rows by hour of the day, ``weekdays`` by day of
    the week from Monday on, both in UTC.
    """

    layout: MomentLayout
    rows: int = 0
    nulls: int = 0
    wrong: int = 0
    first_us: int | None = None
    last_us: int | None = None
    hours: tuple[int, ...] = (0,) * HOURS
    weekdays: tuple[int, ...] = (0,) * WEEKDAYS

    @property
    def values(self) -> int:
        """Rows with a moment."""
        return self.rows - self.nulls - self.wrong

    @property
    def first(self) -> datetime | None:
        """The earliest moment."""
        return _moment(self.first_us)

    @property
    def last(self) -> datetime | None:
        """The latest moment."""
        return _moment(self.last_us)

    def merged(self, other: MomentProfile) -> MomentProfile:
        """Return the profile of the rows of both."""
        return replace(
            self,
            rows=self.rows + other.rows,
            nulls=self.nulls + other.nulls,
            wrong=self.wrong + other.wrong,
            first_us=min((one for one in (self.first_us, other.first_us) if one is not None), default=None),
            last_us=max((one for one in (self.last_us, other.last_us) if one is not None), default=None),
            hours=tuple(map(sum, zip(self.hours, other.hours, strict=True))),
            weekdays=tuple(map(sum, zip(self.weekdays, other.weekdays, strict=True))),
        )

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON, read back by :meth:`from_json`."""
        return {
            "rows": self.rows,
            "odd": [self.nulls, self.wrong],
            "span_us": [self.first_us, self.last_us],
            "hours": list(self.hours),
            "weekdays": list(self.weekdays),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> MomentProfile:
        """Build from what :meth:`to_json` gave."""
        nulls, wrong = data["odd"]
        first, last = data["span_us"]
        return cls(
            layout=MomentLayout(),
            rows=data["rows"],
            nulls=nulls,
            wrong=wrong,
            first_us=first,
            last_us=last,
            hours=tuple(data["hours"]),
            weekdays=tuple(data["weekdays"]),
        )


def _moment(microseconds: int | None) -> datetime | None:
    return None if microseconds is None else _EPOCH + timedelta(microseconds=microseconds)
