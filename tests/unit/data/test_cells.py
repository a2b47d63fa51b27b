"""Nothing is read as a number that would lose something by it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ml.domain.errors import DataError
from tests.unit.data.reading import column, read_csv


@pytest.mark.parametrize(
    ("cells", "dtype", "values"),
    [
        (["1", "-2", "0"], "int64", [1, -2, 0]),
        (["1", "", "3"], "Int64", None),
        (["9223372036854775807", "-9223372036854775808"], "int64", [2**63 - 1, -(2**63)]),
        (["1.5", "2", ".5", "1e3"], "float64", [1.5, 2.0, 0.5, 1000.0]),
        ([" 1", "2 "], "int64", [1, 2]),
        (["00501", "10001"], "object", ["00501", "10001"]),
        (["-01", "2"], "object", ["-01", "2"]),
        (["+49170", "1"], "object", ["+49170", "1"]),
        (["NA", "DE"], "object", ["NA", "DE"]),
        (["1", "NA"], "object", ["1", "NA"]),
        (["1", "nan"], "object", ["1", "nan"]),
        (["inf", "1"], "object", ["inf", "1"]),
        (["1e400", "1"], "object", ["1e400", "1"]),
        (["18446744073709551616", "1"], "object", ["18446744073709551616", "1"]),
        (["0x10", "1_000"], "object", ["0x10", "1_000"]),
        (["true", "false"], "object", ["true", "false"]),
        (["１２", "1"], "object", ["１２", "1"]),
        (["2026-01-01", "2026-01-02"], "object", ["2026-01-01", "2026-01-02"]),
        (['"a\nb"', "c"], "object", ["a\nb", "c"]),
        (['"say ""hi"""', "c"], "object", ['say "hi"', "c"]),
    ],
)
def test_a_column_is_what_loses_nothing(
    cells: list[str], dtype: str, values: list[object] | None, tmp_path: Path
) -> None:
    found = column(tmp_path, *cells)
    assert str(found.dtype) == dtype
    if values is not None:
        assert found.tolist() == values


def test_only_the_spec_says_what_means_no_value(tmp_path: Path) -> None:
    assert column(tmp_path, "NA", "", "1").tolist() == ["NA", None, "1"]
    found = column(tmp_path, "NA", "", "1.5", null_values=("NA", ""))
    assert np.isnan(found[0])
    assert np.isnan(found[1])
    assert found[2] == 1.5
    assert column(tmp_path, "NA", "", "x", null_values=("NA",)).tolist() == [None, "", "x"]


def test_named_columns_stay_texts(tmp_path: Path) -> None:
    assert column(tmp_path, "1", "2", text_columns=("x",)).tolist() == ["1", "2"]


def test_a_decimal_comma_is_read_where_the_spec_says_so(tmp_path: Path) -> None:
    assert column(tmp_path, "1,5", "-,25", "7", decimal=",").tolist() == [1.5, -0.25, 7.0]
    assert column(tmp_path, "1,5", "NA", decimal=",").tolist() == ["1.5", "NA"], "as any other mixed column"
    with pytest.raises(DataError, match="DV018"):
        column(tmp_path, "1,5", "2,5")
    assert column(tmp_path, "1,5", "2,5", text_columns=("x",)).tolist() == ["1,5", "2,5"]


def test_types_come_from_the_window_alone(tmp_path: Path) -> None:
    from ml.domain.windows import Window

    text = "ts,x\n2026-01-01T00:00:00Z,1\n2026-01-02T00:00:00Z,1.5\n2026-01-03T00:00:00Z,abc\n"
    dtypes = [
        str(read_csv(tmp_path, text, Window.parse(f"2026-01-0{day}", f"2026-01-0{day + 1}")).frame["x"].dtype)
        for day in (1, 2, 3)
    ]
    assert dtypes == ["int64", "float64", "object"]
