"""The table of events; the database itself refuses to change or delete one."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from ml.domain.custody import EventKind
from ml.registry.base import Base, OfModel, one_of
from ml.registry.columns import SafeText


class EventRow(OfModel, Base):
    """One link of a model's chain, numbered from 1 without a gap."""

    __tablename__ = "event"
    __table_args__ = (
        one_of("kind", EventKind),
        CheckConstraint("number >= 1 AND rows >= 0", name="counts"),
        {"sqlite_with_rowid": False},  # one page to write for an event, not two
    )
    model: Mapped[str] = mapped_column(ForeignKey("model.name"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kind: Mapped[str]
    record: Mapped[str]
    key: Mapped[str]
    rows: Mapped[int]
    as_of: Mapped[datetime | None]
    actor: Mapped[str] = mapped_column(SafeText)
    content_sha256: Mapped[str]
    before_sha256: Mapped[str]
    sha256: Mapped[str]
    signature: Mapped[str | None]
