"""What a rule is asked: the facts, and the circumstances of asking."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from ml.domain.windows import Window
from ml.policies.facts import Facts
from ml.specs.gate import GateSpec
from ml.specs.policy import PolicySpec

Number = TypeVar("Number", float, NDArray[np.float64])


@dataclass(frozen=True, slots=True)
class Judging:
    """How the spec's gate judges: the share of the new labelled batches that it holds out, and its confidence."""

    holdout: float
    confidence: float

    @classmethod
    def of(cls, gate: GateSpec) -> Judging:
        """Return how this gate judges."""
        return cls(gate.holdout, gate.confidence)


USUAL = Judging.of(GateSpec())
"""How a gate judges of which the spec says nothing."""


@dataclass(frozen=True, slots=True)
class Question:
    """Retrain now?

    ``window`` is the batch decided on, ``asked`` whether a person asks for the retraining, ``bounded`` whether the
    primary metric lives in [0, 1] (then an absolute drop means something), ``policy`` the whole of it: rules read the
    costs and the fewest labelled rows on which a conclusion may rest. ``rival`` is the id of another decision whose
    retraining is under way. Without ``counterfactual`` a rule need not search for what would have changed its answer:
    the verdict is the same, its explanation shorter; if it is not to be ``explained`` at all, whatever only explains
    may be left out. ``judging`` is how the spec's gate would judge a look.
    """

    facts: Facts
    window: Window
    policy: PolicySpec
    asked: bool
    bounded: bool
    rival: str | None = None
    counterfactual: bool = True
    explained: bool = True
    judging: Judging = USUAL

    @property
    def min_labelled(self) -> int:
        """The fewest labelled rows on which a conclusion may rest."""
        return self.policy.min_labelled

    def loss(self, value: Number) -> Number:
        """Turn a value, or a column of values, of the primary metric into a loss: 0 is perfect, more is worse."""
        return 1.0 - value if self.facts.higher_is_better else value

    @property
    def scale(self) -> float:
        """What counts as a loss of one: 1 where the metric lives in [0, 1], else what a constant prediction loses.

        Where that is not on record, twice the champion's loss at promotion stands for it.
        """
        if self.bounded:
            return 1.0
        facts = self.facts
        if facts.constant is not None:
            return max(self.loss(facts.constant), _LEAST)
        baseline = None if facts.champion is None else facts.champion.baseline
        return 1.0 if baseline is None else max(2.0 * self.loss(baseline), _LEAST)


_LEAST = 1e-12
