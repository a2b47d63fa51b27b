"""The frozen bins of a numeric column: cuts on a grid that is finest around the column's centre.

The grid makes one pass of plain array arithmetic of what would else be a search for every number. A number's distance
from the centre, in single precision, keeps the first 5 bits after its leading one: between one power of two and the
next lie 32 cells, so that a cell is never wider than 1/32 of its distance from the centre. Cuts lie between cells; a
cut is stored as the cell that begins there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

PER_OCTAVE = 32
"""Cells between a distance and its double."""
_SHIFT = 18  # of the 23 bits after the leading one, 5 are kept
_SIDE = 1 << (31 - _SHIFT)  # cells on one side of the centre, infinite and NaN ones included
_INFINITE = 255 * PER_OCTAVE
CELLS = 2 * _SIDE
FEW = 4_096
"""Up to so many numbers are counted without cells."""
PIECE = 65_536
"""Numbers worked on at a time: they stay in the processor's cache."""


@dataclass(frozen=True, slots=True)
class Bins:
    """``cuts`` are cells, ascending: bin 0 is all below the first, bin i from cut i-1 to cut i, the last all beyond.

    A number that lies on a cut belongs to the bin away from the centre.
    """

    center: float
    cuts: tuple[int, ...]

    @property
    def edges(self) -> Floats:
        """The cuts as numbers, ascending; shape: (number of cuts,)."""
        cuts = np.asarray(self.cuts, dtype=np.int64)
        edges: Floats = self.center + np.copysign(distance_of(np.abs(cuts)), cuts)
        return edges

    def counted(self, cells: Counts) -> tuple[int, ...]:
        """Return the finite counts by bin, from those by cell that :func:`count_cells` gave."""
        finite = np.concatenate((cells[_INFINITE - 1 :: -1], cells[_SIDE : _SIDE + _INFINITE]))
        starts = np.concatenate(([0], np.asarray(self.cuts, dtype=np.int64) + _INFINITE))
        return tuple(np.add.reduceat(finite, starts).tolist())

    def counted_few(self, distances: Floats) -> tuple[int, ...]:
        """Return the counts of a few finite distances by bin: the same as by way of cells, sooner."""
        places = np.asarray(self.cuts, dtype=np.int64).searchsorted(cells_of(distances), side="right")
        return tuple(np.bincount(places, minlength=len(self.cuts) + 1).tolist())

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON, read back by :meth:`from_json`."""
        return {"center": self.center, "cuts": np.diff(self.cuts, prepend=0).tolist()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Bins:
        """Build from what :meth:`to_json` gave."""
        return cls(float(data["center"]), tuple(np.cumsum(data["cuts"], dtype=np.int64).tolist()))


def distance_of(cells: Counts) -> Floats:
    """Return the distance from the centre at which each cell (none of them negative) begins."""
    return (cells.astype(np.int32) << _SHIFT).view(np.float32).astype(np.float64)


def cells_of(distances: Floats) -> Counts:
    """Return each distance's cell: from 0 on where it is not negative, from -1 downwards where it is."""
    with np.errstate(over="ignore"):
        raw = (distances.astype(np.float32).view(np.int32) >> _SHIFT).astype(np.int64)
    return np.where(raw >= 0, raw, -1 - (raw + _SIDE))


def count_cells(distances: Floats) -> Counts:
    """Count numbers by cell; shape: (CELLS,)."""
    found = np.zeros(CELLS, dtype=np.int64)
    for start in range(0, len(distances), PIECE):
        add_cells(distances[start : start + PIECE], found)
    return found


def add_cells(distances: Floats, found: Counts) -> None:
    """Add the counts of one piece: first those at negative distances, growing ones, then the others, growing too."""
    with np.errstate(over="ignore"):
        cells = distances.astype(np.float32).view(np.int32)
    cells >>= _SHIFT
    cells += _SIDE
    np.add(found, np.bincount(cells, minlength=CELLS), out=found)


def without_cell(found: Counts) -> int:
    """Return how many of the counted were infinite, NaN, or finite beyond single precision."""
    return int(found[_INFINITE:_SIDE].sum() + found[_SIDE + _INFINITE :].sum())


def limited(cuts: Counts) -> tuple[int, ...]:
    """Return the cuts in order, without doubles and without those that no finite number reaches."""
    inside = np.clip(cuts, 1 - _INFINITE, _INFINITE - 1)
    return tuple(np.unique(inside).tolist())
