"""Whatever a batch looks like, an estimator sees the same columns, types and category names."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ml.domain.errors import DataError
from ml.domain.schema import ColumnRole, ColumnSchema, ColumnType, TableSchema
from ml.profiles import conform

MOMENTS = pd.to_datetime(["1970-01-01T00:00:01.5Z", None], utc=True)


def one(values: object, type_: str, role: str = "numeric") -> list[object]:
    schema = TableSchema((ColumnSchema("c", ColumnType(type_), ColumnRole(role)),))
    found = conform(pd.DataFrame({"c": values}), schema)["c"]
    assert str(found.dtype) == ("float64" if role == "numeric" else "object")
    return [None if pd.isna(value) else value for value in found]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1, 2], [1.0, 2.0]),
        (pd.array([1, None], dtype="Int64"), [1.0, None]),
        (["1", None, " 2.5 "], [1.0, None, 2.5]),
        ([True, False], [1.0, 0.0]),
        (pd.array([True, None], dtype="boolean"), [1.0, None]),
        (["True", "false", None], [1.0, 0.0, None]),
        ([None, None], [None, None]),
        (MOMENTS, [1.5, None]),
        (pd.Series([1, "2.5", None, True], dtype=object), [1.0, 2.5, None, 1.0]),
    ],
)
def test_numbers(values: object, expected: list[object]) -> None:
    assert one(values, "number") == expected


@pytest.mark.parametrize(
    ("values", "type_", "expected"),
    [
        (["a", None, ""], "text", ["a", None, ""]),
        ([5, 6], "text", ["5", "6"]),
        ([5, 6], "integer", ["5", "6"]),
        ([5.0, None], "integer", ["5", None]),
        (pd.array([5, None], dtype="Int64"), "integer", ["5", None]),
        (["5", "x"], "integer", ["5", "x"]),
        ([5, 6], "number", ["5.0", "6.0"]),
        ([5.0, 0.25], "number", ["5.0", "0.25"]),
        (["5", "0.250"], "number", ["5.0", "0.25"]),
        ([True, False], "boolean", ["true", "false"]),
        (["TRUE", None], "boolean", ["true", None]),
        (["00501"], "text", ["00501"]),
        ([None, None], "text", [None, None]),
    ],
)
def test_a_category_has_one_name_in_every_batch(values: object, type_: str, expected: list[object]) -> None:
    assert one(values, type_, "categorical") == expected


def test_features_only_in_the_schema_s_order() -> None:
    schema = TableSchema(
        (
            ColumnSchema("ts", ColumnType.TIMESTAMP, ColumnRole.TIME),
            ColumnSchema("b", ColumnType.NUMBER, ColumnRole.NUMERIC),
            ColumnSchema("late", ColumnType.INTEGER, ColumnRole.TARGET),
            ColumnSchema("a", ColumnType.TEXT, ColumnRole.CATEGORICAL),
            ColumnSchema("gone", ColumnType.NUMBER, ColumnRole.NUMERIC),
            ColumnSchema("gone_too", ColumnType.TEXT, ColumnRole.CATEGORICAL),
        )
    )
    frame = pd.DataFrame({"new": [1], "a": ["x"], "late": [1], "b": [2]}, index=[7])
    found = conform(frame, schema)
    assert list(found.columns) == ["b", "a", "gone", "gone_too"]
    assert list(found.index) == [7]
    assert np.isnan(found["gone"].iloc[0])
    assert found["gone_too"].iloc[0] is None
    assert list(frame.columns) == ["new", "a", "late", "b"], "what was given stays as it was"


def test_a_text_that_is_no_number_is_refused() -> None:
    with pytest.raises(DataError, match=r"'c' holds 'abc'.*What to do"):
        one(["1", "abc"], "number")
