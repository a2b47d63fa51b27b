from __future__ import annotations

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from ml.domain.errors import DataError
from ml.problems import PROBLEMS
from tests.tables import spec_for


def truth(values, kind="classification"):
    spec = spec_for(kind, target="y")
    return PROBLEMS[kind].truth(pd.DataFrame({"y": values}), spec.problem)["y"]


@pytest.mark.parametrize(
    ("values", "dtype", "expected"),
    [
        ([1, 0], "int64", [1, 0]),
        ([1.0, 0.0], "int64", [1, 0]),
        (pd.Series([1, 0], dtype="Int64"), "int64", [1, 0]),
        (pd.Series([1, 0], dtype="int8"), "int64", [1, 0]),
        ([True, False], "bool", [True, False]),
        (pd.Series([True, False], dtype="boolean"), "bool", [True, False]),
        (pd.Series([True, False], dtype=object), "bool", [True, False]),
        (pd.Series([1, 2.0], dtype=object), "int64", [1, 2]),
        (pd.Series([Decimal(1), Decimal(2)], dtype=object), "int64", [1, 2]),
        (["b", "a"], "object", ["b", "a"]),
        (pd.Series(["b", "a"], dtype="category"), "object", ["b", "a"]),
        (pd.Series(["b", "a"], dtype="string"), "object", ["b", "a"]),
        (pd.Series([1, "a"], dtype=object), "object", ["1", "a"]),
    ],
)
def test_labels_are_integers_booleans_or_text(values, dtype, expected):
    found = truth(values)
    assert str(found.dtype) == dtype
    assert found.tolist() == expected
    assert all(type(one) is type(other) for one, other in zip(found.tolist(), expected, strict=True))


def test_a_measurement_is_no_label():
    with pytest.raises(DataError, match=r"holds 1\.5, which is a measurement"):
        truth([1.0, 1.5])


def test_numbers_are_floats():
    assert truth([1, 2], "regression").dtype == np.float64
    assert truth(pd.Series(["1.5", 2], dtype=object), "regression").tolist() == [1.5, 2.0]
    assert truth(pd.Series([Decimal("1.5")], dtype=object), "regression").tolist() == [1.5]


@pytest.mark.parametrize(("values", "part"), [(["cheap"], "no number"), ([np.inf], "infinite")])
def test_no_number_is_refused(values, part):
    with pytest.raises(DataError, match=part):
        truth(values, "regression")


def test_one_label_cannot_be_learned_and_is_named():
    problem = PROBLEMS["classification"]
    with pytest.raises(DataError, match="All 2 training rows have one y, 'a'"):
        problem.check_trainable(pd.DataFrame({"y": ["a", "a"]}))
