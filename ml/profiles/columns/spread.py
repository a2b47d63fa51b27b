"""Count, smallest, largest, mean and variance of numbers, in a form that merges."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Spread:
    """``m2`` is the sum of squared distances from the mean; all but ``count`` are None where there is no number.

    ``count``, ``min`` and ``max`` are exact. ``mean`` and ``m2`` carry the rounding of double precision, whatever was
    merged in whatever order; ``m2`` is infinite where it exceeds the largest double.
    """

    count: int = 0
    min: float | None = None
    max: float | None = None
    mean: float | None = None
    m2: float | None = None

    @property
    def variance(self) -> float | None:
        """Mean squared distance from the mean (divided by the count), None where there is no number."""
        return None if self.m2 is None else self.m2 / self.count

    @property
    def deviation(self) -> float | None:
        """Standard deviation, the root of :attr:`variance`."""
        return None if self.m2 is None else math.sqrt(self.m2 / self.count)

    def merged(self, other: Spread) -> Spread:
        """Return the spread of both together.

        The update of Chan, Golub and LeVeque (1979), written so that a sum of large means cannot overflow.
        """
        if self.mean is None or self.m2 is None or self.min is None or self.max is None:
            return other
        if other.mean is None or other.m2 is None or other.min is None or other.max is None:
            return self
        count = self.count + other.count
        mine, theirs = self.count / count, other.count / count
        apart = other.mean * math.sqrt(mine * theirs) - self.mean * math.sqrt(mine * theirs)
        return Spread(
            count=count,
            min=min(self.min, other.min),
            max=max(self.max, other.max),
            mean=self.mean * mine + other.mean * theirs,
            m2=self.m2 + other.m2 + apart * apart * count,
        )

    def to_json(self) -> list[float | int | str | None]:
        """Return plain JSON, read back by :meth:`from_json`."""
        m2 = "inf" if self.m2 is not None and math.isinf(self.m2) else self.m2
        return [self.count, self.min, self.max, self.mean, m2]

    @classmethod
    def from_json(cls, data: Iterable[float | int | str | None]) -> Spread:
        """Build from what :meth:`to_json` gave."""
        count, low, high, mean, m2 = (None if value is None else float(value) for value in data)
        return cls(int(count or 0), low, high, mean, m2)


NOTHING = Spread()
