"""How sure the gate must be at each attempt, so that trying again on the same rows is no lottery.

Both levels are one-sided and spend the same small probability, (1 - confidence) / 2, over all attempts on overlapping
held-out rows together: attempt k may spend 6 / (π² k²) of it. These parts sum to one, so by the union bound all
attempts together stay within it, however the tests depend on each other and however many follow. (A spending function
in the sense of Lan and DeMets 1983, online as in Foster and Stine 2008; the weights are those of Tian and Ramdas 2021.)
"""

from __future__ import annotations

import math
from statistics import NormalDist

_NORMAL = NormalDist()


def proof_level(confidence: float, attempt: int) -> float:
    """Return the tail at which a challenger must be shown to be good enough at the ``attempt``-th try, the first is 1.

    A challenger that is not good enough gets through in *any* of the attempts with at most (1 - confidence) / 2.
    """
    return (1.0 - confidence) / 2.0 * 6.0 / (math.pi**2 * attempt**2)


def doubt_level(confidence: float, attempt: int) -> float:
    """Return the tail at which a challenger must be shown to be worse to be stopped, where doubt speaks for it.

    At the first attempt that is (1 - confidence) / 2, the plain interval. What the first attempt lets through with
    probability ``proof_level(confidence, 1)``, a challenger worse by D, all attempts together let through with at most
    (1 - confidence) / 2: the test is the one of non-inferiority within margin + D at the level that is left. So the
    benefit of the doubt shrinks from attempt to attempt: 0.025, 0.07, 0.12, …; from the 30th on a
    challenger must look better.
    """
    first, now = (_NORMAL.inv_cdf(1.0 - proof_level(confidence, one)) for one in (1, attempt))
    return 1.0 - _NORMAL.cdf(_NORMAL.inv_cdf((1.0 + confidence) / 2.0) + first - now)


def look_level(confidence: float, looks: int) -> float:
    """Return the one-sided tail that each of at most ``looks`` looks may spend: equal parts of 1 - confidence."""
    return (1.0 - confidence) / looks
