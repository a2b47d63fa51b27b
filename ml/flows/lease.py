"""How long a decision to retrain keeps all others from retraining the same model."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from ml.domain.errors import LeaseHeldError
from ml.registry import Writer
from ml.specs import ModelSpec

_log = logging.getLogger(__name__)

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


def keep_for_approval(writer: Writer, spec: ModelSpec, decision_id: str, *, now: datetime) -> None:
    """Let the decision hold the model's lease for as long as a person may take to answer, unless it lost it."""
    try:
        writer.acquire_lease(spec.model, decision_id, now=now, ttl=lease_of_approval(spec))
    except LeaseHeldError:
        _log.warning("Another retraining of %s took over meanwhile; whoever is promoted first wins.", spec.model)
