"""The tables. All but ``model``, ``version`` and ``lease`` are append-only: a correction is a newer row.

Each table has an index for its most frequent question, and each rule that must never break is a constraint.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from ml.domain.approvals import Answer
from ml.domain.records import Act, ScoringRole, SnapshotRole, Stage, Trigger, Verdict
from ml.registry.base import MEASURED, Base, Numbered, OfModel, OfWindow, Written, index_where, one_of, window_check
from ml.registry.columns import BigId, SafeText

_OBSERVED = ("model", "as_of", "window_start", "window_end", "quantity", "subject", "version", "revision")


class ModelRow(Written, Base):
    """A model. Its row is the lock of all that is numbered; ``generation`` counts the changes of champion."""

    __tablename__ = "model"
    __table_args__ = (CheckConstraint("generation >= 0", name="generation"),)
    name: Mapped[str] = mapped_column(primary_key=True)
    generation: Mapped[int] = mapped_column(default=0)


class SpecRow(Numbered, OfModel, Base):
    """A spec as it was once; the newest row is today's."""

    __tablename__ = "spec"
    __table_args__ = (Index(None, "model", "id"),)
    sha256: Mapped[str]
    spec: Mapped[dict[str, Any]]


class TableSchemaRow(OfModel, Base):
    """A model's frozen schema and layout of profiles; ``key`` identifies the parts of the spec that they are for."""

    __tablename__ = "table_schema"
    model: Mapped[str] = mapped_column(ForeignKey("model.name"), primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    content: Mapped[dict[str, Any]]
    layout_sha256: Mapped[str | None]


class SnapshotRow(Numbered, OfWindow, Base):
    """Immutable data of one window."""

    __tablename__ = "snapshot"
    __table_args__ = (
        Index(None, "model", "role", "window_start", "window_end", "as_of"),
        Index(None, "model", "role", "window_end"),
        one_of("role", SnapshotRole),
        window_check(),
        CheckConstraint("rows >= 0", name="rows"),
    )
    role: Mapped[str]
    sha256: Mapped[str]
    rows: Mapped[int]
    columns: Mapped[dict[str, Any]]
    source: Mapped[str] = mapped_column(SafeText)
    code_version: Mapped[str]
    supersedes: Mapped[int | None] = mapped_column(BigId, ForeignKey("snapshot.id"))


class FindingSetRow(Numbered, OfWindow, Base):
    """All findings of one step on one batch; the newest set of the same step, batch and key holds."""

    __tablename__ = "finding_set"
    __table_args__ = (Index(None, "model", "window_start", "window_end", "as_of", "step", "key"), window_check())
    step: Mapped[str]
    key: Mapped[str]
    sha256: Mapped[str]


class FindingRow(Numbered, Base):
    """One finding; ``said`` holds subject, seen, expected and remedy."""

    __tablename__ = "finding"
    __table_args__ = (Index(None, "set_id"), Index(None, "code"), CheckConstraint("rows >= 0", name="rows"))
    set_id: Mapped[int] = mapped_column(BigId, ForeignKey("finding_set.id"))
    code: Mapped[str]
    severity: Mapped[str]
    outcome: Mapped[str]
    rows: Mapped[int]
    said: Mapped[dict[str, Any]]


class ValidationRow(OfWindow, Base):
    """What validation made of one snapshot."""

    __tablename__ = "validation"
    __table_args__ = (
        Index(None, "model", "window_start", "window_end"),
        Index(None, "set_id"),
        window_check(),
        CheckConstraint("rows_kept >= 0 AND rows_quarantined >= 0", name="rows"),
    )
    snapshot_id: Mapped[int] = mapped_column(BigId, ForeignKey("snapshot.id"), primary_key=True, autoincrement=False)
    set_id: Mapped[int] = mapped_column(BigId, ForeignKey("finding_set.id"))
    passed: Mapped[bool]
    rows_kept: Mapped[int]
    rows_quarantined: Mapped[int]
    kept_sha256: Mapped[str]
    quarantine_sha256: Mapped[str | None]
    profile_sha256: Mapped[str | None]


class VersionRow(OfModel, Base):
    """One trained artifact. The partial index is the promise that a model never has two champions."""

    __tablename__ = "version"
    __table_args__ = (
        UniqueConstraint("model", "run_key"),
        Index(
            "ux_version_one_champion",
            "model",
            unique=True,
            sqlite_where=text("stage = 'champion'"),
            postgresql_where=text("stage = 'champion'"),
        ),
        index_where("stage = 'challenger'", "ix_version_unsettled", "model", "version"),
        one_of("stage", Stage),
        CheckConstraint("version >= 1", name="version"),
        CheckConstraint("trained_from <= trained_until", name="trained"),
        CheckConstraint("(refit_sha256 IS NULL) = (refit_until IS NULL)", name="refit"),
    )
    model: Mapped[str] = mapped_column(ForeignKey("model.name"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    stage: Mapped[str]
    run_key: Mapped[str]
    as_of: Mapped[datetime]
    trained_from: Mapped[datetime]
    trained_until: Mapped[datetime]
    model_sha256: Mapped[str]
    manifest: Mapped[dict[str, Any]]
    refit_sha256: Mapped[str | None]
    refit_until: Mapped[datetime | None]


class ScoringRow(Numbered, OfWindow, Base):
    """One version's predictions for one snapshot."""

    __tablename__ = "scoring"
    __table_args__ = (
        ForeignKeyConstraint(["model", "version"], ["version.model", "version.version"]),
        UniqueConstraint("snapshot_id", "version"),
        Index(None, "model", "window_start", "window_end", "version"),
        one_of("role", ScoringRole),
        window_check(),
        CheckConstraint("rows >= 0", name="rows"),
    )
    version: Mapped[int]
    role: Mapped[str]
    snapshot_id: Mapped[int] = mapped_column(BigId, ForeignKey("snapshot.id"))
    sha256: Mapped[str]
    rows: Mapped[int]


class ObservationRow(Numbered, OfWindow, Base):
    """One number measured on one batch, ``version`` 0 where it speaks of none; measured anew: a new ``revision``."""

    __tablename__ = "observation"
    __table_args__ = (
        UniqueConstraint(*_OBSERVED, name="uq_observation_what"),
        Index(None, "model", "window_start", "window_end"),
        index_where(MEASURED, "ix_observation_measured", "model", "quantity", "subject", "window_start"),
        window_check(),
        CheckConstraint("version >= 0 AND revision >= 0 AND rows >= 0", name="counts"),
    )
    quantity: Mapped[str]
    subject: Mapped[str] = mapped_column(SafeText)
    version: Mapped[int]
    revision: Mapped[int]
    value: Mapped[float | None]
    rows: Mapped[int]
    detail: Mapped[dict[str, Any]]


class DecisionRow(OfWindow, Base):
    """To retrain or not, with the tree of reasons."""

    __tablename__ = "decision"
    __table_args__ = (
        UniqueConstraint("id"),
        Index(None, "model", "as_of", "number"),
        Index(None, "model", "window_start", "window_end"),
        one_of("verdict", Verdict),
        one_of("trigger", Trigger),
        window_check(),
    )
    number: Mapped[int] = mapped_column(BigId, primary_key=True)
    id: Mapped[str]
    verdict: Mapped[str]
    sentence: Mapped[str] = mapped_column(SafeText)
    trigger: Mapped[str]
    result: Mapped[dict[str, Any]]
    guards: Mapped[list[Any]]
    policy_sha256: Mapped[str]
    history_sha256: Mapped[str]
    reason: Mapped[str] = mapped_column(SafeText)
    actor: Mapped[str] = mapped_column(SafeText)
    least_gain: Mapped[float | None]


class GateResultRow(OfModel, Base):
    """The verdict on one challenger."""

    __tablename__ = "gate_result"
    __table_args__ = (
        ForeignKeyConstraint(["model", "challenger"], ["version.model", "version.version"]),
        CheckConstraint("(low IS NULL) = (high IS NULL)", name="interval"),
        CheckConstraint("rows >= 0 AND generation >= 0", name="counts"),
    )
    model: Mapped[str] = mapped_column(ForeignKey("model.name"), primary_key=True)
    challenger: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    champion: Mapped[int | None]
    as_of: Mapped[datetime]
    passed: Mapped[bool]
    sentence: Mapped[str] = mapped_column(SafeText)
    metrics: Mapped[dict[str, Any]]
    difference: Mapped[float | None]
    low: Mapped[float | None]
    high: Mapped[float | None]
    rows: Mapped[int]
    rows_sha256: Mapped[str]
    refitted: Mapped[bool]
    generation: Mapped[int]
    findings: Mapped[list[Any]]
    evidence: Mapped[dict[str, Any] | None]


class PromotionRow(OfModel, Base):
    """One change of champion."""

    __tablename__ = "promotion"
    __table_args__ = (
        UniqueConstraint("model", "run_key"),
        ForeignKeyConstraint(["model", "from_version"], ["version.model", "version.version"]),
        ForeignKeyConstraint(["model", "to_version"], ["version.model", "version.version"]),
        one_of("act", Act),
        CheckConstraint("generation >= 1", name="generation"),
        CheckConstraint("from_version IS NULL OR from_version <> to_version", name="versions"),
    )
    model: Mapped[str] = mapped_column(ForeignKey("model.name"), primary_key=True)
    generation: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    act: Mapped[str]
    from_version: Mapped[int | None]
    to_version: Mapped[int]
    run_key: Mapped[str]
    as_of: Mapped[datetime]
    baseline: Mapped[dict[str, Any]]
    reason: Mapped[str] = mapped_column(SafeText)
    actor: Mapped[str] = mapped_column(SafeText)


class ApprovalRow(OfModel, Base):
    """A person's word on a challenger, or that none came in time; the key lets a version have one only."""

    __tablename__ = "approval"
    __table_args__ = (
        ForeignKeyConstraint(["model", "version"], ["version.model", "version.version"]),
        one_of("answer", Answer),
    )
    model: Mapped[str] = mapped_column(ForeignKey("model.name"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    answer: Mapped[str]
    comment: Mapped[str] = mapped_column(SafeText)
    actor: Mapped[str] = mapped_column(SafeText)
    via: Mapped[str]
    as_of: Mapped[datetime]


class LeaseRow(Base):
    """Who retrains a model now, and until when nobody else may."""

    __tablename__ = "lease"
    model: Mapped[str] = mapped_column(ForeignKey("model.name"), primary_key=True)
    holder: Mapped[str]
    until: Mapped[datetime]


class ReportRow(Numbered, OfWindow, Base):
    """A page made of one batch; the newest of a kind holds."""

    __tablename__ = "report"
    __table_args__ = (Index(None, "model", "window_start", "window_end", "kind"), window_check())
    kind: Mapped[str]
    sha256: Mapped[str]
