"""The plan: retrain, look or keep, with all that explains it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum


class PlanVerdict(StrEnum):
    """Retrain at once; train a challenger and go live if it shows enough; or keep the champion."""

    RETRAIN = "retrain"
    LOOK = "look"
    KEEP = "keep"


class Reason(StrEnum):
    """Why the plan says so."""

    PAYS = "pays"  # retraining now saves more than any later plan, by a clear margin
    PLAUSIBLE = "plausible"  # what a look may show is worth more than it costs
    SUDDEN = "sudden"  # the same, since the champion's losses rose suddenly
    PAID_ALREADY = "paid_already"  # staleness since the champion's data has cost as much as a retraining
    TOO_LITTLE_NEW = "too_little_new"  # nothing to learn from, or to measure by
    TOO_SOON = "too_soon"  # the last look or retraining is too near
    CALENDAR = "calendar"  # nothing measured to go by, and by the price alone one is due
    NOT_DUE = "not_due"  # nothing measured to go by, and by the price alone none is due yet
    NOTHING_TO_GAIN = "nothing_to_gain"  # not even a perfect model would pay
    DOES_NOT_PAY = "does_not_pay"


@dataclass(frozen=True, slots=True)
class Plan:
    """A verdict and its reasons; losses are scaled and per batch, except ``least_gain``, which is in the metric's unit.

    ``least_gain`` is the gain on the held-out rows from which going live pays (None unless the verdict is to look).
    ``staleness`` is what a model fitted today would save per batch, ``staleness_sd`` how sure that is, ``speed`` what
    it grows by per batch, ``expected_loss`` what it costs until the next chance. ``saving`` is the net saving of
    retraining now instead of following the best later plan, ``price`` that of a retraining, ``price_limit`` the price
    up to which the verdict would have been to retrain or look (not a number if it was not asked for, or there is
    none). ``retrain_in`` are the planned retrainings, in batches from now. ``cap`` is the most that a perfect model
    could save per batch, ``measured_loss`` what staleness has cost since the champion's data, ``sudden`` the
    probability of a sudden change since then. ``every`` is the calendar's interval, where nothing was measured.
    """

    verdict: PlanVerdict
    reason: Reason
    least_gain: float | None = None
    staleness: float = 0.0
    staleness_sd: float = 0.0
    speed: float = 0.0
    expected_loss: float = 0.0
    saving: float = 0.0
    price: float = 0.0
    price_limit: float = math.nan
    retrain_in: tuple[int, ...] = ()
    cap: float = math.nan
    measured_loss: float = 0.0
    sudden: float = 0.0
    every: int = 0

    @property
    def sentence(self) -> str:
        """The plan in plain words."""
        return " ".join([_WHY[self.reason].format(self=self, soon=_soon(self)), *_limit(self)])


_WHY = {
    Reason.PAYS: "A model fitted today would lose {self.staleness:.4f} less per batch; "
    "retraining now saves {self.saving:.4f} beyond its price of {self.price:.4f}.",
    Reason.PLAUSIBLE: "A model fitted today may lose {self.staleness:.4f} ± {self.staleness_sd:.4f} less per batch: "
    "looking is worth it, going live pays from a measured gain of {self.least_gain:.4f} on "
    "(price {self.price:.4f}).",
    Reason.SUDDEN: "The champion's losses rose suddenly (probability {self.sudden:.0%}); a model fitted today may lose "
    "{self.staleness:.4f} less per batch: going live pays from a measured gain of {self.least_gain:.4f} on "
    "(price {self.price:.4f}).",
    Reason.PAID_ALREADY: "Staleness has cost {self.measured_loss:.4f} since the champion's data, "
    "as much as a retraining ({self.price:.4f}): from a measured gain of {self.least_gain:.4f} on, go live.",
    Reason.TOO_LITTLE_NEW: "There are too few labelled batches newer than the champion's data "
    "to learn from, or to measure by.",
    Reason.TOO_SOON: "The last look or retraining is too near for the price of {self.price:.4f}.",
    Reason.CALENDAR: "No loss of the models was measured: by the price of {self.price:.4f} alone a retraining is due "
    "every {self.every} batches.",
    Reason.NOT_DUE: "No loss of the models was measured: by the price of {self.price:.4f} alone a retraining is due "
    "every {self.every} batches, and not yet.",
    Reason.NOTHING_TO_GAIN: "Even a perfect model would save at most {self.cap:.4f} per batch: "
    "too little for a price of {self.price:.4f}.",
    Reason.DOES_NOT_PAY: "A model fitted today would lose {self.staleness:.4f} less per batch, "
    "{self.expected_loss:.4f} until the next chance: too little for a price of {self.price:.4f}{soon}.",
}


def _soon(plan: Plan) -> str:
    if not plan.retrain_in:
        return "; none is planned"
    return f"; the next retraining is planned in {plan.retrain_in[0]} batches"


def _limit(plan: Plan) -> list[str]:
    if plan.verdict is not PlanVerdict.KEEP or math.isnan(plan.price_limit):
        return []
    return [f"It would have asked for a challenger at a price of {plan.price_limit:.4f}."]
