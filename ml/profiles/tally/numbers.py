"""Count a column of numbers."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ml.domain.schema import ColumnType
from ml.profiles.columns import Bins, NumericLayout, NumericProfile, Spread
from ml.profiles.columns.bins import CELLS, FEW, PIECE, Floats, add_cells, count_cells, without_cell
from ml.profiles.columns.spread import NOTHING
from ml.profiles.tally.moments import microseconds_of
from ml.profiles.texts import BOOLEANS, Mask, as_numbers, is_text

_LARGEST = 3.4e38  # what is beyond single precision lies in the outermost bin
_CANCELLED = 1e6  # so many times smaller than what it was subtracted from is a result that lost its digits
_WORDS = {**{word: float(truth) for word, truth in BOOLEANS.items()}, "0": 0.0, "1": 1.0, "0.0": 0.0, "1.0": 1.0}


class Numbers(NamedTuple):
    """The numbers of a column, NaN and infinite ones among them, and how many values were none."""

    values: Floats
    nulls: int
    wrong: int


def tally_numbers(values: Any, layout: NumericLayout) -> NumericProfile:
    """Return the profile of an Arrow array; of a NumPy array, where NaN means *no value*."""
    numbers = numbers_in(values, layout.type)
    found = NumericProfile(layout, len(values), numbers.nulls, numbers.wrong)
    counted = _counted(numbers.values, layout.bins)
    if counted is None and isinstance(values, np.ndarray):
        there = numbers.values[~np.isnan(numbers.values)]
        found = replace(found, nulls=found.nulls + len(numbers.values) - len(there))
        numbers = numbers._replace(values=there)
        counted = _counted(there, layout.bins)
    if counted is None:
        return _with_odd(found, numbers.values)
    return replace(found, spread=counted.spread, counts=counted.counts)


def numbers_in(values: Any, kind: ColumnType) -> Numbers:
    """Read a column of any type as numbers: truth values as 0 and 1, moments as seconds since 1970."""
    if isinstance(values, np.ndarray):
        return _of_its_type(values.astype(np.float64, copy=False), 0, kind)
    dense = values.drop_null() if values.null_count else values
    nulls = len(values) - len(dense)
    if pa.types.is_dictionary(dense.type) or is_text(dense.type):
        return _from_texts(dense, nulls, kind)
    if pa.types.is_temporal(dense.type):
        return _seconds(dense, nulls, kind)
    try:
        numbers = dense if pa.types.is_primitive(dense.type) else pc.cast(dense, pa.float64())
        return _of_its_type(_plain(pc.cast(numbers, pa.float64(), safe=False)), nulls, kind)
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid):
        return Numbers(np.empty(0), nulls, len(dense))


def _plain(dense: Any) -> Floats:
    numbers: Floats = dense.to_numpy() if isinstance(dense, pa.ChunkedArray) else np.asarray(dense)
    return numbers


def _of_its_type(numbers: Floats, nulls: int, kind: ColumnType) -> Numbers:
    """Take out what is neither 0 nor 1 where truth values are expected, and all where moments are."""
    if kind not in (ColumnType.BOOLEAN, ColumnType.TIMESTAMP):
        return Numbers(numbers, nulls, 0)
    good = np.isnan(numbers)
    if kind is ColumnType.BOOLEAN:
        good |= (numbers == 0) | (numbers == 1)
    return Numbers(numbers, nulls, 0) if good.all() else Numbers(numbers[good], nulls, int((~good).sum()))


def _seconds(dense: Any, nulls: int, kind: ColumnType) -> Numbers:
    moments = microseconds_of(dense) if kind is ColumnType.TIMESTAMP else None
    if moments is None:
        return Numbers(np.empty(0), nulls, len(dense))
    return Numbers(moments / 1e6, nulls, len(dense) - len(moments))


def _from_texts(dense: Any, nulls: int, kind: ColumnType) -> Numbers:
    texts = dense if pa.types.is_dictionary(dense.type) else dense.dictionary_encode()
    if isinstance(texts, pa.ChunkedArray):
        texts = texts.unify_dictionaries().combine_chunks()
    if kind is ColumnType.TIMESTAMP:
        return _seconds(texts.dictionary_decode(), nulls, kind)
    read, wrong = _read(texts.dictionary, kind)
    codes = np.asarray(texts.indices)
    bad = wrong[codes] if len(read) else np.zeros(0, dtype=np.bool_)
    return Numbers(read[codes[~bad]] if len(read) else np.empty(0), nulls, int(bad.sum()))


def _read(texts: Any, kind: ColumnType) -> tuple[Floats, Mask]:
    """Read different texts as numbers, and mark those that are none."""
    distinct = pc.cast(texts, pa.string())
    if kind is not ColumnType.BOOLEAN:
        found = as_numbers(distinct)
        return found.values, found.wrong
    read = np.array([_WORDS.get((text or "").strip().lower(), math.nan) for text in distinct.to_pylist()])
    return read, np.isnan(read)


def aligned_numbers(values: Any, kind: ColumnType) -> Floats:
    """Return the number of every row, NaN where it has none; of moments no row has one."""
    numbers = _aligned(values, kind)
    if kind is ColumnType.BOOLEAN:
        return np.where((numbers == 0) | (numbers == 1), numbers, np.nan)
    return np.full(len(values), np.nan) if kind is ColumnType.TIMESTAMP else numbers


def _aligned(values: Any, kind: ColumnType) -> Floats:
    if isinstance(values, np.ndarray):
        return values.astype(np.float64, copy=False)
    if pa.types.is_dictionary(values.type) or is_text(values.type):
        texts = values if pa.types.is_dictionary(values.type) else values.dictionary_encode()
        read, wrong = _read(texts.dictionary, kind)
        known = np.append(np.where(wrong, np.nan, read), np.nan)
        numbers: Floats = known[np.asarray(pc.fill_null(pc.cast(texts.indices, pa.int64()), -1))]
        return numbers
    try:
        if pa.types.is_temporal(values.type):
            return np.full(len(values), np.nan)
        return np.asarray(pc.cast(values, pa.float64(), safe=False).to_numpy(zero_copy_only=False))
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid):
        return np.full(len(values), np.nan)


class _Counted(NamedTuple):
    spread: Spread
    counts: tuple[int, ...]


def _counted(numbers: Floats, bins: Bins) -> _Counted | None:
    """Count numbers by bin, piece by piece; None if one is not finite, or is so only in double precision."""
    spread, cells = NOTHING, np.zeros(CELLS if len(numbers) > FEW else 0, dtype=np.int64)
    shift = 0.0 - bins.center  # adding it turns -0.0 into 0.0 where the centre is 0
    distances: Floats = numbers
    with np.errstate(all="ignore"):
        for start in range(0, len(numbers), PIECE):
            piece = numbers[start : start + PIECE]
            distances = piece + shift
            if len(cells):
                add_cells(distances, cells)
            spread = spread.merged(_spread(piece, distances, bins.center))
    if not len(cells):
        few = spread.m2 is None or spread.m2 < _LARGEST
        return _Counted(spread, bins.counted_few(distances)) if few else None
    return None if without_cell(cells) else _Counted(spread, bins.counted(cells))


def _spread(numbers: Floats, distances: Floats, center: float) -> Spread:
    count, low, high = len(numbers), float(numbers.min()), float(numbers.max())
    total = float(distances.sum())
    squares = float(np.einsum("i,i->", distances, distances))
    if not math.isfinite(squares):
        return Spread(count, low, high, float((numbers / count).sum()), math.inf)
    m2 = squares - total * total / count
    if m2 * _CANCELLED <= squares:
        apart = distances - total / count
        m2 = float(np.einsum("i,i->", apart, apart))
    return Spread(count, low, high, center + total / count, m2)


def _with_odd(found: NumericProfile, numbers: Floats) -> NumericProfile:
    """Return the profile of numbers of which some are not finite, or are so only in double precision."""
    finite = numbers[np.isfinite(numbers)]
    bins, spread = found.layout.bins, NOTHING
    with np.errstate(all="ignore"):
        distances = finite + (0.0 - bins.center)
        cells = count_cells(np.clip(distances, -_LARGEST, _LARGEST))
        if len(finite):
            spread = _spread(finite, distances, bins.center)
    return replace(
        found,
        nan=int(np.isnan(numbers).sum()),
        negative_infinities=int((numbers == -np.inf).sum()),
        positive_infinities=int((numbers == np.inf).sum()),
        spread=spread,
        counts=bins.counted(cells),
    )
