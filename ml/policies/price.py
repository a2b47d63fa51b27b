"""What a retraining costs, in the user's units and in loss."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import fmean, median

from ml.policies.facts import Facts
from ml.specs.policy import Costs

DEFAULT_SHARE = 0.06
"""Price of a retraining in batches of errors, where the spec gives none.

Between a model that trains in seconds (0.002) and one that people must review (0.2), the price with the least largest
regret (Savage 1951). Who retrains every √(2c/β) batches and believes in c' pays √(β/2c') (√c' - √c)² a batch too much;
that is as much at both ends if √c' is the mean of their roots."""

_BATCHES = 10


@dataclass(frozen=True, slots=True)
class Price:
    """What a retraining that goes live costs.

    ``training`` is in the user's units, ``in_losses`` in mean loss of one batch of ``rows`` rows, scaled: 0.02 means as
    much as a loss of one on 2 % of the rows. ``look`` is the part of it that a challenger costs which does not go live.
    """

    training: float
    in_losses: float
    look: float
    rows: float


def price_of(facts: Facts, costs: Costs, *, scale: float) -> Price:
    """Give the price of a retraining at this moment, from the usual size of a batch and the trainings so far."""
    rows = batch_rows(facts)
    batch = costs.error * rows * scale
    training = DEFAULT_SHARE * batch if costs.training is None else costs.training
    if costs.per_hour and facts.trainings:
        training += costs.per_hour * fmean(one.seconds for one in facts.trainings) / 3600.0
    return Price(training, training / batch if batch > 0 else 0.0, costs.look, rows)


def batch_rows(facts: Facts) -> float:
    """Rows of a usual batch: the median of the newest ten, of the labelled ones where no others are known."""
    counts = list((facts.rows or facts.labelled).values())[-_BATCHES:]
    return float(median(counts)) if counts else 0.0
