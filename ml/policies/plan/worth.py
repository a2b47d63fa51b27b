"""What a look is worth before it is made, and the gain from which going live then pays."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ml.policies.plan.belief import Belief
from ml.policies.plan.evidence import Vector
from ml.policies.plan.moments import Ahead, Moments, Planned

_GRID = np.linspace(-4, 4, 41)  # standard deviations of what a look may show
_WEIGHTS = np.exp(-(_GRID**2) / 2) / np.exp(-(_GRID**2) / 2).sum()


@dataclass(frozen=True, slots=True)
class Worth:
    """``blind``: net saving expected of retraining now; ``looking``: of looking first, its own cost not yet deducted.

    ``least_gain`` is the gain measured on the held-out rows from which going live pays; None if none would do.
    ``planned`` are the plans that were weighed.
    """

    blind: float
    looking: float
    least_gain: float | None
    planned: Planned


@dataclass(frozen=True, slots=True)
class Outlook:
    """Every gain that a look may show, how likely it is, and the costs ahead with what would be believed after it.

    The last column of the costs is for what is believed now.
    """

    shown: Vector
    weight: Vector
    ahead: Ahead

    def worth(self, price: float) -> Worth:
        """Weigh what every gain that a look may show would save."""
        planned = self.ahead.planned(price)
        saving = planned.saving
        saving, blind = saving[:-1], float(saving[-1])
        return Worth(blind, float(self.weight @ np.maximum(saving, 0.0)), _least(self.shown, saving), planned)


def outlook(belief: Belief, moments: Moments, cap: float) -> Outlook:
    """Count what does not depend on the price."""
    shown, weight = _what_a_look_shows(belief)
    believed = np.empty(len(shown) + 1)
    np.minimum(_after(belief, shown), cap, out=believed[:-1])
    believed[-1] = min(belief.mean, cap)
    return Outlook(shown, weight, moments.ahead(believed))


def _shown(belief: Belief) -> tuple[float, float, float, float]:
    """Mean and variance of the gain that a look shows, without and with a sudden change."""
    steady = belief.seen * belief.steady
    variance = belief.seen**2 * belief.steady_var + belief.noise
    change = belief.change
    sudden = steady + change.seen * change.jump
    return steady, variance, sudden, variance + change.seen**2 * change.jump_var


def _what_a_look_shows(belief: Belief) -> tuple[Vector, Vector]:
    steady, variance, sudden, sudden_variance = _shown(belief)
    shown = np.concatenate([steady + math.sqrt(variance) * _GRID, sudden + math.sqrt(sudden_variance) * _GRID])
    weight = np.concatenate([(1 - belief.odds) * _WEIGHTS, belief.odds * _WEIGHTS])
    order = np.argsort(shown, kind="stable")
    return shown[order], weight[order]


def _after(belief: Belief, shown: Vector) -> Vector:
    """Gain of a model fitted today that would be believed in after a look that showed ``shown``."""
    steady, variance, sudden, sudden_variance = _shown(belief)
    log_odds = -0.5 * ((shown - sudden) ** 2 / sudden_variance - (shown - steady) ** 2 / variance)
    log_odds += 0.5 * math.log(variance / sudden_variance)
    odds = belief.odds * np.exp(np.minimum(np.maximum(log_odds, -50), 50))
    odds = odds / (odds + 1 - belief.odds)
    kept = belief.steady + belief.seen * belief.steady_var / variance * (shown - steady)
    change = belief.change
    told = belief.seen * belief.steady_var + change.seen * change.learned * change.jump_var
    return np.asarray((1 - odds) * kept + odds * (belief.sudden + told / sudden_variance * (shown - sudden)))


def _least(shown: Vector, saving: Vector) -> float | None:
    """The gain above which going live always pays."""
    if saving[-1] <= 0:
        return None
    (losing,) = (saving <= 0).nonzero()
    return float(shown[0] if not len(losing) else shown[losing[-1] + 1])
