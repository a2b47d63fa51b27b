"""The tables of erasures; the database itself refuses to change or delete one of their rows."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from ml.registry.base import Base, Numbered, OfModel
from ml.registry.columns import BigId, SafeText

FIELDS = {
    "snapshot": ("sha256",),
    "validation": ("kept_sha256", "quarantine_sha256"),
    "scoring": ("sha256",),
    "version": ("reference_sha256",),
}
"""The references to frames of rows: columns by table, of a version an entry of its manifest."""

_RECORDS = ", ".join(f"'{name}'" for name in FIELDS)


class ErasureRow(Numbered, OfModel, Base):
    """A request to erase a key's rows, written before the first byte is deleted."""

    __tablename__ = "erasure"
    __table_args__ = (Index(None, "model", "id"), CheckConstraint("rows >= 1", name="rows"))
    column: Mapped[str] = mapped_column(SafeText)
    keys: Mapped[dict[str, Any]]
    rows: Mapped[int]
    reason: Mapped[str] = mapped_column(SafeText)
    actor: Mapped[str] = mapped_column(SafeText)


class TombstoneRow(Numbered, OfModel, Base):
    """A reference that led to the old bytes and leads to the new ones now."""

    __tablename__ = "tombstone"
    __table_args__ = (
        Index(None, "model", "record", "key"),
        Index(None, "erasure_id"),
        Index(None, "old_sha256"),
        CheckConstraint("rows >= 1", name="rows"),
        CheckConstraint(f"record IN ({_RECORDS})", name="record"),
        CheckConstraint("(window_start IS NULL) = (window_end IS NULL)", name="window"),
        CheckConstraint("old_sha256 <> new_sha256", name="digests"),
    )
    erasure_id: Mapped[int] = mapped_column(BigId, ForeignKey("erasure.id"))
    record: Mapped[str]
    key: Mapped[str]
    field: Mapped[str]
    window_start: Mapped[datetime | None]
    window_end: Mapped[datetime | None]
    old_sha256: Mapped[str]
    new_sha256: Mapped[str]
    rows: Mapped[int]


class ErasureEndRow(OfModel, Base):
    """All bytes of an erasure were seen to be gone."""

    __tablename__ = "erasure_end"
    __table_args__ = (CheckConstraint("removed >= 0", name="removed"),)
    erasure_id: Mapped[int] = mapped_column(BigId, ForeignKey("erasure.id"), primary_key=True, autoincrement=False)
    removed: Mapped[int]
    actor: Mapped[str] = mapped_column(SafeText)
