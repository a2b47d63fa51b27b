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
    """Costs of the next ``HORIZON`` batches, beside those of a model fitted anew for each batch for nothing.

    ``ageing`` (n) is what the champion's growing older adds to its staleness, summed up, ``fresh`` the same of a new
    model; ``lasting`` (n) how much of today's staleness is left; ``price`` that of a retraining. What is ``steady`` of
    today's staleness is mended by any new model. Of a sudden ``change`` those know more that come later: so a model
    fitted soon after it grows stale quickly, and to wait for more rows may be cheaper.
    """

    ageing: Vector
    fresh: Vector
    lasting: Vector
    steady: float
    change: Change
    price: float

    def saving(self, staleness: Vector) -> Vector:
        """Net saving of retraining now instead of following the best later plan, by today's staleness."""
        later, renewed, _ = self._planned(staleness)
        return np.asarray(later.min(axis=0) - self.price - renewed)

    def schedule(self, staleness: float) -> tuple[int, ...]:
        """In how many batches the cheapest plan retrains; 0 is now."""
        later, renewed, waits = self._planned(np.array([staleness]))
        wait = 0 if self.price + renewed[0] < later.min() else int(np.argmin(later[:, 0])) + 1
        found = []
        while wait < HORIZON:
            found.append(wait)
            wait += waits[wait]
        return tuple(found)

    def _planned(self, staleness: Vector) -> tuple[Vector, Vector, list[int]]:
        """Plan from the end.

        Returns:
            The cost (HORIZON × n) if the champion serves 1, 2, … batches more, then the cheapest plan is followed; that
            plan's cost (n) if a new model serves from now on; and after how many batches a model fitted in 0, 1, …
            batches is best followed by the next one, for the first staleness.
        """
        size = self.change.size(staleness - self.steady)
        after = np.zeros((HORIZON, len(staleness)))  # cost once the present model is replaced, or the horizon reached
        waits, renewed, sudden = [HORIZON] * HORIZON, after[0], after
        for start in range(HORIZON - 1, -1, -1):
            known = np.maximum(self.change.unlearned[start] - self.change.unlearned[start:], 0.0)
            sudden = np.multiply.outer(np.cumsum(known * self.lasting[start:]), size)
            costs = self.fresh[: HORIZON - start, None] + sudden + after[start:]
            waits[start] = int(np.argmin(costs[:, 0])) + 1
            renewed = costs.min(axis=0)
            if start:
                after[start - 1] = self.price + renewed
        served = np.multiply.outer(np.cumsum(self.lasting), staleness) + self.ageing[:, None]
        return served + sudden + after, renewed, waits


def moments(curve: Curve, change: Change, steady: float, *, age: int, lag: int, price: float) -> Moments:
    """Plan for a champion that is ``age`` batches old while a new model would start ``lag`` batches old."""
    ahead = np.arange(HORIZON)
    last = len(curve.age) - 1
    fresh = np.cumsum(curve.age[np.minimum(lag + ahead, last)] - curve.age[min(lag, last)])
    ageing = np.cumsum(curve.age[np.minimum(age + ahead, last)] - curve.age[min(age, last)])
    return Moments(ageing, fresh, np.power(LASTING, ahead, dtype=np.float64), steady, change, price)
