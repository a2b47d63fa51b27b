"""What each column of a batch must be: the frozen schema, with the spec's own words on top."""

from __future__ import annotations

from dataclasses import dataclass

from ml.domain.schema import ColumnRole, ColumnSchema, ColumnType, TableSchema
from ml.specs import ModelSpec
from ml.specs.data import ColumnChecks

_DEFAULT = ColumnChecks()
_FILLED = (ColumnRole.TIME, ColumnRole.KEY)


@dataclass(frozen=True, slots=True)
class Rule:
    """The demands on one column. ``whole`` says that the spec itself asks for whole numbers."""

    name: str
    type: ColumnType
    role: ColumnRole
    required: bool
    nullable: bool
    max_null_share: float
    whole: bool = False
    min: float | None = None
    max: float | None = None
    categories: tuple[str, ...] | None = None


def rules_of(spec: ModelSpec, schema: TableSchema) -> tuple[Rule, ...]:
    """Return the demands on every column that the model uses or the spec speaks of, in the schema's order.

    Targets are not demanded where labels arrive later or from elsewhere.
    """
    checks = spec.validation.columns
    known = {column.name: column for column in schema.columns}
    if not spec.labels_are_separate:
        for target in spec.problem.targets:
            known.setdefault(target, ColumnSchema(target, ColumnType.TEXT, ColumnRole.TARGET))
    for name, check in checks.items():
        known.setdefault(name, ColumnSchema(name, ColumnType(check.type or "text"), ColumnRole.UNUSED))
    used = [column for column in known.values() if column.role is not ColumnRole.UNUSED or column.name in checks]
    return tuple(_rule(column, checks.get(column.name, _DEFAULT), spec) for column in used)


def _rule(column: ColumnSchema, check: ColumnChecks, spec: ModelSpec) -> Rule:
    late = column.role is ColumnRole.TARGET and spec.labels_are_separate
    return Rule(
        name=column.name,
        type=ColumnType(check.type) if check.type is not None else column.type,
        role=column.role,
        required=check.required and not late,
        nullable=check.nullable and column.role not in _FILLED,
        max_null_share=check.max_null_share,
        whole=check.type == "integer",
        min=check.min,
        max=check.max,
        categories=check.categories,
    )
