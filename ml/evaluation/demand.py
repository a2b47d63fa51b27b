"""What the spec's gate demands of a gain over the champion, at an attempt: before a challenger goes live, and after."""

from __future__ import annotations

from dataclasses import dataclass

from ml.evaluation.gain import Gain
from ml.evaluation.spending import doubt_level, proof_level
from ml.specs.gate import GateSpec


@dataclass(frozen=True, slots=True)
class Demand:
    """The gate's terms, and the how-manieth challenger is tried on the rows; the first is 1."""

    gate: GateSpec
    attempt: int = 1

    @property
    def allowed(self) -> float:
        """The loss that does not matter: nothing, where the challenger has to be better."""
        return self.gate.margin if self.gate.comparison == "non_inferior" else 0.0

    @property
    def proof(self) -> float:
        """The tail at which something must be shown."""
        return proof_level(self.gate.confidence, self.attempt)

    @property
    def doubt(self) -> float:
        """The tail at which a challenger must be shown to be worse, where doubt speaks for it."""
        return doubt_level(self.gate.confidence, self.attempt)

    @property
    def trusts(self) -> bool:
        """Whether doubt speaks for the challenger."""
        return self.gate.comparison == "non_inferior" and self.gate.unsure == "promote"

    def is_shown(self, gain: Gain, least: float) -> bool:
        """Tell whether a gain is surely above ``least``."""
        return gain.least(self.proof) > least

    def stands(self, gain: Gain) -> bool:
        """Tell whether a challenger is not worse, as the spec wants it: shown, or not shown to be worse."""
        if self.gate.unsure == "keep":
            return self.is_shown(gain, -self.allowed)
        return gain.most(self.doubt) >= -self.allowed

    def is_met(self, gain: Gain) -> bool:
        """Tell whether a gain over the champion is what the spec's comparison asks for."""
        if self.gate.comparison == "superior":
            return self.is_shown(gain, self.gate.margin)
        return self.stands(gain)

    def words(self, gain: Gain) -> str:
        """Say how a gain stands to what is asked for, in a clause."""
        margin = self.gate.margin
        beyond = f" by more than {margin:g}" if margin else ""
        if self.gate.comparison == "superior":
            return f"{sure(self.is_shown(gain, margin))} better{beyond}"
        if self.gate.unsure == "keep":
            return f"{sure(self.stands(gain))} within {margin:g} of the champion"
        return f"{sure(not self.stands(gain))} worse{beyond}"


def sure(shown: bool) -> str:
    """Say whether something is sure."""
    return "surely" if shown else "not surely"
