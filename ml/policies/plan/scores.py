"""The losses that the plan remembers, as columns: which model lost what on which batch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml.policies.plan.evidence import Evidence, Losses, Vector, Whole

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
    losses = Losses.of(evidence.losses)
    models = np.array(losses.fitted, dtype=np.int64).reshape(-1, 3)
    version, first, until = np.repeat(models.T, losses.counts, axis=1)
    order = np.lexsort((version, until, losses.batches))
    batch = losses.batches[order]
    low, high = batch.searchsorted((evidence.labelled - LOOKED_BACK, evidence.labelled))
    order = order[low:high]
    return Scores(batch[low:high], version[order], first[order], until[order], losses.rows[order], losses.losses[order])


def served(scores: Scores, champion: int) -> Whole:
    """Return the row of each batch that tells what serving it lost: the champion's, or else the newest model's."""
    ends = np.empty(len(scores.batch), dtype=np.bool_)
    ends[-1] = True
    np.not_equal(scores.batch[1:], scores.batch[:-1], out=ends[:-1])
    (found,) = ends.nonzero()
    own = (scores.version == champion).nonzero()[0][::-1]  # of two words on one batch the first one counts
    found[found.searchsorted(own)] = own
    return found
