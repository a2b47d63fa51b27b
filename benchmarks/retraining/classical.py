"""The policies that ours is compared with, each as its authors or its tool would have it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from retraining.matrices import Matrix
from retraining.protocol import KEEP, NOW, Ask, Policy, Run

USUAL_STALENESS = 0.003  # loss per batch that "the calendar from prices" assumes


@dataclass
class Base:
    """Forgets nothing because it remembers nothing."""

    name: str

    def start(self, matrix: Matrix, delay: int, price: float) -> None:
        self.price = price


class Never(Base):
    def decide(self, run: Run) -> Ask:
        return KEEP


@dataclass
class Calendar(Base):
    """Every ``every`` batches; 0 takes √(2c/β) from the price."""

    every: int = 0

    def decide(self, run: Run) -> Ask:
        every = self.every or math.ceil(math.sqrt(2 * self.price / USUAL_STALENESS))
        return NOW if run.arrived - run.promoted >= every else KEEP


@dataclass
class Drop(Base):
    """The loss rises by ``drop`` over that of the champion's first batch, or (if given) every ``every`` batches."""

    drop: float = 0.05
    every: int = 10**6

    def decide(self, run: Run) -> Ask:
        losses = run.champion_losses()
        worse = len(losses) > 1 and losses[-1][1] > losses[0][1] + self.drop
        return NOW if worse or run.arrived - run.promoted >= self.every else KEEP


@dataclass
class Avoidable(Base):
    """Modyn's cost trigger: misclassifications beyond those expected add up until they are worth a retraining."""

    def decide(self, run: Run) -> Ask:
        losses = [loss for _, loss, _ in run.champion_losses()]
        avoidable = sum(max(0.0, loss - losses[0]) for loss in losses)
        return NOW if losses and avoidable >= self.price else KEEP


@dataclass
class Drifted(Base):
    """Evidently's default as a trigger: Wasserstein distance above 0.1 in half of the columns."""

    share: float = 0.5

    def decide(self, run: Run) -> Ask:
        return NOW if run.matrix.drift[run.champion[1], run.arrived - 1] >= self.share else KEEP


@dataclass
class PageHinkley(Base):
    """Page–Hinkley on the losses, row by row, with river's defaults; starts anew with each champion."""

    delta: float = 0.005
    threshold: float = 50.0
    state: list[float] = field(default_factory=list)

    def start(self, matrix: Matrix, delay: int, price: float) -> None:
        self.price, self.state, self.seen = price, [0.0, 0.0, 0.0, 0.0], -1

    def decide(self, run: Run) -> Ask:
        if (
            not run.champion_losses()
            or run.labelled - 1 == self.seen
            or run.served_by(run.labelled - 1) != run.champion
        ):
            return KEEP
        self.seen = run.labelled - 1
        count, mean, total, least = self.state
        values = run.per_row()
        means = (mean * count + np.cumsum(values)) / (count + np.arange(1, len(values) + 1))
        totals = total + np.cumsum(values - means - self.delta)
        alarm = bool((totals - np.minimum(np.minimum.accumulate(totals), least) > self.threshold).any())
        self.state = [count + len(values), float(means[-1]), float(totals[-1]), min(least, float(totals.min()))]
        if alarm:
            self.state = [0.0, 0.0, 0.0, 0.0]
        return NOW if alarm else KEEP


@dataclass
class Adwin(Base):
    """ADWIN (Bifet & Gavaldà 2007) on the champion's losses, with its bound, cutting between batches."""

    confidence: float = 0.002

    def decide(self, run: Run) -> Ask:
        ones = run.champion_losses()
        losses, rows = np.array([one[1] for one in ones]), np.array([one[2] for one in ones], dtype=float)
        for cut in range(1, len(ones)):
            old, new = rows[:cut].sum(), rows[cut:].sum()
            before, after = losses[:cut] @ rows[:cut] / old, losses[cut:] @ rows[cut:] / new
            mean = losses @ rows / rows.sum()
            harmonic, log = 1 / (1 / old + 1 / new), math.log(2 * math.log(rows.sum()) / self.confidence)
            variance = mean * (1 - mean) if mean < 1 else mean
            if after - before > math.sqrt(2 / harmonic * variance * log) + 2 / (3 * harmonic) * log:
                return NOW
        return KEEP


def classical() -> list[Policy]:
    """List them all."""
    return [
        Never("never"),
        Calendar("every batch", 1),
        Calendar("every 5 batches", 5),
        Calendar("every 10 batches", 10),
        Drifted("drift in half of the columns"),
        Drop("performance drops 0.05"),
        Drop("performance drops 0.05, or every 10", every=10),
        Adwin("ADWIN on losses"),
        PageHinkley("Page–Hinkley on losses"),
        Avoidable("Modyn: avoidable misclassifications"),
        Calendar("calendar from prices"),
    ]
