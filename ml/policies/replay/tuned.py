"""What tuning a policy found, and what that was worth on batches which the search never saw."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ml.specs.policy import PolicySpec

UNTUNED = "untuned"


@dataclass(frozen=True, slots=True)
class Rival:
    """Another policy on the later batches: its cost, and what the tuned one saved against it, with how sure that is.

    ``confidence`` is the share of resamples in which the tuned policy was cheaper.
    """

    cost: float
    saved: float
    interval: tuple[float, float]
    confidence: float


@dataclass(frozen=True, slots=True)
class Tuned:
    """What tuning found.

    ``values`` maps the place of a number in the policy to (before, after). ``earlier`` and ``later`` are counts of
    batches, ``searched`` the costs on the earlier ones (untuned, tuned), which prove nothing. ``cost`` and ``rivals``
    are on the later ones. ``sure`` says whether the tuned policy beats the untuned one beyond chance.
    """

    policy: PolicySpec
    values: Mapping[str, tuple[float, float]]
    trials: int
    earlier: int
    later: int
    searched: tuple[float, float]
    cost: float
    rivals: Mapping[str, Rival]
    sure: bool
    sentence: str
