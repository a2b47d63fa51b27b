"""The profile of a column of categories."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from heapq import nsmallest
from typing import Any

from ml.domain.schema import ColumnType
from ml.profiles.columns.sketch import distinct_of, sketch_of

MOST_LISTED = 64
"""So many categories are frozen, and so many others are listed."""
LONGEST = 100
"""Characters of a category that is listed as it is."""


@dataclass(frozen=True, slots=True)
class CategoricalLayout:
    """The frozen categories, the most frequent ones first; ``complete`` says that the first batch had no others.

    Categories are texts, each value in the one form that it has under the column's ``type``.
    """

    type: ColumnType
    categories: tuple[str, ...]
    complete: bool

    def empty(self) -> CategoricalProfile:
        """Return the profile of no rows."""
        return CategoricalProfile(self, counts=(0,) * len(self.categories))


@dataclass(frozen=True, slots=True)
class Others:
    """What is not among the frozen categories.

    ``rows`` is exact. ``listed`` are up to 64 categories with their counts, the most frequent first. As long as there
    were no more, they are all there and exact, and ``missed`` is 0; after that a category has between its count and its
    count + ``missed`` rows (one not listed: at most ``missed``), and ``missed`` is at most ``rows / 65``: the mergeable
    Misra–Gries summary of Agarwal and others (2012). ``sketch`` then tells how many different ones there were.
    """

    rows: int = 0
    listed: Mapping[str, int] = field(default_factory=dict)
    missed: int = 0
    sketch: bytes | None = None

    @property
    def distinct(self) -> int:
        """How many different ones there were: exact while all are listed, then within the sketch's error."""
        return len(self.listed) if self.sketch is None else max(len(self.listed), distinct_of(self.sketch))

    def with_counts(self, counts: Mapping[str, int]) -> Others:
        """Return this with the exact counts of some more rows."""
        return self.merged(Others(sum(counts.values()), counts)) if counts else self

    def merged(self, other: Others) -> Others:
        """Return the others of both; of more than 64 categories the most frequent are kept."""
        counts = dict(self.listed)
        for name, count in other.listed.items():
            counts[name] = counts.get(name, 0) + count
        missed = self.missed + other.missed
        sketch = None
        if self.sketch is not None or other.sketch is not None or len(counts) > MOST_LISTED:
            sketch = sketch_of(counts, self.sketch, other.sketch)
        ordered = nsmallest(MOST_LISTED + 1, counts.items(), key=lambda item: (-item[1], item[0]))
        if len(ordered) > MOST_LISTED:
            least = ordered[MOST_LISTED][1]
            missed += least
            ordered = [(name, count - least) for name, count in ordered[:MOST_LISTED] if count > least]
        return Others(self.rows + other.rows, dict(ordered), missed, sketch)

    def to_json(self) -> list[Any]:
        """Return plain JSON, read back by :meth:`from_json`."""
        sketch = None if self.sketch is None else base64.b64encode(self.sketch).decode()
        return [self.rows, dict(self.listed), self.missed, sketch]

    @classmethod
    def from_json(cls, data: Iterable[Any]) -> Others:
        """Build from what :meth:`to_json` gave."""
        rows, listed, missed, sketch = data
        ordered = sorted(listed.items(), key=lambda item: (-item[1], item[0]))
        return cls(rows, dict(ordered), missed, None if sketch is None else base64.b64decode(sketch))


NO_OTHERS = Others()


@dataclass(frozen=True, slots=True)
class CategoricalProfile:
    """Statistics of one column of categories; all but what :class:`Others` says of its list is exact.

    ``counts[i]`` is the number of rows with ``layout.categories[i]``. ``wrong`` is always 0: any value is a category
    by the text that it is written as. Of the rows with a category ``numbers`` came as numbers with a fraction's type
    where texts are expected, and ``number_like`` as texts that read as a number.
    """

    layout: CategoricalLayout
    rows: int = 0
    nulls: int = 0
    wrong: int = 0
    counts: tuple[int, ...] = ()
    others: Others = NO_OTHERS
    numbers: int = 0
    number_like: int = 0

    @property
    def values(self) -> int:
        """Rows with a category."""
        return self.rows - self.nulls

    @property
    def unseen(self) -> int | None:
        """Rows with a category that the first batch did not have, None where its list was too long to be frozen."""
        return self.others.rows if self.layout.complete else None

    @property
    def distinct(self) -> int:
        """How many different categories there were: exact while no more than 64 are outside the frozen list."""
        return sum(count > 0 for count in self.counts) + self.others.distinct

    def top(self, most: int = 10) -> list[tuple[str, int]]:
        """Return the most frequent categories with their counts, frozen or not; those of others may be too low."""
        known = zip(self.layout.categories, self.counts, strict=True)
        every = [(name, count) for name, count in (*known, *self.others.listed.items()) if count]
        return sorted(every, key=lambda item: (-item[1], item[0]))[:most]

    def merged(self, other: CategoricalProfile) -> CategoricalProfile:
        """Return the profile of the rows of both; they have one layout."""
        return replace(
            self,
            rows=self.rows + other.rows,
            nulls=self.nulls + other.nulls,
            wrong=self.wrong + other.wrong,
            counts=tuple(map(sum, zip(self.counts, other.counts, strict=True))),
            others=self.others.merged(other.others),
            numbers=self.numbers + other.numbers,
            number_like=self.number_like + other.number_like,
        )

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON, read back by :meth:`from_json`."""
        return {
            "type": self.layout.type.value,
            "categories": list(self.layout.categories),
            "complete": self.layout.complete,
            "rows": self.rows,
            "odd": [self.nulls, self.wrong],
            "counts": list(self.counts),
            "others": self.others.to_json(),
            "numbers": [self.numbers, self.number_like],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> CategoricalProfile:
        """Build from what :meth:`to_json` gave."""
        layout = CategoricalLayout(ColumnType(data["type"]), tuple(data["categories"]), data["complete"])
        nulls, wrong = data["odd"]
        numbers, number_like = data["numbers"]
        return cls(
            layout=layout,
            rows=data["rows"],
            nulls=nulls,
            wrong=wrong,
            counts=tuple(data["counts"]),
            others=Others.from_json(data["others"]),
            numbers=numbers,
            number_like=number_like,
        )


def listed_as(category: str) -> str:
    """Return the name under which a category is listed: itself, or the start of a very long one with its digest."""
    if len(category) <= LONGEST:
        return category
    digest = sha256(category.encode(errors="surrogatepass")).hexdigest()[:12]
    return f"{category[: LONGEST - 13]}…{digest}"
