"""Whose decisions a play makes, and what it tells of each batch."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from ml.domain.records import Decision
from ml.domain.windows import Window
from ml.policies.decide import Conclusion
from ml.policies.question import USUAL, Judging
from ml.policies.replay.world import Challenge
from ml.specs.gate import WatchSpec


@dataclass(frozen=True, slots=True)
class Setting:
    """What a replay takes from the model's spec: whose decisions these are, and in which metric.

    ``shadow`` is for how many batches a challenger is held, ``grace`` how long after a batch its labels are waited for.
    """

    model: str
    metric: str
    higher_is_better: bool
    bounded: bool
    shadows: int
    judging: Judging = USUAL
    watch: WatchSpec | None = None
    shadow: int = 0
    grace: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class Move:
    """What happened after one batch.

    ``served`` is the estimator that scored the batch, None before the first champion. ``look`` says that the decision
    was to train only to see, ``conclusion`` why it was taken (None if nobody asked). ``challenge`` is the training
    that followed a yes, None if there was none or it could not be done; ``promoted`` whether it went live at once,
    ``held`` whether it is held in the shadow. Before the decision, ``rolled_back`` says that the champion gave way to
    the one that it had beaten, ``released`` whether what was held went live (None: nothing was held, or it still is).
    """

    window: Window
    served: str | None
    look: bool
    conclusion: Conclusion | None = None
    challenge: Challenge | None = None
    promoted: bool = False
    decision: Decision | None = None
    rolled_back: bool = False
    held: bool = False
    released: bool | None = None
