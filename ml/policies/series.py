"""What was measured of one thing, batch by batch: the last word on each, in the order of time."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

from ml.domain.windows import Window
from ml.policies.facts import Measured

_Key = tuple[datetime, datetime, str]  # a batch's bounds, not the batch: those are hashed and compared in no time


class Series:
    """Values by batch and subject. Late words on earlier batches take their place; asking again costs nothing.

    As long as every word is on a newer batch than the one before, as nearly always, they are only put in a row; the
    first one that is not has them filed by batch and subject.
    """

    def __init__(self) -> None:
        self._row: list[Measured] = []
        self._known: list[datetime] = []
        self._filed: dict[_Key, tuple[datetime, Measured | None]] | None = None
        self._sorted = True
        self._values: tuple[Measured, ...] | None = None  # until somebody asks: a whole history is taken in first
        self._counts: dict[Window, int] | None = None

    def put(self, value: Measured, as_of: datetime) -> None:
        """Take in a value that was known at ``as_of``."""
        row = self._row
        if self._filed is not None or not (not row or value[0].start > row[-1][0].start or _key(value) > _key(row[-1])):
            self._file(_key(value), as_of, value)
            return
        row.append(value)
        self._known.append(as_of)
        # What was given out stays as it was; the usual case, one more batch, is a copy and no more.
        if self._values is not None:
            self._values = (*self._values, value)
        if self._counts is not None:
            self._counts = {**self._counts, value.window: round(value.value)}

    def drop(self, window: Window, subject: str, as_of: datetime) -> None:
        """Take in that there is no value."""
        self._file((window.start, window.end, subject), as_of, None)

    def _file(self, key: _Key, as_of: datetime, value: Measured | None) -> None:
        if self._filed is None:
            self._filed = {_key(one): (known, one) for one, known in zip(self._row, self._known, strict=True)}
        before = self._filed.get(key)
        if before is not None and before[0] > as_of:
            return
        self._sorted = self._sorted and before is not None
        self._filed[key] = (as_of, value)
        self._values = self._counts = None

    def values(self) -> tuple[Measured, ...]:
        """Return the values in the order of batches and subjects."""
        if self._values is None:
            self._values = tuple(self._row if self._filed is None else self._in_order(self._filed))
        return self._values

    def _in_order(self, filed: dict[_Key, tuple[datetime, Measured | None]]) -> list[Measured]:
        if not self._sorted:
            filed = self._filed = {key: filed[key] for key in sorted(filed)}
            self._sorted = True
        return [value for _, value in filed.values() if value is not None]

    def counts(self) -> dict[Window, int]:
        """Return the values as whole numbers by batch."""
        if self._counts is None:
            self._counts = {one.window: round(one.value) for one in self.values()}
        return self._counts

    def shares(self) -> dict[Window, float]:
        """Return the values by batch."""
        return {one.window: one.value for one in self.values()}


class NewestBatch(Series):
    """A series of the newest batch alone: for what counts on the batch that is decided on, and on no other."""

    def __init__(self) -> None:
        super().__init__()
        self._newest: tuple[datetime, datetime] | None = None

    def put(self, value: Measured, as_of: datetime) -> None:
        """Take in a value that was known at ``as_of``."""
        if self._is_newest(value.window):
            super().put(value, as_of)

    def drop(self, window: Window, subject: str, as_of: datetime) -> None:
        """Take in that there is no value."""
        if self._is_newest(window):
            super().drop(window, subject, as_of)

    def _is_newest(self, window: Window) -> bool:
        """Tell whether nothing is known of a newer batch; what is known of an older one is forgotten."""
        bounds = (window.start, window.end)
        if self._newest is not None and bounds < self._newest:
            return False
        if bounds != self._newest:
            self.__init__()  # type: ignore[misc]  # as if nothing had been seen before
            self._newest = bounds
        return True


class ByVersion(defaultdict[int, Series]):
    """A series for each version."""

    def __init__(self) -> None:
        super().__init__(Series)


def _key(one: Measured) -> _Key:
    return one.window.start, one.window.end, one.subject
