"""The table of what challengers showed in the shadow; the database itself refuses to change or delete a row."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint
from sqlalchemy.orm import Mapped, mapped_column

from ml.domain.holds import ShadowEnding
from ml.registry.base import Base, OfModel, one_of
from ml.registry.columns import SafeText


class ShadowVerdictRow(OfModel, Base):
    """How the hold of a challenger ended; the key lets a version have one end only."""

    __tablename__ = "shadow_verdict"
    __table_args__ = (
        ForeignKeyConstraint(["model", "version"], ["version.model", "version.version"]),
        one_of("ending", ShadowEnding),
        CheckConstraint("(low IS NULL) = (high IS NULL)", name="interval"),
        CheckConstraint("rows >= 0", name="rows"),
    )
    model: Mapped[str] = mapped_column(ForeignKey("model.name"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    ending: Mapped[str]
    sentence: Mapped[str] = mapped_column(SafeText)
    difference: Mapped[float | None]
    low: Mapped[float | None]
    high: Mapped[float | None]
    rows: Mapped[int]
    as_of: Mapped[datetime]
    evidence: Mapped[dict[str, Any]]
