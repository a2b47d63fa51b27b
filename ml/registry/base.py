"""What all tables share: types by annotation, names of constraints that both databases agree on, and mixins."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import CheckConstraint, Double, ForeignKey, Index, MetaData, Text, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from ml.registry.columns import BigId, JsonText, UtcDateTime

MEASURED = "quantity <> 'column_drift'"
"""The observations that are not of single columns: a few a batch, however wide the table is."""


def _now() -> datetime:
    return datetime.now(UTC)


def one_of(column: str, kinds: type[StrEnum]) -> CheckConstraint:
    """Only the values of an enumeration."""
    names = ", ".join(f"'{kind.value}'" for kind in kinds)
    return CheckConstraint(f"{column} IN ({names})", name=column)


def window_check() -> CheckConstraint:
    """No empty window."""
    return CheckConstraint("window_start < window_end", name="window")


def index_where(condition: str, name: str, *columns: str) -> Index:
    """An index of the few rows that meet a condition; a question must repeat it word for word to be answered by it."""
    return Index(name, *columns, sqlite_where=text(condition), postgresql_where=text(condition))


class Base(DeclarativeBase):
    """Base of every table."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: UtcDateTime,
        dict[str, Any]: JsonText,
        list[Any]: JsonText,
        str: Text,
        float: Double,
    }


class Numbered:
    """A row with a number of its own, given in the order of writing."""

    id: Mapped[int] = mapped_column(BigId, primary_key=True, sort_order=-3)


class Written:
    """A row that knows when it was written. Only ever shown: no decision looks at it."""

    created_at: Mapped[datetime] = mapped_column(default=_now, sort_order=9)


class OfModel(Written):
    """A row that belongs to a model."""

    model: Mapped[str] = mapped_column(ForeignKey("model.name"), sort_order=-2)


class OfWindow(OfModel):
    """A row that speaks of one batch and was true as of a moment of the data's time."""

    window_start: Mapped[datetime] = mapped_column(sort_order=-1)
    window_end: Mapped[datetime] = mapped_column(sort_order=-1)
    as_of: Mapped[datetime] = mapped_column(sort_order=-1)
