"""When to retrain over the next batches: the plan that costs least, by dynamic programming."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ml.policies.plan.change import Change
from ml.policies.plan.scores import Vector
from ml.policies.plan.staleness import Curve

HORIZON = 20  # batches looked ahead; farther, streams are too uncertain to count on
LASTING = 0.93  # share of today's gain left a batch later: concepts come back, other models would have come


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
        size = self.change.size(staleness - self.steady)
        unlearned = self.change.unlearned
        renewed = []
        for start in range(HORIZON):
            known = np.maximum(unlearned[start] - unlearned[start:], 0.0)
            sudden = np.multiply.outer(np.cumsum(known * self.lasting[start:]), size)
            renewed.append(self.fresh[: HORIZON - start, None] + sudden)
            if not start:
                served = np.multiply.outer(np.cumsum(self.lasting), staleness) + self.ageing[:, None] + sudden
        return Ahead(served, renewed)


@dataclass(frozen=True, slots=True)
class Ahead:
    """Costs by today's staleness, one a column, without the price of retrainings.

    ``served`` (HORIZON × n) if the champion serves 1, 2, … batches more; ``renewed`` by the batches until a new model
    is fitted: if that one serves 1, 2, … batches.
    """

    served: Vector
    renewed: list[Vector]

    def saving(self, price: float) -> Vector:
        """Net saving of retraining now instead of following the best later plan, by today's staleness."""
        later, renewed, _ = self._planned(price)
        return np.asarray(later.min(axis=0) - price - renewed)

    def schedule(self, price: float) -> tuple[int, ...]:
        """In how many batches the cheapest plan for the last staleness retrains; 0 is now."""
        later, renewed, costs = self._planned(price)
        wait = 0 if price + renewed[-1] < later[:, -1].min() else int(np.argmin(later[:, -1])) + 1
        found = []
        while wait < HORIZON:
            found.append(wait)
            wait += int(np.argmin(costs[wait][:, -1])) + 1
        return tuple(found)

    def _planned(self, price: float) -> tuple[Vector, Vector, list[Vector]]:
        """Plan from the end.

        Returns:
            The cost (HORIZON × n) if the champion serves 1, 2, … batches more, then the cheapest plan is followed; that
            plan's cost (n) if a new model serves from now on; and for a model fitted in 0, 1, … batches what each
            number of batches until the next one costs.
        """
        after = np.zeros_like(self.served)  # cost once the present model is replaced, or the horizon reached
        costs = list(self.renewed)
        for start in range(HORIZON - 1, -1, -1):
            costs[start] = self.renewed[start] + after[start:]
            cheapest = costs[start].min(axis=0)
            if start:
                after[start - 1] = price + cheapest
        return self.served + after, cheapest, costs


def moments(curve: Curve, change: Change, steady: float, *, age: int, lag: int) -> Moments:
    """Plan for a champion that is ``age`` batches old while a new model would start ``lag`` batches old."""
    ahead = np.arange(HORIZON)
    last = len(curve.age) - 1
    fresh = np.cumsum(curve.age[np.minimum(lag + ahead, last)] - curve.age[min(lag, last)])
    ageing = np.cumsum(curve.age[np.minimum(age + ahead, last)] - curve.age[min(age, last)])
    return Moments(ageing, fresh, np.power(LASTING, ahead, dtype=np.float64), steady, change)
