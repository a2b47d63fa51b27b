"""The profile of a table: what drift and validation need to know of its rows, in a form that merges."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
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

FORMAT = 1
"""Version of the bytes; a reader refuses one that it does not know."""
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
    """

    columns: Mapping[str, ColumnLayout]
    key: tuple[str, ...] = ()

    def empty(self) -> Profile:
        """Return the profile of no rows: what a merge begins with."""
        columns = {name: column.empty() for name, column in self.columns.items()}
        return Profile(0, MappingProxyType(columns), key=self.key, key_duplicates=0)

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
    """

    rows: int
    columns: Mapping[str, ColumnProfile]
    key: tuple[str, ...] = ()
    key_duplicates: int | None = None
    version: int = FORMAT

    @property
    def layout(self) -> Layout:
        """The layout that it was made with."""
        return Layout(MappingProxyType({name: one.layout for name, one in self.columns.items()}), self.key)

    def to_bytes(self) -> bytes:
        """Return compact bytes, the same for the same profile; read back by :meth:`from_bytes`."""
        document = {
            "rows": self.rows,
            "key": list(self.key),
            "key_duplicates": self.key_duplicates,
            "columns": [[name, _NAMES[type(one)], one.to_json()] for name, one in self.columns.items()],
        }
        raw = canonical_json(document).encode(errors="surrogatepass")
        packed: bytes = pa.Codec("zstd").compress(raw, asbytes=True)
        return _MAGIC + FORMAT.to_bytes(2, "big") + len(raw).to_bytes(8, "big") + packed

    @classmethod
    def from_bytes(cls, data: bytes) -> Profile:
        """Build from what :meth:`to_bytes` gave.

        Raises:
            ArtifactError: the bytes are no profile, or one of a format that this version does not know.
        """
        document = _document(data)
        columns = {name: _KINDS[kind](body) for name, kind, body in document["columns"]}
        return cls(document["rows"], MappingProxyType(columns), tuple(document["key"]), document["key_duplicates"])


def merge(first: Profile, second: Profile) -> Profile:
    """Return the profile of the rows of both tables together.

    Associative and commutative: counts exactly, means and variances to the rounding of double precision, the list of
    many unknown categories within its stated error.

    Raises:
        LayoutError: they were made with different layouts.
    """
    _require_same(first, second)
    columns = {name: _merged(one, second.columns[name]) for name, one in first.columns.items()}
    counted = first.key_duplicates is not None and second.key_duplicates is not None
    duplicates = (first.key_duplicates or 0) + (second.key_duplicates or 0) if counted else None
    return Profile(first.rows + second.rows, MappingProxyType(columns), first.key, duplicates)


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
    if version != FORMAT:
        raise ArtifactError(
            f"The profile has format {version}; this version reads {FORMAT}.", remedy="use the newer Evergreen."
        )
    if size > _LARGEST:
        raise ArtifactError(f"The profile says that it holds {size} bytes; at most {_LARGEST} are accepted.")
    try:
        return json.loads(pa.Codec("zstd").decompress(data[header:], size, asbytes=True))
    except (pa.ArrowException, ValueError, OSError) as error:
        raise ArtifactError(
            f"The profile cannot be read: {error}.", remedy="restore the file from a backup."
        ) from error
