"""What the plan may know: stored comparisons of losses, counted in batches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, repeat
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Whole = NDArray[np.int64]


class Fitted(NamedTuple):
    """What a version was fitted on, in batches: from ``first`` up to, not including, ``until``."""

    version: int
    first: int
    until: int


class Loss(NamedTuple):
    """Mean loss of one version on one labelled batch, over ``rows`` labelled rows."""

    fitted: Fitted
    batch: int
    loss: float
    rows: int


class Losses(Sequence[Loss]):
    """Losses as columns: the plan computes with those, and a tuple for each of hundreds of losses is for nothing.

    Of each model in ``fitted`` there are ``counts`` losses in a row, on ``batches`` in any order.
    """

    def __init__(
        self, fitted: Sequence[Fitted], counts: Sequence[int], batches: Whole, losses: Vector, rows: Whole
    ) -> None:
        self.fitted, self.counts = fitted, counts
        self.batches, self.losses, self.rows = batches, losses, rows

    @classmethod
    def of(cls, losses: Sequence[Loss]) -> Losses:
        """Return losses as they are wanted."""
        if isinstance(losses, cls):
            return losses
        fitted, batches, values, rows = zip(*losses, strict=True) if losses else ((), (), (), ())
        return cls(
            fitted,
            [1] * len(losses),
            np.array(batches, dtype=np.int64),
            np.array(values, dtype=np.float64),
            np.array(rows, dtype=np.int64),
        )

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self) -> Iterator[Loss]:
        models = chain.from_iterable(map(repeat, self.fitted, self.counts))
        yield from map(Loss, models, self.batches.tolist(), self.losses.tolist(), self.rows.tolist())

    def __getitem__(self, place: Any) -> Any:
        return tuple(self)[place]


@dataclass(frozen=True, slots=True)
class Comparison:
    """A challenger against the champion on the held-out batches ``first`` to ``until`` (not included).

    ``gain`` is the champion's loss minus the challenger's on the same ``rows``, ``low`` and ``high`` its
    interval (not numbers if there is none). ``challenger`` is what was compared, before any refit.
    """

    champion: Fitted
    challenger: Fitted
    first: int
    until: int
    gain: float
    low: float
    high: float
    rows: int
    promoted: bool


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that the plan knows; batches are counted from 0, the oldest on record.

    ``arrived`` batches have arrived, those below ``labelled`` have their labels. ``asked`` are the values of
    ``arrived`` at which a retraining or a look was decided before; the newest counts. ``price`` is that of one
    retraining in scaled losses of one batch, ``look`` the share of it that a look costs with all its candidates,
    ``holdout`` the share of the new labelled batches that a look holds out, ``confidence`` that of the comparisons'
    intervals. Losses are divided by ``scale``. A retraining tries ``windows`` training windows, of which the shortest
    has ``shortest`` batches (None: all).
    """

    champion: Fitted
    arrived: int
    labelled: int
    losses: Sequence[Loss]
    comparisons: tuple[Comparison, ...]
    asked: tuple[int, ...]
    price: float
    look: float = 0.1
    scale: float = 1.0
    holdout: float = 0.3
    rows: int = 0
    windows: int = 1
    shortest: int | None = None
    confidence: float = 0.95
