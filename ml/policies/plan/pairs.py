"""Pairs of models seen on the same rows: what the staleness curve is fitted to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ml.policies.plan.evidence import Comparison, Evidence, Fitted, Loss

Vector = NDArray[np.float64]

MEMORY = 60  # batches looked back on: four half-lives, what is older would weigh less than a sixteenth
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
    groups: NDArray[np.int64]


_Pair = tuple[Fitted, Fitted, int, int, float, int, tuple[int, ...]]


def pairs_of(evidence: Evidence, by_batch: dict[int, list[Loss]]) -> Pairs:
    """Collect the pairs, except the looks that the present champion won: those speak of it alone (see ``belief``)."""
    scored, compared = list(_scored(by_batch)), list(_compared(evidence))
    found = [*scored, *compared]
    index: dict[tuple[int, ...], int] = {}
    return Pairs(
        np.vstack([_on_one_batch(scored), *(_difference(*one[:4]) for one in compared)]),
        np.array([one[4] for one in found], dtype=float) / evidence.scale,
        np.array([one[5] for one in found], dtype=float),
        np.array([one[3] - 1 for one in found], dtype=float),
        np.array([one[1].until - one[0].until for one in found], dtype=float),
        np.array([index.setdefault(one[6], len(index)) for one in found], dtype=np.int64),
    )


def _scored(by_batch: dict[int, list[Loss]]) -> Iterable[_Pair]:
    for batch, ones in by_batch.items():
        for old, new in pairwise(ones):
            if old.fitted.until < new.fitted.until:
                group = (old.fitted.version, new.fitted.version)
                yield old.fitted, new.fitted, batch, batch + 1, old.loss - new.loss, new.rows, group


def _compared(evidence: Evidence) -> Iterable[_Pair]:
    for one in evidence.comparisons:
        present = one.champion.version == evidence.champion.version and not one.promoted
        if present or one.champion.until >= one.challenger.until or one.until < evidence.labelled - MEMORY:
            continue
        group = (one.champion.version, one.challenger.version, one.until)
        yield one.champion, one.challenger, one.first, one.until, one.gain, one.rows, group


def rejected(evidence: Evidence) -> list[Comparison]:
    """List the looks that the present champion won, in time order."""
    version = evidence.champion.version
    found = [one for one in evidence.comparisons if one.champion.version == version and not one.promoted]
    return sorted((one for one in found if one.until <= evidence.labelled), key=lambda one: (one.until, one.first))


def _on_one_batch(pairs: list[_Pair]) -> Vector:
    """The same as :func:`_difference` for each, at once: most pairs are of this kind, one a batch and model."""
    olds, news = [one[0] for one in pairs], [one[1] for one in pairs]
    batches = np.array([one[2] for one in pairs], dtype=np.intp)
    ages = SHAPES[_places(batches, [one.until for one in olds])] - SHAPES[_places(batches, [one.until for one in news])]
    sizes = (GROWTH[_places([one.until for one in ones], [one.first for one in ones])] for ones in (olds, news))
    return np.column_stack([ages, next(sizes) - next(sizes)])


def _places(ends: Sequence[int] | NDArray[np.intp], starts: Sequence[int]) -> NDArray[np.intp]:
    apart = np.asarray(ends, dtype=np.intp) - np.asarray(starts, dtype=np.intp)
    return np.clip(apart, 0, _LONGEST - 1)


def _difference(old: Fitted, new: Fitted, first: int, until: int) -> Vector:
    ages = SHAPES[[clipped(at - old.until) for at in range(first, until)]]
    ages = ages - SHAPES[[clipped(at - new.until) for at in range(first, until)]]
    sizes = GROWTH[clipped(old.until - old.first)] - GROWTH[clipped(new.until - new.first)]
    return np.append(ages.mean(axis=0), sizes)
