"""What was measured of one thing, batch by batch: the last word on each, in the order of time."""

from __future__ import annotations

from datetime import datetime

from ml.domain.windows import Window
from ml.policies.facts import Measured

_Key = tuple[datetime, datetime, str]  # a batch's bounds, not the batch: those are hashed and compared in no time


class Series:
    """Values by batch and subject. Late words on earlier batches take their place; asking again costs nothing."""

    def __init__(self) -> None:
        self._last: dict[_Key, tuple[datetime, Measured | None]] = {}
        self._in_order = True
        self._newest: _Key | None = None
        self._values: tuple[Measured, ...] | None = None  # until somebody asks: a whole history is taken in first
        self._counts: dict[Window, int] | None = None

    def put(self, value: Measured, as_of: datetime) -> None:
        """Take in a value that was known at ``as_of``."""
        self._set((value.window.start, value.window.end, value.subject), as_of, value)

    def drop(self, window: Window, subject: str, as_of: datetime) -> None:
        """Take in that there is no value."""
        self._set((window.start, window.end, subject), as_of, None)

    def _set(self, key: _Key, as_of: datetime, value: Measured | None) -> None:
        before = self._last.get(key)
        if before is not None and before[0] > as_of:
            return
        newer = before is None and (self._newest is None or self._newest < key)
        self._last[key] = (as_of, value)
        if before is None:
            self._in_order = self._in_order and newer
            self._newest = key
        if not (newer and self._in_order and value is not None):
            self._values = self._counts = None
            return
        # What was given out stays as it was; the usual case, one more batch, is a copy and no more.
        if self._values is not None:
            self._values = (*self._values, value)
        if self._counts is not None:
            self._counts = {**self._counts, value.window: round(value.value)}

    def values(self) -> tuple[Measured, ...]:
        """Return the values in the order of batches and subjects."""
        if self._values is None:
            if not self._in_order:
                self._last = {key: self._last[key] for key in sorted(self._last)}
                self._in_order, self._newest = True, next(reversed(self._last))
            self._values = tuple(value for _, value in self._last.values() if value is not None)
        return self._values

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

    def _set(self, key: _Key, as_of: datetime, value: Measured | None) -> None:
        if self._newest is not None and key[:2] != self._newest[:2]:
            if key[:2] < self._newest[:2]:
                return
            self.__init__()  # type: ignore[misc]  # as if nothing had been seen before
        super()._set(key, as_of, value)
