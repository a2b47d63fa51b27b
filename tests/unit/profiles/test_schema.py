"""What a first batch teaches about a table, and what it must not."""

from __future__ import annotations

from datetime import timedelta

import pandas as pd
import pytest

from ml.domain.errors import DataError
from ml.domain.schema import ColumnRole, ColumnType, TableSchema
from ml.profiles import infer_schema
from ml.specs.data import FeaturesSpec
from ml.specs.problem import ClassificationSpec, RegressionSpec
from ml.specs.source import TimeSpec

ROWS = 100


def frame(**columns: object) -> pd.DataFrame:
    moments = pd.date_range("2026-01-01", periods=ROWS, freq="h", tz="UTC").as_unit("us")
    return pd.DataFrame({"ts": moments, "id": range(ROWS), "y": [0, 1] * 50, **columns})


def infer(data: pd.DataFrame, *, key: tuple[str, ...] = ("id",), **features: object) -> TableSchema:
    return infer_schema(
        data,
        problem=ClassificationSpec(kind="classification", target="y"),
        time=TimeSpec(column="ts", batch=timedelta(days=1)),
        key=key,
        features=FeaturesSpec(**features),
    )


def column(values: object, **features: object) -> tuple[ColumnType, ColumnRole, bool]:
    found = infer(frame(c=values), **features).columns[-1]
    return found.type, found.role, found.nullable


def test_roles_and_order() -> None:
    schema = infer(frame(b=0.5, a="x"))
    assert [(item.name, item.role.value) for item in schema.columns] == [
        ("ts", "time"),
        ("id", "key"),
        ("y", "target"),
        ("b", "numeric"),
        ("a", "categorical"),
    ]
    assert schema.features == ("b", "a")
    assert TableSchema.from_json(schema.to_json()) == schema


@pytest.mark.parametrize(
    ("values", "type_", "role"),
    [
        ([1, 2] * 50, "integer", "numeric"),
        (pd.array([1, None] * 50, dtype="Int64"), "integer", "numeric"),
        ([0.5, None] * 50, "number", "numeric"),
        ([True, False] * 50, "boolean", "numeric"),
        (["true", "False"] * 50, "boolean", "numeric"),
        (["a", "b"] * 50, "text", "categorical"),
        (["00501", "10115"] * 50, "text", "categorical"),
        (["1", "2"] * 50, "integer", "numeric"),
        (["1", "2.5"] * 50, "number", "numeric"),
        (["1", "2.5", "NA", "3"] * 25, "number", "numeric"),
        ([*["7"] * 95, *["abc"] * 5], "integer", "numeric"),
        ([*["7"] * 50, *["abc"] * 50], "text", "categorical"),
        (["NA", "DE"] * 50, "text", "categorical"),
        (["NA"] * 100, "text", "categorical"),
        (["1", "1e400"] * 50, "text", "categorical"),
        ([f"{10**20 + number}" for number in range(100)], "text", "unused"),
        ([f"user {number}" for number in range(100)], "text", "unused"),
        (["2026-01-01", "2026-01-02"] * 50, "timestamp", "unused"),
        (pd.date_range("2026", periods=100, tz="UTC"), "timestamp", "unused"),
        ([None] * 100, "text", "unused"),
        ([float("nan")] * 100, "text", "unused"),
    ],
)
def test_a_column_by_its_values(values: object, type_: str, role: str) -> None:
    found = column(values)
    assert (found[0].value, found[1].value) == (type_, role)


def test_missing_values_are_noted() -> None:
    assert column([0.5, None] * 50)[2]
    assert not column([0.5] * 100)[2]


def test_the_spec_has_the_last_word() -> None:
    assert column([1, 2] * 50, categorical=("c",))[1] is ColumnRole.CATEGORICAL
    assert column([f"user {number}" for number in range(100)], categorical=("c",))[1] is ColumnRole.CATEGORICAL
    assert column([f"user {number}" for number in range(100)], columns=("c",))[1] is ColumnRole.CATEGORICAL
    assert column([1, 2] * 50, exclude=("c",))[1] is ColumnRole.UNUSED
    assert column([None] * 100, numeric=("c",))[:2] == (ColumnType.NUMBER, ColumnRole.NUMERIC)
    schema = infer(frame(a=1, b=2), columns=("b",))
    assert schema.features == ("b",)


def test_a_late_target_is_no_column() -> None:
    schema = infer(frame(a=0.5).drop(columns="y"))
    assert schema.names(ColumnRole.TARGET) == ()


def test_the_problem_names_the_targets() -> None:
    schema = infer_schema(
        frame(price=[1.5] * 100),
        problem=RegressionSpec(kind="regression", target="price"),
        time=TimeSpec(column="ts", batch=timedelta(days=1)),
        key=(),
        features=FeaturesSpec(),
    )
    assert schema.names(ColumnRole.TARGET) == ("price",)
    assert schema.features == ("id", "y")


def test_what_the_spec_names_must_be_there() -> None:
    with pytest.raises(DataError, match="nothing, nowhere") as caught:
        infer(frame(a=1), columns=("a", "nothing"), categorical=("nowhere",))
    assert [finding.code for finding in caught.value.findings] == ["DV030", "DV030"]
