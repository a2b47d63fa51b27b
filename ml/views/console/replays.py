"""Replays of a model: the list, and one with what each policy would have cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

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


@dataclass(frozen=True, slots=True)
class PolicyOutcome:
    """What one policy would have done and cost. ``on_front``: no other has both fewer errors and cheaper trainings.

    ``interval`` is that of the cost over as many batches drawn anew; ``regret`` the cost over that of the best sequence
    in hindsight, as a share of it; ``against`` what it saves against the plain policies.
    """

    name: str
    policy: Mapping[str, Any]
    errors: float
    trainings: float
    total: float
    interval: tuple[float, float]
    mean_metric: float | None
    retrained: int
    promoted: int
    rejected: int
    regret: float | None
    against: Mapping[str, float]
    on_front: bool


@dataclass(frozen=True, slots=True)
class ReplayView:
    """One replay; outcomes the cheapest first."""

    id: str
    model: str
    start: datetime
    end: datetime
    batches: int
    costs: Mapping[str, Any]
    outcomes: tuple[PolicyOutcome, ...]
    advice: Mapping[str, Any]
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


def replay_record(reader: Reader, model: str, replay_id: str) -> Replay:
    """Return one replay of this model.

    Raises:
        NotFoundError: the model has no such replay; one of another model is none of this one.
    """
    found = reader.replay(replay_id)
    if found is None or found.model != model:
        raise NotFoundError(f"{model} has no replay {replay_id!r}.", remedy="choose one from the list of its replays.")
    return found


def replay_view(record: Replay) -> ReplayView:
    """Return what a page shows of a replay."""
    from ml.policies.replay import front

    on_front = front({str(one["name"]): (one["errors"], one["trainings"]) for one in record.outcomes})
    return ReplayView(
        id=record.id,
        model=record.model,
        start=record.start,
        end=record.end,
        batches=len(record.outcomes[0]["metrics"]) if record.outcomes else 0,
        costs=record.costs,
        outcomes=tuple(_outcome(one, on_front) for one in record.outcomes),
        advice=record.advice,
        actor=record.actor,
        created_at=record.created_at,
    )


def _outcome(one: Mapping[str, Any], on_front: tuple[str, ...]) -> PolicyOutcome:
    known = [value for value in one["metrics"] if value is not None]
    return PolicyOutcome(
        name=one["name"],
        policy=one["policy"],
        errors=one["errors"],
        trainings=one["trainings"],
        total=one["errors"] + one["trainings"],
        interval=(one["interval"][0], one["interval"][1]),
        mean_metric=sum(known) / len(known) if known else None,
        retrained=len(one["retrained"]),
        promoted=len(one["promoted"]),
        rejected=one["rejected"],
        regret=one["regret"],
        against=one["against"],
        on_front=one["name"] in on_front,
    )
