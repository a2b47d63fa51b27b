"""What a rule is asked: the facts, and the circumstances of asking."""

from __future__ import annotations

from dataclasses import dataclass

from ml.domain.windows import Window
from ml.policies.facts import Facts


@dataclass(frozen=True, slots=True)
class Question:
    """Retrain now?

    ``window`` is the batch decided on, ``asked`` whether a person asks for the retraining, ``bounded`` whether the
    primary metric lives in [0, 1] (then an absolute drop means something), ``min_labelled`` the fewest labelled rows on
    which a conclusion may rest.
    """

    facts: Facts
    window: Window
    asked: bool
    bounded: bool
    min_labelled: int
