"""The profile of a column of numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ml.domain.schema import ColumnType
from ml.profiles.columns.bins import Bins
from ml.profiles.columns.spread import NOTHING, Spread


@dataclass(frozen=True, slots=True)
class NumericLayout:
    """How a column of numbers is profiled: truth values and moments may be numbers too, by their ``type``."""

    type: ColumnType
    bins: Bins

    def empty(self) -> NumericProfile:
        """Return the profile of no rows."""
        return NumericProfile(self, counts=(0,) * (len(self.bins.cuts) + 1))


@dataclass(frozen=True, slots=True)
class NumericProfile:
    """Statistics of one column of numbers; all counts are exact.

    ``rows`` are all rows. Of these, ``nulls`` have no value and ``wrong`` one that is no number (or, in a column of
    truth values, neither 0 nor 1). The others are numbers: NaN, infinite ones, and the finite ones, which alone make
    ``spread`` and ``counts``. ``counts[i]`` is the number of rows in bin ``i`` of ``layout.bins``.
    """

    layout: NumericLayout
    rows: int = 0
    nulls: int = 0
    wrong: int = 0
    nan: int = 0
    negative_infinities: int = 0
    positive_infinities: int = 0
    spread: Spread = NOTHING
    counts: tuple[int, ...] = ()

    @property
    def values(self) -> int:
        """Finite numbers."""
        return self.spread.count

    @property
    def edges(self) -> npt.NDArray[np.float64]:
        """The cuts between the bins, one fewer than ``counts``; the first and the last bin are open."""
        return self.layout.bins.edges

    def quantile(self, share: float) -> tuple[float, float] | None:
        """Return the bounds between which the quantile lies for certain, None where there is no number.

        The quantile is the smallest number that at least ``share`` of the numbers do not exceed. The bounds are those
        of its bin, and never beyond the smallest and the largest number; how close they are depends on how much of the
        data lies in one bin.
        """
        low, high = self.spread.min, self.spread.max
        if low is None or high is None:
            return None
        place = int(np.searchsorted(np.cumsum(self.counts), max(share * self.values, 1.0)))
        place = min(place, len(self.counts) - 1)
        borders = np.concatenate(([low], self.edges, [high]))
        return float(np.clip(borders[place], low, high)), float(np.clip(borders[place + 1], low, high))

    def merged(self, other: NumericProfile) -> NumericProfile:
        """Return the profile of the rows of both; they have one layout."""
        return replace(
            self,
            rows=self.rows + other.rows,
            nulls=self.nulls + other.nulls,
            wrong=self.wrong + other.wrong,
            nan=self.nan + other.nan,
            negative_infinities=self.negative_infinities + other.negative_infinities,
            positive_infinities=self.positive_infinities + other.positive_infinities,
            spread=self.spread.merged(other.spread),
            counts=tuple(map(sum, zip(self.counts, other.counts, strict=True))),
        )

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON, read back by :meth:`from_json`."""
        odd = [self.nulls, self.wrong, self.nan, self.negative_infinities, self.positive_infinities]
        return {
            "type": self.layout.type.value,
            "bins": self.layout.bins.to_json(),
            "rows": self.rows,
            "odd": odd,
            "spread": self.spread.to_json(),
            "counts": list(self.counts),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> NumericProfile:
        """Build from what :meth:`to_json` gave."""
        nulls, wrong, nan, negative, positive = data["odd"]
        return cls(
            layout=NumericLayout(ColumnType(data["type"]), Bins.from_json(data["bins"])),
            rows=data["rows"],
            nulls=nulls,
            wrong=wrong,
            nan=nan,
            negative_infinities=negative,
            positive_infinities=positive,
            spread=Spread.from_json(data["spread"]),
            counts=tuple(data["counts"]),
        )
