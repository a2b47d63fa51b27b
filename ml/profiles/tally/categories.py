"""Count a column of categories."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ml.domain.schema import ColumnType
from ml.profiles.columns import CategoricalLayout, CategoricalProfile, Others
from ml.profiles.columns.categorical import LONGEST, NO_OTHERS, listed_as
from ml.profiles.conform import category_of
from ml.profiles.texts import is_text, number_like, trimmed

Counts = npt.NDArray[np.int64]


def tally_categories(values: Any, layout: CategoricalLayout) -> CategoricalProfile:
    """Return the profile of an Arrow array; of a NumPy array, where NaN means *no value*."""
    rows = len(values)
    distinct, counts = _counted(values)
    texts = is_text(distinct.type)
    numbers = number_likes = 0
    if layout.type is ColumnType.TEXT:
        if texts and len(distinct):
            number_likes = int(counts[number_like(trimmed(distinct))].sum())
        elif pa.types.is_floating(distinct.type):
            numbers = int(counts.sum())
    known, others = _parted(_names(distinct, layout.type), counts, layout.categories)
    return CategoricalProfile(
        layout,
        rows=rows,
        nulls=rows - int(counts.sum()),
        counts=tuple(known),
        others=others,
        numbers=numbers,
        number_like=number_likes,
    )


def aligned_categories(values: Any, kind: ColumnType, first: Sequence[str]) -> Counts:
    """Return every row's place among some categories, the place after them for any other one, -1 without a value."""
    if isinstance(values, np.ndarray):
        values = pa.array(values, from_pandas=True)
    encoded = values if pa.types.is_dictionary(values.type) else _encoded(values)
    places = {name: place for place, name in enumerate(first)}
    groups = [
        -1 if value is None else places.get(listed_as(category_of(value, kind)), len(first))
        for value in encoded.dictionary.to_pylist()
    ]
    codes: Counts = np.array([*groups, -1])[np.asarray(pc.fill_null(pc.cast(encoded.indices, pa.int64()), -1))]
    return codes


def _counted(values: Any) -> tuple[Any, Counts]:
    """Return the distinct values that occur, without nulls, and how many rows have each."""
    if isinstance(values, np.ndarray):
        values = pa.array(values, from_pandas=True)
    encoded = values if pa.types.is_dictionary(values.type) else _encoded(values)
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.unify_dictionaries().combine_chunks()
    indices = encoded.indices.drop_null() if encoded.null_count else encoded.indices
    counts = np.bincount(np.asarray(indices), minlength=len(encoded.dictionary)).astype(np.int64, copy=False)
    there = counts > 0
    if there.all() and not encoded.dictionary.null_count:
        return encoded.dictionary, counts
    there &= ~np.asarray(pc.is_null(encoded.dictionary), dtype=np.bool_)
    return encoded.dictionary.filter(pa.array(there)), counts[there]


def _encoded(values: Any) -> Any:
    try:
        return values.dictionary_encode()
    except pa.ArrowNotImplementedError:
        texts = [None if value is None else str(value) for value in values.to_pylist()]
        return pa.array(texts, pa.string()).dictionary_encode()


def _names(distinct: Any, kind: ColumnType) -> list[str]:
    found = distinct.to_pylist()
    if kind is ColumnType.TEXT and is_text(distinct.type):
        return [name if len(name) <= LONGEST else listed_as(name) for name in found]
    return [listed_as(category_of(value, kind)) for value in found]


def _parted(names: Sequence[str], counts: Counts, categories: Sequence[str]) -> tuple[list[int], Others]:
    """Part the counts of the frozen categories from those of all others."""
    places = {name: place for place, name in enumerate(categories)}
    known = [0] * len(categories)
    rest: dict[str, int] = {}
    for name, count in zip(names, counts.tolist(), strict=True):
        place = places.get(name)
        if place is None:
            rest[name] = rest.get(name, 0) + count
        else:
            known[place] += count
    return known, NO_OTHERS.with_counts(rest)
