"""The record of a replay: what policies would have done over a model's past."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ml.domain.records import Json


@dataclass(frozen=True, slots=True)
class Replay:
    """Policies played over a model's past, and what came of it.

    ``id`` is a content key of model, span, costs and outcomes: the same replay again is the same record. ``as_of`` is
    the end of the span that was played. ``outcomes`` has an entry a policy, the cheapest first; ``advice`` says which
    one to use and how sure that is. ``picture_sha256`` and ``page_sha256`` are a PNG and an HTML page in the artifact
    store.
    """

    id: str
    model: str
    as_of: datetime
    start: datetime
    end: datetime
    costs: Json
    outcomes: tuple[Json, ...]
    advice: Json
    picture_sha256: str
    page_sha256: str
    actor: str
    created_at: datetime
