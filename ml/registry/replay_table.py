"""The table of replays."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from ml.registry.base import Base, Numbered, OfModel
from ml.registry.columns import SafeText


class ReplayRow(Numbered, OfModel, Base):
    """Policies played over a span of a model's past; the span ends at ``as_of``."""

    __tablename__ = "replay"
    __table_args__ = (UniqueConstraint("key"), Index(None, "model", "id"), CheckConstraint("start < as_of", "span"))
    key: Mapped[str]
    start: Mapped[datetime]
    as_of: Mapped[datetime]
    costs: Mapped[dict[str, Any]]
    outcomes: Mapped[list[Any]]
    advice: Mapped[dict[str, Any]]
    picture_sha256: Mapped[str]
    page_sha256: Mapped[str]
    actor: Mapped[str] = mapped_column(SafeText)
