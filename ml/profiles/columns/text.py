"""The profile of a column of texts that are no categories: names, keys, free text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ml.profiles.columns.spread import NOTHING, Spread

LENGTHS = 17
"""Bins of length: 0, 1, 2–3, 4–7, …, 32,768 characters and more."""


@dataclass(frozen=True, slots=True)
class TextLayout:
    """A column of texts needs nothing frozen: the bins of length are the same for all."""

    def empty(self) -> TextProfile:
        """Return the profile of no rows."""
        return TextProfile(self)


@dataclass(frozen=True, slots=True)
class TextProfile:
    """Statistics of one column of texts: how long they are, in characters; all counts are exact.

    ``counts[0]`` are the empty texts, ``counts[i]`` those of 2^(i-1) to 2^i - 1 characters, the last one open. What is
    no text counts with the text that it is written as; ``wrong`` is always 0.
    """

    layout: TextLayout
    rows: int = 0
    nulls: int = 0
    wrong: int = 0
    lengths: Spread = NOTHING
    counts: tuple[int, ...] = (0,) * LENGTHS

    @property
    def values(self) -> int:
        """Rows with a text."""
        return self.rows - self.nulls

    def merged(self, other: TextProfile) -> TextProfile:
        """Return the profile of the rows of both."""
        return replace(
            self,
            rows=self.rows + other.rows,
            nulls=self.nulls + other.nulls,
            wrong=self.wrong + other.wrong,
            lengths=self.lengths.merged(other.lengths),
            counts=tuple(map(sum, zip(self.counts, other.counts, strict=True))),
        )

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON, read back by :meth:`from_json`."""
        return {
            "rows": self.rows,
            "odd": [self.nulls, self.wrong],
            "lengths": self.lengths.to_json(),
            "counts": list(self.counts),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> TextProfile:
        """Build from what :meth:`to_json` gave."""
        nulls, wrong = data["odd"]
        return cls(
            layout=TextLayout(),
            rows=data["rows"],
            nulls=nulls,
            wrong=wrong,
            lengths=Spread.from_json(data["lengths"]),
            counts=tuple(data["counts"]),
        )
