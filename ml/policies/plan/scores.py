"""The losses that the plan remembers, as columns: which model lost what on which batch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml.policies.plan.evidence import Evidence

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
    known = range(evidence.labelled - LOOKED_BACK, evidence.labelled)
    found = [one for one in evidence.losses if one.batch in known]
    models, batches, losses, rows = zip(*found, strict=True) if found else ((), (), (), ())
    version = np.array([one.version for one in models], dtype=np.int64)
    until = np.array([one.until for one in models], dtype=np.int64)
    batch = np.array(batches, dtype=np.int64)
    order = np.lexsort((version, until, batch))
    return Scores(
        batch[order],
        version[order],
        np.array([one.first for one in models], dtype=np.int64)[order],
        until[order],
        np.array(rows, dtype=np.int64)[order],
        np.array(losses, dtype=float)[order],
    )


def served(scores: Scores, champion: int) -> Whole:
    """Return the row of each batch that tells what serving it lost: the champion's, or else the newest model's."""
    starts = np.append(True, scores.batch[1:] != scores.batch[:-1])
    found = np.append(np.nonzero(starts)[0][1:], len(starts)) - 1
    own = np.nonzero(scores.version == champion)[0][::-1]  # of two words on one batch the first one counts
    found[(np.cumsum(starts) - 1)[own]] = own
    return found
