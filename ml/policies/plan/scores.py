"""The losses that the plan remembers, as columns: which model lost what on which batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.policies.plan.evidence import Evidence, Losses

Vector = NDArray[np.float64]
Whole = NDArray[np.int64]
Truth = NDArray[np.bool_]

LOOKED_BACK = 60  # batches looked back on: four half-lives, what is older would weigh less than a sixteenth


@dataclass(frozen=True, slots=True)
class Scores:
    """One row for each model on each batch, by batch and within it from the oldest model to the newest.

    ``first`` and ``until`` are what the model ``version`` was fitted on.
    """

    batch: Whole
    version: Whole
    first: Whole
    until: Whole
    rows: Whole
    loss: Vector


def scores_of(evidence: Evidence) -> Scores:
    """Put the newest losses in order; those of batches without labels are not looked at."""
    tracks = Losses.of(evidence.losses).tracks
    batch = _joined([track.batches for track in tracks], np.int64)
    lengths = [len(track.batches) for track in tracks]
    models = np.array([[one.version, one.first, one.until] for one, *_ in tracks], dtype=np.int64).reshape(-1, 3)
    version, first, until = np.repeat(models.T, lengths, axis=1)
    rows = _joined([track.rows for track in tracks], np.int64)
    loss = _joined([track.losses for track in tracks], np.float64)
    order = np.lexsort((version, until, batch))
    sorted_batch = batch[order]
    low, high = np.searchsorted(sorted_batch, [evidence.labelled - LOOKED_BACK, evidence.labelled])
    order = order[low:high]
    return Scores(sorted_batch[low:high], version[order], first[order], until[order], rows[order], loss[order])


def _joined(columns: list[Sequence[Any]], kind: type[Any]) -> NDArray[Any]:
    return np.array(list(chain.from_iterable(columns)), dtype=kind)


def served(scores: Scores, champion: int) -> Whole:
    """Return the row of each batch that tells what serving it lost: the champion's, or else the newest model's."""
    starts = np.append(True, scores.batch[1:] != scores.batch[:-1])
    found = np.append(np.nonzero(starts)[0][1:], len(starts)) - 1
    own = np.nonzero(scores.version == champion)[0][::-1]  # of two words on one batch the first one counts
    found[(np.cumsum(starts) - 1)[own]] = own
    return found
