"""What waits for a person, with what they need to decide."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Integer, Text, TextualSelect, bindparam, text

from ml.domain.records import GateResult
from ml.registry.columns import UtcDateTime

if TYPE_CHECKING:
    from ml.registry import Reader

MOST = 200
"""So many are listed at most."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A version that passed the gate and waits, beside the champion on the same held-out rows.

    ``metrics`` maps ``challenger`` and ``champion`` (``dummy`` where there is none) to values by name; ``metric`` is
    the primary one, ``difference`` the gain in it, positive is better. ``why`` is the decision's sentence. ``users``
    (id, name) may answer, all who may act if empty; ``until`` is on the wall clock.
    """

    model: str
    version: int
    champion: int | None
    decision_id: str
    as_of: datetime
    asked_at: datetime
    until: datetime
    users: tuple[tuple[str, str], ...]
    comment_required: bool
    metric: str
    metrics: Mapping[str, Mapping[str, float]]
    difference: float | None
    interval: tuple[float, float] | None
    rows: int
    sentence: str
    why: str


_FROM = """FROM version
       JOIN gate_result ON gate_result.model = version.model AND gate_result.challenger = version.version
       LEFT JOIN shadow_verdict ON shadow_verdict.model = version.model AND shadow_verdict.version = version.version
       WHERE (gate_result.evidence LIKE '%"approval"%' OR shadow_verdict.evidence LIKE '%"approval"%')
         AND version.stage = 'challenger' AND version.model IN :models
         AND NOT EXISTS (SELECT 1 FROM approval WHERE approval.model = version.model
           AND approval.version = version.version)"""

_WAITING: TextualSelect = (
    text(
        f"""SELECT version.model, version.version, version.run_key,
       coalesce(shadow_verdict.created_at, gate_result.created_at) AS asked_at,
       (SELECT decision.sentence FROM decision WHERE decision.id = version.run_key) AS why
       {_FROM} ORDER BY gate_result.created_at, version.model, version.version LIMIT :limit"""  # noqa: S608 - of constants only
    )
    .bindparams(bindparam("models", expanding=True))
    .columns(asked_at=UtcDateTime, model=Text, run_key=Text, why=Text)
)

_COUNTED: TextualSelect = (
    text(f"SELECT version.model, count(*) AS waiting {_FROM} GROUP BY version.model")
    .bindparams(bindparam("models", expanding=True))
    .columns(model=Text, waiting=Integer)
)


def how_many_wait(reader: Reader, models: Iterable[str]) -> dict[str, int]:
    """Count what waits for a person, of those of the models of which anything does; one question for all."""
    names = list(models)
    return {row.model: row.waiting for row in reader.ask(_COUNTED, models=names)} if names else {}


def waiting(reader: Reader, models: Iterable[str] | None = None, *, limit: int = MOST) -> tuple[Waiting, ...]:
    """Return what waits for a person, the oldest first, at most ``limit``; of all models, or of some.

    What has expired but was not yet settled is listed too: ``until`` tells.
    """
    names = list(reader.models() if models is None else models)
    rows = reader.ask(_WAITING, models=names, limit=limit) if names else ()
    specs = {model: reader.spec_of(model) for model in {row.model for row in rows}}
    found = (_read(reader, row, specs[row.model]) for row in rows)
    return tuple(one for one in found if one is not None)


def waiting_version(reader: Reader, model: str, version: int) -> Waiting | None:
    """Return one version that waits, None if it does not."""
    return next((one for one in waiting(reader, [model]) if one.version == version), None)


def _read(reader: Reader, row: Any, spec: Mapping[str, Any] | None) -> Waiting | None:
    result: GateResult | None = reader.gate_result(row.model, row.version)
    terms = None if result is None else reader.terms_of(result)
    if result is None or terms is None:
        return None
    shadow = reader.shadow_verdict(row.model, row.version)
    return Waiting(
        model=row.model,
        version=row.version,
        champion=result.champion,
        decision_id=row.run_key,
        as_of=result.as_of,
        asked_at=row.asked_at,
        until=terms.until,
        users=terms.users,
        comment_required=terms.comment,
        metric="" if spec is None else str(spec["problem"]["metric"]),
        metrics=result.metrics,
        difference=result.difference,
        interval=result.interval,
        rows=result.rows,
        sentence=result.sentence if shadow is None else f"{result.sentence} {shadow.sentence}",
        why=row.why or "",
    )
