"""Pairs of models seen on the same rows: what the staleness curve is fitted to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ml.policies.plan.evidence import Comparison, Evidence
from ml.policies.plan.scores import LOOKED_BACK, Scores, Vector, Whole

_LONGEST = 400  # ages and sizes beyond are taken as this
_QUICK = 3.0  # batches in which the quick shape has done most of its loss
_AGES = np.arange(_LONGEST, dtype=float)
SHAPES = np.stack([1 - np.exp(-_AGES / _QUICK), np.sqrt(_AGES / 5), _AGES / 5], axis=1)
GROWTH = 5.0 / np.maximum(_AGES, 1.0)


def clipped(age: int) -> int:
    """Return a place in the tables of shapes."""
    return min(max(age, 0), _LONGEST - 1)


@dataclass(frozen=True, slots=True)
class Pairs:
    """One row for each pair of models on one batch, or on one gate's held-out batches.

    ``shapes`` (n × 4) are the differences of the curve's shapes, ``gains`` how much less the newer model lost,
    ``rows`` on how many rows, ``batches`` when, ``apart`` how many batches lie between the ends of their data,
    ``groups`` which two they are.
    """

    shapes: Vector
    gains: Vector
    rows: Vector
    batches: Vector
    apart: Vector
    groups: Whole


def pairs_of(evidence: Evidence, scores: Scores) -> Pairs:
    """Collect the pairs, except the looks that the present champion won: those speak of it alone (see ``belief``)."""
    old, new = _neighbours(scores)
    compared = list(_compared(evidence))
    looks = np.array([_bounds(one) for one in compared], dtype=np.int64).reshape(-1, 6)
    batch = scores.batch[old]
    fitted = np.stack([scores.first[old], scores.until[old], scores.first[new], scores.until[new], batch, batch + 1])
    bounds = np.concatenate([fitted, looks.T], axis=1)
    groups = _numbered(scores.version[old], scores.version[new])
    gates = _numbered_looks(compared, after=int(groups.max(initial=-1)) + 1)
    gains = np.append(scores.loss[old] - scores.loss[new], [one.gain for one in compared])
    return Pairs(
        _shapes(bounds),
        gains / evidence.scale,
        np.append(scores.rows[new], [one.rows for one in compared]).astype(float),
        bounds[5].astype(float) - 1,
        (bounds[3] - bounds[1]).astype(float),
        np.append(groups, np.array(gates, dtype=np.int64)),
    )


def _neighbours(scores: Scores) -> tuple[Whole, Whole]:
    """Rows of models next to each other in age, on one batch."""
    older = (scores.batch[:-1] == scores.batch[1:]) & (scores.until[:-1] < scores.until[1:])
    old = np.nonzero(older)[0]
    return old, old + 1


def _bounds(one: Comparison) -> tuple[int, ...]:
    old, new = one.champion, one.challenger
    return old.first, old.until, new.first, new.until, one.first, one.until


def _numbered(old: Whole, new: Whole) -> Whole:
    """Number the pairs of versions in the order in which they come."""
    numbers: dict[tuple[int, int], int] = {}
    found = [numbers.setdefault(both, len(numbers)) for both in zip(old.tolist(), new.tolist(), strict=True)]
    return np.array(found, dtype=np.int64)


def _numbered_looks(compared: Sequence[Comparison], *, after: int) -> list[int]:
    """The same for comparisons by the gate: each set of held-out batches is a group of its own."""
    found: dict[tuple[int, int, int], int] = {}
    names = [(one.champion.version, one.challenger.version, one.until) for one in compared]
    return [found.setdefault(name, after + len(found)) for name in names]


def _compared(evidence: Evidence) -> Iterator[Comparison]:
    for one in evidence.comparisons:
        present = one.champion.version == evidence.champion.version and not one.promoted
        if present or one.champion.until >= one.challenger.until or one.until < evidence.labelled - LOOKED_BACK:
            continue
        yield one


def rejected(evidence: Evidence) -> list[Comparison]:
    """List the looks that the present champion won, in time order."""
    version = evidence.champion.version
    found = [one for one in evidence.comparisons if one.champion.version == version and not one.promoted]
    return sorted((one for one in found if one.until <= evidence.labelled), key=lambda one: (one.until, one.first))


def _shapes(bounds: Whole) -> Vector:
    """Differences of the curve's shapes: of age, on average over the batches; of size."""
    old_first, old_until, new_first, new_until, first, until = bounds
    batches = until - first
    ages = SHAPES[_places(first - old_until)] - SHAPES[_places(first - new_until)]
    long = np.nonzero(batches > 1)[0]
    if len(long):
        at = first[long, None] + np.arange(int(batches.max()))
        apart = SHAPES[_places(at - old_until[long, None])] - SHAPES[_places(at - new_until[long, None])]
        summed = np.add.accumulate(apart, axis=1)  # one after the other, as they were always added
        ages[long] = summed[np.arange(len(long)), batches[long] - 1]
    sizes = GROWTH[_places(old_until - old_first)] - GROWTH[_places(new_until - new_first)]
    found = np.empty((len(sizes), ages.shape[1] + 1))
    np.divide(ages, batches[:, None], out=found[:, :-1])
    found[:, -1] = sizes
    return found


def _places(apart: Whole) -> Whole:
    return np.minimum(np.maximum(apart, 0), _LONGEST - 1)  # clip() takes several times as long for so few
