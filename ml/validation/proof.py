"""What the profile of a batch proves of the demands on its columns: where it does, no row has to be looked at."""

from __future__ import annotations

from typing import Any

from ml.domain.schema import ColumnRole, ColumnType
from ml.profiles import Profile
from ml.profiles.columns import CategoricalProfile, MomentProfile, NumericProfile, TextProfile
from ml.validation.rules import Rule

_WHOLE = "iu"
_PLAIN = "iuf"


def is_proven(rule: Rule, dtype: Any, profile: Profile) -> bool:
    """Tell whether no row can break the rule, by the profile of the column and the dtype that its values have.

    False means only that the rows have to be asked.
    """
    column = profile.columns.get(rule.name)
    if column is None or column.wrong or (column.nulls and not _may_be_missing(rule)):
        return False
    if isinstance(column, NumericProfile):
        return column.layout.type is rule.type and _numbers_fit(rule, dtype, column)
    if isinstance(column, CategoricalProfile):
        return column.layout.type is rule.type and _categories_fit(rule, dtype, column)
    return _is_free(rule) and _type_fits(rule.type, dtype, column)


def _may_be_missing(rule: Rule) -> bool:
    return rule.nullable and rule.role is not ColumnRole.TIME


def _is_free(rule: Rule) -> bool:
    return rule.min is None and rule.max is None and rule.categories is None


def _type_fits(kind: ColumnType, dtype: Any, column: MomentProfile | TextProfile) -> bool:
    if isinstance(column, MomentProfile):
        return kind is ColumnType.TIMESTAMP and dtype.kind == "M"
    return kind is ColumnType.TEXT


def _numbers_fit(rule: Rule, dtype: Any, column: NumericProfile) -> bool:
    """Texts that stand for numbers are asked row by row: there are more ways to be wrong."""
    if column.negative_infinities or column.positive_infinities or rule.categories is not None:
        return False
    if rule.type is ColumnType.BOOLEAN:
        return _is_free(rule) and dtype.kind in "b" + _WHOLE
    if dtype.kind not in (_WHOLE if rule.whole else _PLAIN):
        return False
    low, high = column.spread.min, column.spread.max
    if low is None or high is None:
        return True
    return (rule.min is None or low >= rule.min) and (rule.max is None or high <= rule.max)


def _categories_fit(rule: Rule, dtype: Any, column: CategoricalProfile) -> bool:
    if rule.min is not None or rule.max is not None or not _is_of_type(rule.type, dtype):
        return False
    if rule.categories is None:
        return True
    seen = {name for name, _ in column.top(len(column.counts) + len(column.others.listed))}
    return not column.others.missed and seen <= set(rule.categories)


def _is_of_type(kind: ColumnType, dtype: Any) -> bool:
    if kind in (ColumnType.INTEGER, ColumnType.NUMBER):
        return dtype.kind in _WHOLE
    return kind is ColumnType.TEXT or (kind is ColumnType.BOOLEAN and dtype.kind == "b")
