"""The profile of a table: what drift and validation need to know of its rows, in a form that merges."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from types import MappingProxyType
from typing import Any

import pyarrow as pa

from ml.domain.digests import canonical_json
from ml.domain.errors import ArtifactError
from ml.profiles.columns import (
    CategoricalProfile,
    ColumnLayout,
    ColumnProfile,
    MomentProfile,
    NumericProfile,
    TextProfile,
)
from ml.profiles.joint import Joint, Pair, countable
from ml.profiles.tally.joints import JointTally

FORMAT, _WITH_ASSOCIATIONS = 1, 2
"""Versions of the bytes: the second one only where pairs of columns were counted. A reader refuses all others."""
_MAGIC, _LAYOUT_MAGIC = b"EVGP", b"EVGL"
_LARGEST = 256 * 1024**2
_KINDS: Mapping[str, Callable[[Mapping[str, Any]], ColumnProfile]] = {
    "numeric": NumericProfile.from_json,
    "categorical": CategoricalProfile.from_json,
    "moment": MomentProfile.from_json,
    "text": TextProfile.from_json,
}
_NAMES: Mapping[type[ColumnProfile], str] = {
    NumericProfile: "numeric",
    CategoricalProfile: "categorical",
    MomentProfile: "moment",
    TextProfile: "text",
}


class LayoutError(ValueError):
    """Two profiles that were made with different bins or lists of categories were to be merged."""


@dataclass(frozen=True, slots=True)
class Layout:
    """What is frozen for a model with its schema: the bins and categories of every column, and the key.

    Profiles of one layout can be merged and compared, whichever batch they speak of.
    ``pairs`` are columns to be counted together; they are not frozen, but asked for.
    """

    columns: Mapping[str, ColumnLayout]
    key: tuple[str, ...] = ()
    pairs: tuple[Pair, ...] = ()

    def empty(self) -> Profile:
        """Return the profile of no rows: what a merge begins with."""
        columns = {name: column.empty() for name, column in self.columns.items()}
        return Profile(
            0, MappingProxyType(columns), self.key, 0, MappingProxyType(JointTally(self.pairs, self.columns).found)
        )

    def with_pairs(self, pairs: Sequence[Pair]) -> Layout:
        """Return this layout with these pairs, as far as both of their columns hold numbers or categories."""
        return replace(self, pairs=countable(pairs, self.columns))

    def covers(self, other: Layout) -> bool:
        """Tell whether a profile of this layout says all that one of the other would."""
        frozen = self.columns == other.columns and self.key == other.key
        return frozen and set(other.pairs) <= set(self.pairs)

    def to_bytes(self) -> bytes:
        """Return a layout's bytes: those of its empty profile, under a name of their own.

        What is stored is found by the digest of its bytes: a layout's must not be those of an empty batch's profile.
        """
        return _LAYOUT_MAGIC + self.empty().to_bytes()[len(_MAGIC) :]

    @classmethod
    def from_bytes(cls, data: bytes) -> Layout:
        """Build from what :meth:`to_bytes` gave; raise ``ArtifactError`` for anything else."""
        if not data.startswith(_LAYOUT_MAGIC):
            raise ArtifactError("These bytes are no layout.", remedy="the digest belongs to something else.")
        return Profile.from_bytes(_MAGIC + data[len(_LAYOUT_MAGIC) :]).layout


@dataclass(frozen=True, slots=True)
class Profile:
    """The statistics of one table.

    ``columns`` has every column of the layout, in its order; one that the table does not have counts as having no value
    anywhere. ``key_duplicates`` are rows whose key an earlier row of the same part had: exact in a table profiled as
    one, a lower bound after a merge (a key that is in both parts is not seen), None where they were not counted.
    ``associations`` has the pairs of columns that were asked for.
    """

    rows: int
    columns: Mapping[str, ColumnProfile]
    key: tuple[str, ...] = ()
    key_duplicates: int | None = None
    associations: Mapping[Pair, Joint] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def version(self) -> int:
        """The version of its bytes."""
        return _WITH_ASSOCIATIONS if self.associations else FORMAT

    @property
    def layout(self) -> Layout:
        """The layout that it was made with."""
        return Layout(
            MappingProxyType({name: one.layout for name, one in self.columns.items()}),
            self.key,
            tuple(self.associations),
        )

    def to_bytes(self) -> bytes:
        """Return compact bytes, the same for the same profile; read back by :meth:`from_bytes`."""
        document: dict[str, Any] = {
            "rows": self.rows,
            "key": list(self.key),
            "key_duplicates": self.key_duplicates,
            "columns": [[name, _NAMES[type(one)], one.to_json()] for name, one in self.columns.items()],
        }
        if self.associations:
            document["associations"] = [[*pair, *one.to_json()] for pair, one in self.associations.items()]
        raw = canonical_json(document).encode(errors="surrogatepass")
        packed: bytes = pa.Codec("zstd").compress(raw, asbytes=True)
        return _MAGIC + self.version.to_bytes(2, "big") + len(raw).to_bytes(8, "big") + packed

    @classmethod
    def from_bytes(cls, data: bytes) -> Profile:
        """Build from what :meth:`to_bytes` gave.

        Raises:
            ArtifactError: the bytes are no profile, or one of a format that this version does not know.
        """
        document = _document(data)
        columns = {name: _KINDS[kind](body) for name, kind, body in document["columns"]}
        joints = {(first, second): Joint.from_json(body) for first, second, *body in document.get("associations", ())}
        return cls(
            document["rows"],
            MappingProxyType(columns),
            tuple(document["key"]),
            document["key_duplicates"],
            MappingProxyType(joints),
        )


def merge(first: Profile, second: Profile) -> Profile:
    """Return the profile of the rows of both tables together.

    Associative and commutative: counts exactly, means and variances to the rounding of double precision, the list of
    many unknown categories within its stated error. Of pairs of columns those are left that both have.

    Raises:
        LayoutError: they were made with different layouts.
    """
    _require_same(first, second)
    columns = {name: _merged(one, second.columns[name]) for name, one in first.columns.items()}
    counted = first.key_duplicates is not None and second.key_duplicates is not None
    duplicates = (first.key_duplicates or 0) + (second.key_duplicates or 0) if counted else None
    both = {
        pair: one.merged(second.associations[pair])
        for pair, one in first.associations.items()
        if pair in second.associations
    }
    return Profile(first.rows + second.rows, MappingProxyType(columns), first.key, duplicates, MappingProxyType(both))


def merge_all(profiles: Sequence[Profile]) -> Profile:
    """Return the profile of the rows of all tables together; there is at least one."""
    return reduce(merge, profiles)


def _merged(first: ColumnProfile, second: ColumnProfile) -> ColumnProfile:
    """Merge two columns of one layout, which are therefore of one kind."""
    merged: ColumnProfile = first.merged(second)  # type: ignore[arg-type]
    return merged


def _require_same(first: Profile, second: Profile) -> None:
    if first.key != second.key or first.columns.keys() != second.columns.keys():
        raise LayoutError("The two profiles speak of different columns or keys; profile both with one layout.")
    for name, one in first.columns.items():
        if one.layout is not second.columns[name].layout and one.layout != second.columns[name].layout:
            raise LayoutError(
                f"The two profiles have different bins or categories of {name!r}; profile both with one layout."
            )


def _document(data: bytes) -> Any:
    header = len(_MAGIC) + 10
    if len(data) < header or data[:4] != _MAGIC:
        raise ArtifactError(
            "These bytes are no profile.", remedy="the digest belongs to something else than a profile."
        )
    version, size = int.from_bytes(data[4:6], "big"), int.from_bytes(data[6:14], "big")
    if version not in (FORMAT, _WITH_ASSOCIATIONS):
        raise ArtifactError(
            f"The profile has format {version}; this version reads {FORMAT} and {_WITH_ASSOCIATIONS}.",
            remedy="use the newer Evergreen.",
        )
    if size > _LARGEST:
        raise ArtifactError(f"The profile says that it holds {size} bytes; at most {_LARGEST} are accepted.")
    try:
        return json.loads(pa.Codec("zstd").decompress(data[header:], size, asbytes=True))
    except (pa.ArrowException, ValueError, OSError) as error:
        raise ArtifactError(
            f"The profile cannot be read: {error}.", remedy="restore the file from a backup."
        ) from error
