"""Pairs of models seen on the same rows: what the staleness curve is fitted to."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ml.policies.plan.evidence import Comparison, Evidence, Vector, Whole
from ml.policies.plan.scores import LOOKED_BACK, Scores

_LONGEST = 400  # ages and sizes beyond are taken as this
_APART = 32  # bits of a version's number
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
    count = len(old)
    bounds = np.empty((6, count + len(compared)), dtype=np.int64)
    batch = scores.batch[old]
    for row, column in zip(
        bounds,
        (scores.first[old], scores.until[old], scores.first[new], scores.until[new], batch, batch + 1),
        strict=True,
    ):
        row[:count] = column
    if compared:
        bounds[:, count:] = np.array([_bounds(one) for one in compared]).T
    both = (scores.version[old] << _APART) + scores.version[new]  # a number: found faster than two
    measured = np.array([(one.gain, one.rows) for one in compared]).reshape(-1, 2)
    return Pairs(
        _shapes(bounds),
        np.concatenate([scores.loss[old] - scores.loss[new], measured[:, 0]]) / evidence.scale,
        np.concatenate([scores.rows[new], measured[:, 1]]),
        bounds[5].astype(float) - 1,
        (bounds[3] - bounds[1]).astype(float),
        _numbered([*both.tolist(), *map(_name, compared)]),
    )


def _neighbours(scores: Scores) -> tuple[Whole, Whole]:
    """Rows of models next to each other in age, on one batch."""
    older = (scores.batch[:-1] == scores.batch[1:]) & (scores.until[:-1] < scores.until[1:])
    (old,) = older.nonzero()
    return old, old + 1


def _bounds(one: Comparison) -> tuple[int, ...]:
    old, new = one.champion, one.challenger
    return old.first, old.until, new.first, new.until, one.first, one.until


def _name(one: Comparison) -> tuple[int, ...]:
    """Each set of held-out batches is a group of its own."""
    return one.champion.version, one.challenger.version, one.until


def _numbered(names: Sequence[Hashable]) -> Whole:
    """Number what is of one name in the order in which the names come."""
    numbers = {name: number for number, name in enumerate(dict.fromkeys(names))}
    return np.array([*map(numbers.__getitem__, names)], dtype=np.int64)


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
    first, until = bounds[4:]
    fitted_until, batches = bounds[1:4:2], until - first
    olds, news = SHAPES[_places(first - fitted_until)]
    ages = olds - news
    (long,) = (batches > 1).nonzero()
    if len(long):
        at = first[long, None] + np.arange(int(np.maximum.reduce(batches)))
        olds, news = SHAPES[_places(at - fitted_until[:, long, None])]
        summed = np.add.accumulate(olds - news, axis=1)  # one after the other, as they were always added
        ages[long] = summed[np.arange(len(long)), batches[long] - 1]
    old, new = GROWTH[_places(fitted_until - bounds[0:3:2])]
    found = np.empty((len(batches), ages.shape[1] + 1))
    np.divide(ages, batches[:, None], out=found[:, :-1])
    np.subtract(old, new, out=found[:, -1])
    return found


def _places(apart: Whole) -> Whole:
    return np.minimum(np.maximum(apart, 0), _LONGEST - 1)  # clip() takes several times as long for so few
