"""When to retrain over the next batches: the plan that costs least, by dynamic programming."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ml.policies.plan.change import Change
from ml.policies.plan.evidence import Vector
from ml.policies.plan.staleness import Curve

HORIZON = 20  # batches looked ahead; farther, streams are too uncertain to count on
LASTING = 0.93  # share of today's gain left a batch later: concepts come back, other models would have come
_BATCHES = np.arange(HORIZON)
_SERVED = np.minimum(_BATCHES[:, None] + _BATCHES, HORIZON - 1)  # by the batch a model starts with, those it serves
_FITTED, _SERVING = np.nonzero(_BATCHES[:, None] + _BATCHES < HORIZON)  # by each of those: when fitted, served before
_PLACES = _FITTED * HORIZON + _SERVING
_ENDS = np.append(0, np.cumsum(HORIZON - _BATCHES))  # where in these the next model's begin
_LASTING = np.power(LASTING, _BATCHES, dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Moments:
    """What the next ``HORIZON`` batches cost beside those of a model fitted anew for each batch for nothing.

    ``ageing`` (n) is what the champion's growing older adds to its staleness, summed up, ``fresh`` the same of a new
    model; ``lasting`` (n) how much of today's staleness is left. What is ``steady`` of today's staleness is mended by
    any new model. Of a sudden ``change`` those know more that come later: so a model fitted soon after it grows stale
    quickly, and to wait for more rows may be cheaper.
    """

    ageing: Vector
    fresh: Vector
    lasting: Vector
    steady: float
    change: Change

    def ahead(self, staleness: Vector) -> Ahead:
        """Count what does not depend on the price of a retraining, for each staleness of today."""
        size, unlearned = self.change.size(staleness - self.steady), self.change.unlearned
        known = np.maximum(unlearned[:, None] - unlearned[_SERVED], 0.0)
        lost = np.add.accumulate(known * self.lasting[_SERVED], axis=1)
        sudden = np.multiply.outer(lost.take(_PLACES), size)
        served = np.multiply.outer(np.add.accumulate(self.lasting), staleness) + self.ageing[:, None]
        served += sudden[:HORIZON]
        sudden += self.fresh[_SERVING][:, None]
        return Ahead(served, [sudden[_ENDS[start] : _ENDS[start + 1]] for start in range(HORIZON)])


@dataclass(frozen=True, slots=True)
class Ahead:
    """Costs by today's staleness, one a column, without the price of retrainings.

    ``served`` (HORIZON × n) if the champion serves 1, 2, … batches more; ``renewed`` by the batches until a new model
    is fitted: if that one serves 1, 2, … batches.
    """

    served: Vector
    renewed: list[Vector]

    def planned(self, price: float) -> Planned:
        """Plan from the end for a price of a retraining."""
        after = np.zeros(self.served.shape)
        for start in range(HORIZON - 1, 0, -1):
            np.add(price, np.minimum.reduce(self.renewed[start] + after[start:]), out=after[start - 1])
        return Planned(price, self.served + after, np.minimum.reduce(self.renewed[0] + after), after, self.renewed)


@dataclass(frozen=True, slots=True)
class Planned:
    """The cheapest plans for a price, by today's staleness.

    ``later`` (HORIZON × n) is the cost if the champion serves 1, 2, … batches more and the cheapest plan is followed
    then, ``now`` (n) that of the cheapest plan if a new model serves from now on, without its own price, ``after`` what
    follows once the present model is replaced in 1, 2, … batches, or the horizon reached.
    """

    price: float
    later: Vector
    now: Vector
    after: Vector
    renewed: list[Vector]

    @property
    def saving(self) -> Vector:
        """Net saving of retraining now instead of following the best later plan, by today's staleness."""
        return np.asarray(np.minimum.reduce(self.later) - self.price - self.now)

    @property
    def schedule(self) -> tuple[int, ...]:
        """In how many batches the cheapest plan for the last staleness retrains; 0 is now."""
        later = self.later[:, -1]
        wait = 0 if self.price + self.now[-1] < later.min() else int(later.argmin()) + 1
        found = []
        while wait < HORIZON:
            found.append(wait)
            wait += int((self.renewed[wait][:, -1] + self.after[wait:, -1]).argmin()) + 1
        return tuple(found)


def moments(curve: Curve, change: Change, steady: float, *, age: int, lag: int) -> Moments:
    """Plan for a champion that is ``age`` batches old while a new model would start ``lag`` batches old."""
    last = len(curve.age) - 1
    fresh = np.add.accumulate(curve.age[np.minimum(lag + _BATCHES, last)] - curve.age[min(lag, last)])
    ageing = np.add.accumulate(curve.age[np.minimum(age + _BATCHES, last)] - curve.age[min(age, last)])
    return Moments(ageing, fresh, _LASTING, steady, change)
