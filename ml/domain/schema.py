"""What a model's table looks like: inferred from its first batch, then frozen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class ColumnType(StrEnum):
    """Type of a column's values, whatever file or database they come from."""

    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    TEXT = "text"
    TIMESTAMP = "timestamp"


class ColumnRole(StrEnum):
    """What a column is for. *Numeric* and *categorical* are features."""

    NUMERIC = "numeric"
    CATEGORICAL = "categorical"
    TARGET = "target"
    TIME = "time"
    KEY = "key"
    UNUSED = "unused"


@dataclass(frozen=True, slots=True)
class ColumnSchema:
    """One column; ``nullable`` says whether the first batch had rows without a value."""

    name: str
    type: ColumnType
    role: ColumnRole
    nullable: bool = True


@dataclass(frozen=True, slots=True)
class TableSchema:
    """The columns of a model's table, in the order of the first batch."""

    columns: tuple[ColumnSchema, ...]

    def names(self, *roles: ColumnRole) -> tuple[str, ...]:
        """Names of the columns in any of these roles; of all columns if none is given."""
        return tuple(column.name for column in self.columns if not roles or column.role in roles)

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the columns that the estimator sees, in stable order."""
        return self.names(ColumnRole.NUMERIC, ColumnRole.CATEGORICAL)

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON, read back by :meth:`from_json`."""
        return {"columns": [asdict(column) for column in self.columns]}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> TableSchema:
        """Build from what :meth:`to_json` gave."""
        return cls(
            tuple(
                ColumnSchema(
                    column["name"], ColumnType(column["type"]), ColumnRole(column["role"]), bool(column["nullable"])
                )
                for column in data["columns"]
            )
        )
