"""How long a decision to retrain keeps all others from retraining the same model."""

from __future__ import annotations

from datetime import timedelta

from ml.specs import ModelSpec

LEASE = timedelta(hours=6)
BY_HAND = timedelta(minutes=15)
"""A person who decides on the command line has this long to start the training: nothing else would."""


def lease_of(spec: ModelSpec, *, by_hand: bool = False) -> timedelta:
    """Return the time after which a lease ends by itself, its holder being taken for dead."""
    longest = spec.training.max_duration or LEASE
    return min(longest, BY_HAND) if by_hand else longest


def lease_of_approval(spec: ModelSpec) -> timedelta:
    """Return how long the lease of what waits for a person lasts: past the time to answer, to act on it."""
    wait = timedelta(0) if spec.gate.approval is None else spec.gate.approval.expires
    return wait + lease_of(spec)
