"""When to retrain over the next batches: the plan that costs least, by dynamic programming."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ml.policies.plan.pairs import Vector
from ml.policies.plan.staleness import Curve

HORIZON = 20  # batches looked ahead; farther, streams are too uncertain to count on
LASTING = 0.93  # share of today's gain left a batch later: concepts come back, other models would have come


@dataclass(frozen=True, slots=True)
class Moments:
    """Costs of the next ``HORIZON`` batches, beside those of a model fitted anew for each batch for nothing.

    ``ageing`` (n) is what the champion's growing older adds to its staleness, summed up; ``lasting`` (n) how often
    today's staleness is paid; ``renewed`` (n + 1) the least cost of the last 0, 1, … batches once a new model serves,
    ``first`` when the next retraining then comes; ``price`` that of a retraining.
    """

    ageing: Vector
    lasting: Vector
    renewed: Vector
    first: tuple[int, ...]
    price: float

    def later(self, staleness: Vector) -> Vector:
        """Costs (n_staleness × HORIZON) if the champion serves 1, 2, … batches more; the last column: all of them."""
        after = np.append(self.price + self.renewed[HORIZON - 1 : 0 : -1], 0.0)
        return np.asarray(np.multiply.outer(staleness, self.lasting) + (self.ageing + after))

    def saving(self, staleness: Vector) -> Vector:
        """Net saving of retraining now instead of following the best later plan, by today's staleness."""
        return np.asarray(self.later(staleness).min(axis=1) - self.price - self.renewed[HORIZON])

    def schedule(self, staleness: float) -> tuple[int, ...]:
        """In how many batches the cheapest plan retrains; 0 is now."""
        ahead = self.later(np.array([staleness]))[0]
        wait = 0 if self.price + self.renewed[HORIZON] < ahead.min() else int(np.argmin(ahead)) + 1
        found = []
        while wait < HORIZON:
            found.append(wait)
            wait += self.first[HORIZON - wait]
        return tuple(found)


def moments(curve: Curve, *, age: int, lag: int, price: float) -> Moments:
    """Plan for a champion that is ``age`` batches old while a new model would start ``lag`` batches old."""
    ahead = np.arange(HORIZON)
    last = len(curve.age) - 1
    fresh = np.cumsum(curve.age[np.minimum(lag + ahead, last)] - curve.age[min(lag, last)])
    ageing = np.cumsum(curve.age[np.minimum(age + ahead, last)] - curve.age[min(age, last)])
    served = fresh.tolist()  # plain numbers: the loop is short, and is run for every price that is tried
    renewed, first = [0.0] * (HORIZON + 1), [HORIZON] * (HORIZON + 1)
    for left in range(1, HORIZON + 1):
        renewed[left] = served[left - 1]
        for place in range(left - 1):
            cost = served[place] + price + renewed[left - 1 - place]
            if cost < renewed[left]:
                renewed[left], first[left] = cost, place + 1
    return Moments(ageing, np.cumsum(LASTING**ahead), np.array(renewed), tuple(first), price)
