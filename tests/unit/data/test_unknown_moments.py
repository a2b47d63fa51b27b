"""A large Parquet file whose first rows have no moment: they wait for the first one, but so many only."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ml.artifacts.rows import rows_sha256
from ml.data import parquet_file
from ml.data.cache import PARSED
from ml.data.parquet_file import ParquetFile
from ml.domain.errors import DataError
from tests.unit.data.reading import SPAN, read

BOUND = 20
ROWS = 400


@pytest.fixture(autouse=True)
def few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    PARSED.clear()
    monkeypatch.setattr(PARSED, "limit", -1)
    monkeypatch.setattr(parquet_file, "_CELLS", 8)  # of two columns, four rows at a time
    monkeypatch.setattr(parquet_file, "MAX_UNKNOWN", BOUND)
    yield
    PARSED.clear()


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list that notes how many rows were read from a file, each time some were."""
    rows: list[int] = []
    real = ParquetFile._tables

    def noting(self: ParquetFile, groups: list[int]) -> Iterator[pa.Table]:
        for table in real(self, groups):
            rows.append(table.num_rows)
            yield table

    monkeypatch.setattr(ParquetFile, "_tables", noting)
    return rows


def written(folder: Path, moments: list[Any], kind: pa.DataType, *, group: int = ROWS) -> Path:
    path = folder / "orders.parquet"
    table = pa.table({"ts": pa.array(moments, kind), "x": pa.array(range(len(moments)), pa.int64())})
    pq.write_table(table, path, row_group_size=group)
    return path


@pytest.mark.parametrize("group", [ROWS, 10])
@pytest.mark.parametrize(
    ("moment", "kind"), [(None, pa.timestamp("us", "UTC")), (None, pa.string()), ("soon", pa.string())]
)
def test_rows_that_never_have_a_moment_are_not_all_held(
    tmp_path: Path, given: list[int], moment: str | None, kind: pa.DataType, group: int
) -> None:
    path = written(tmp_path, [moment] * ROWS, kind, group=group)
    shown = "no value" if moment is None else "'soon'"
    with pytest.raises(DataError, match=f"ts = {shown}") as refused:
        read(path)
    assert [one.code for one in refused.value.findings] == ["DV019"]
    assert BOUND < sum(given) <= BOUND + 4
    assert refused.value.findings[0].rows == sum(given)


def test_a_file_that_begins_with_too_many_of_them_is_refused(tmp_path: Path, given: list[int]) -> None:
    moments: list[datetime | None] = [None] * 200
    path = written(tmp_path, [*moments, *[SPAN.start] * 200], pa.timestamp("us", "UTC"))
    with pytest.raises(DataError, match="ts = no value"):
        read(path)
    assert sum(given) <= BOUND + 4


def test_a_file_that_never_has_one_is_refused_where_all_of_it_may_be_held(tmp_path: Path) -> None:
    path = written(tmp_path, [None] * BOUND, pa.timestamp("us", "UTC"))
    with pytest.raises(DataError, match="ts = no value") as refused:
        read(path)
    assert refused.value.findings[0].rows == BOUND


@pytest.mark.parametrize("unknown", [1, 4, 7, BOUND])
def test_a_few_belong_to_the_first_moment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unknown: int) -> None:
    moments: list[datetime | None] = [None] * unknown
    path = written(tmp_path, [*moments, *[SPAN.start] * 30], pa.timestamp("us", "UTC"))
    large = read(path)
    monkeypatch.setattr(PARSED, "limit", 10**9)
    small = read(path)
    assert rows_sha256(large.rows) == rows_sha256(small.rows)
    assert large.rows.count == unknown + 30
    assert [(one.code, one.rows) for one in large.findings] == [("DV020", unknown)]
    assert large.findings == small.findings


def test_what_waits_is_brought_to_its_types_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    moments: list[datetime | None] = [None] * BOUND
    path = written(tmp_path, [*moments, *[SPAN.start] * 4], pa.timestamp("us", "UTC"))
    made: list[int] = []
    real = parquet_file._piece

    def noting(table: pa.Table, moments: Any) -> Any:
        made.append(table.num_rows)
        return real(table, moments)

    monkeypatch.setattr(parquet_file, "_piece", noting)
    read(path)
    assert made == [BOUND + 4]
