"""Replays of a model: the list, and one with what each policy would have cost."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from ml.domain.errors import NotFoundError
from ml.domain.replays import Replay
from ml.views.console import statements

if TYPE_CHECKING:
    from ml.registry import Reader

MOST_REPLAYS = 100


@dataclass(frozen=True, slots=True)
class ReplayLine:
    """A replay in a list: the span that was played and what it advises."""

    id: str
    start: datetime
    end: datetime
    policy: str
    change: bool
    sentence: str
    actor: str
    created_at: datetime


def replays_page(reader: Reader, model: str) -> tuple[ReplayLine, ...]:
    """Return the newest replays of a model, the newest first."""
    return tuple(
        ReplayLine(
            id=row.key,
            start=row.start,
            end=row.as_of,
            policy=str(row.advice.get("policy", "")),
            change=bool(row.advice.get("change")),
            sentence=str(row.advice.get("sentence", "")),
            actor=row.actor,
            created_at=row.created_at,
        )
        for row in reader.ask(statements.REPLAYS, model=model, limit=MOST_REPLAYS)
    )


def replay_page(reader: Reader, model: str, replay_id: str) -> Replay:
    """Return one replay of this model.

    Raises:
        NotFoundError: the model has no such replay; one of another model is none of this one.
    """
    found = reader.replay(replay_id)
    if found is None or found.model != model:
        raise NotFoundError(f"{model} has no replay {replay_id!r}.", remedy="choose one from the list of its replays.")
    return found
