"""What was live at a moment, since when, why, who approved it, trained on what by which code: one query."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import String, Text, and_, bindparam, cast, func, select, type_coerce
from sqlalchemy.orm import aliased

from ml.domain.approvals import Answer
from ml.registry.custody.tables import EventRow
from ml.registry.tables import ApprovalRow, DecisionRow, GateResultRow, PromotionRow, SpecRow, VersionRow


@dataclass(frozen=True, slots=True)
class Live:
    """The champion of a moment, and all that made it so.

    ``since`` and ``until`` are of the data's time, ``until`` None while it serves; ``changed_at`` is the wall clock.
    ``approved_by`` is None where nobody had to approve: then the gate's verdict alone let it pass.
    """

    model: str
    at: datetime
    version: int
    act: str
    since: datetime
    until: datetime | None
    changed_at: datetime
    changed_by: str
    reason: str
    approved_by: str | None
    approved_at: datetime | None
    serving_sha256: str
    trained_from: datetime
    trained_until: datetime
    refit_until: datetime | None
    manifest: Mapping[str, Any]
    spec: Mapping[str, Any] | None
    decision_id: str
    decision: str | None
    decision_reason: str | None
    verdict: str | None
    difference: float | None
    event: int | None
    event_sha256: str | None


_change = aliased(EventRow)
_of_model = PromotionRow.model == bindparam("model")
_generation = (
    select(func.max(PromotionRow.generation)).where(_of_model, PromotionRow.as_of <= bindparam("at")).scalar_subquery()
)
_after = aliased(PromotionRow)
_until = (
    select(_after.as_of)
    .where(_after.model == PromotionRow.model, _after.generation == PromotionRow.generation + 1)
    .scalar_subquery()
)
_spec = (
    select(SpecRow.spec)
    .where(SpecRow.model == VersionRow.model, type_coerce(VersionRow.manifest, Text).contains(SpecRow.sha256))
    .order_by(SpecRow.id.desc())
    .limit(1)
    .scalar_subquery()
)
LIVE = (
    select(
        bindparam("at", type_=PromotionRow.as_of.type).label("at"),
        PromotionRow.model,
        PromotionRow.to_version.label("version"),
        PromotionRow.act,
        PromotionRow.as_of.label("since"),
        _until.label("until"),
        PromotionRow.created_at.label("changed_at"),
        PromotionRow.actor.label("changed_by"),
        PromotionRow.reason,
        ApprovalRow.actor.label("approved_by"),
        ApprovalRow.created_at.label("approved_at"),
        func.coalesce(VersionRow.refit_sha256, VersionRow.model_sha256).label("serving_sha256"),
        VersionRow.trained_from,
        VersionRow.trained_until,
        VersionRow.refit_until,
        VersionRow.manifest,
        _spec.label("spec"),
        VersionRow.run_key.label("decision_id"),
        DecisionRow.sentence.label("decision"),
        DecisionRow.reason.label("decision_reason"),
        GateResultRow.sentence.label("verdict"),
        GateResultRow.difference,
        _change.number.label("event"),
        _change.sha256.label("event_sha256"),
    )
    .join(VersionRow, and_(VersionRow.model == PromotionRow.model, VersionRow.version == PromotionRow.to_version))
    .outerjoin(
        GateResultRow,
        and_(GateResultRow.model == VersionRow.model, GateResultRow.challenger == VersionRow.version),
    )
    .outerjoin(DecisionRow, DecisionRow.id == VersionRow.run_key)
    .outerjoin(
        _change,
        and_(
            _change.model == PromotionRow.model,
            _change.record == PromotionRow.__tablename__,
            _change.key == cast(PromotionRow.generation, String),
        ),
    )
    .outerjoin(
        ApprovalRow,
        and_(
            ApprovalRow.model == VersionRow.model,
            ApprovalRow.version == VersionRow.version,
            ApprovalRow.answer == Answer.APPROVED.value,
        ),
    )
    .where(_of_model, PromotionRow.generation == _generation)
)
