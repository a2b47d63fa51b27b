"""What a play cost: errors and retrainings in the user's units, with how sure the sum is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray

from ml.policies.facts import Ending
from ml.policies.known import ending_of
from ml.policies.replay.move import Move
from ml.policies.replay.world import Challenge

Floats = NDArray[np.float64]
LossOf = Callable[[str, int], float]
"""(estimator, place of a batch) → summed cost of its errors on that batch; NaN where no labels ever came."""


@dataclass(frozen=True, slots=True)
class Prices:
    """What things cost, in the user's units; ``error`` is per unit of loss and row (see ``LossOf``)."""

    training: float
    per_hour: float
    look: float

    def of_training(self, seconds: float) -> float:
        """Cost of one retraining that goes live."""
        return self.training + self.per_hour * seconds / 3600.0


@dataclass(frozen=True, slots=True)
class Account:
    """The bill of one play; arrays have one value a batch, from the first batch that a champion scored on.

    ``errors`` and ``trainings`` are costs; a batch whose labels never came costs nothing. ``first`` is the place of
    the first batch in them. ``retrainings`` counts trainings after the first version, ``looks`` those that were to see
    only.
    """

    first: int
    errors: Floats
    trainings: Floats
    retrainings: int
    promoted: int
    rejected: int
    not_worth_it: int
    looks: int
    seconds: float

    @property
    def costs(self) -> Floats:
        """Cost of each batch."""
        return self.errors + self.trainings

    @property
    def total(self) -> float:
        """Cost of all batches."""
        return float(self.costs.sum())


def account(moves: Sequence[Move], loss_of: LossOf, prices: Prices, *, first: int) -> Account:
    """Add up a play from the batch at ``first`` on; retrainings decided before it are not counted.

    A challenger that goes live costs a whole retraining. One that was trained to look costs ``look`` of it for every
    window that was fitted, whether it goes live or not. One that the gate rejects costs a whole retraining: it was
    meant to go live. One that is held in the shadow costs what a look leaves over when it goes live.
    """
    errors = np.zeros(len(moves) - first)
    trainings = np.zeros(len(moves) - first)
    endings: list[Ending] = []
    retrainings, looks, seconds = 0, 0, 0.0
    held: Move | None = None
    for place in range(first, len(moves)):
        move = moves[place]
        if move.served is not None:
            loss = loss_of(move.served, place)
            errors[place - first] = 0.0 if np.isnan(loss) else loss
        if held is not None and move.released is not None:
            trainings[place - first] += _rest(held, prices) if move.released else 0.0
            endings.append(Ending.PROMOTED if move.released else Ending.REJECTED)
            held = None
        if move.challenge is None:
            continue
        trainings[place - first] += _price(move.challenge, prices, look=move.look, live=move.promoted)
        if move.held:
            held = move
        else:
            endings.append(ending_of(move.challenge.gate))
        retrainings += 1
        looks += move.look
        seconds += move.challenge.seconds
    return Account(
        first=first,
        errors=errors,
        trainings=trainings,
        retrainings=retrainings,
        promoted=endings.count(Ending.PROMOTED),
        rejected=endings.count(Ending.REJECTED),
        not_worth_it=endings.count(Ending.NOT_WORTH_IT),
        looks=looks,
        seconds=seconds,
    )


def _price(challenge: Challenge, prices: Prices, *, look: bool, live: bool) -> float:
    whole = prices.of_training(challenge.seconds)
    if not look:
        return whole
    return prices.look * challenge.windows * whole + (whole if live else 0.0)


def _rest(held: Move, prices: Prices) -> float:
    """What going live costs beyond the training, which was charged when it was done."""
    if held.challenge is None or not held.look:
        return 0.0
    return prices.of_training(held.challenge.seconds)


def resampled_sums(costs: Floats, *, resamples: int, seed: int) -> Floats:
    """Return the sum of a series in each resample of the circular block bootstrap (Politis & Romano 1992).

    Blocks of ∛n batches keep what neighbours have in common. Several series (rows) are resampled alike, so that
    differences between them are paired. Shape: (series, batches) → (series, resamples).
    """
    series = np.atleast_2d(costs)
    batches = series.shape[1]
    if batches == 0:
        return np.zeros((len(series), resamples))
    length = max(1, ceil(batches ** (1 / 3)))
    blocks = ceil(batches / length)
    generator = np.random.default_rng(seed)
    starts = generator.integers(0, batches, size=(resamples, blocks))
    places = (starts[:, :, None] + np.arange(length)) % batches
    places = places.reshape(resamples, -1)[:, :batches]
    drawn = np.empty(places.shape)  # megabytes: asked for once
    return np.stack([one.take(places, out=drawn, mode="clip").sum(axis=1) for one in series])


def interval(sums: Floats, confidence: float = 0.95) -> tuple[float, float]:
    """Return the percentile interval of resampled sums."""
    tail = (1.0 - confidence) / 2.0
    low, high = np.quantile(sums, [tail, 1.0 - tail])
    return float(low), float(high)
