"""However many rows a window has, and however the source orders them: the same rows, the same digest, little memory."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ml.artifacts.frames import frame_sha256
from ml.artifacts.rows import rows_sha256
from ml.data import SourceRead, csv_file, parquet_file, spool
from ml.data.cache import PARSED
from ml.domain.errors import DataError
from tests.unit.data.reading import SPAN, read


@pytest.fixture(autouse=True)
def few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let every table be a large one: read, spilled and written a few rows at a time."""
    PARSED.clear()
    monkeypatch.setattr(parquet_file, "_CELLS", 40)
    monkeypatch.setattr(spool, "_CHUNK", 12)
    yield
    PARSED.clear()


def as_large(path: str, monkeypatch: pytest.MonkeyPatch) -> SourceRead:
    with monkeypatch.context() as patch:
        patch.setattr(PARSED, "limit", -1)
        patch.setattr(spool, "LIMIT", 200)
        return read(path)


TEXTS = st.sampled_from(["Bern", "Oslo", "", None])
ROW = st.tuples(
    st.integers(0, 8), st.sampled_from([1.5, -0.0, float("nan"), None]), TEXTS, st.sampled_from([1, 2**60, None])
)


def in_order(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return sorted(rows, key=lambda row: row[0])


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(ROW, min_size=1, max_size=40) | st.lists(ROW, min_size=1, max_size=40).map(in_order),
    files=st.integers(1, 3),
    unknown=st.booleans(),
    group=st.integers(1, 20),
)
def test_a_large_window_is_the_very_snapshot_that_a_small_one_is(
    monkeypatch: pytest.MonkeyPatch,
    rows: list[tuple[Any, ...]],
    files: int,
    unknown: bool,
    group: int,
) -> None:
    files = min(files, len(rows))
    bounds = [number * len(rows) // files for number in range(files + 1)]
    moments = [
        None if unknown and minute == 8 and place not in bounds else SPAN.start + timedelta(minutes=minute)
        for place, (minute, *_) in enumerate(rows)
    ]
    table = pa.table(
        {
            "ts": pa.array(moments, pa.timestamp("us", "UTC")),
            "x": pa.array([row[1] for row in rows], pa.float64()),
            "city": pa.array([row[2] for row in rows], pa.string()),
            "n": pa.array([row[3] for row in rows], pa.int64()),
            "whole": pa.array([row[0] for row in rows], pa.int32()),
            "place": pa.array(range(len(rows)), pa.int64()),
        }
    )
    with tempfile.TemporaryDirectory() as folder:
        for number in range(files):
            part = table.slice(bounds[number], bounds[number + 1] - bounds[number])
            pq.write_table(
                part.drop(["n"]) if number == 2 else part, f"{folder}/{number}.parquet", row_group_size=group
            )
        small, large = read(f"{folder}/*.parquet"), as_large(f"{folder}/*.parquet", monkeypatch)
        pd.testing.assert_frame_equal(large.frame, small.frame)
        assert large.rows.schema == small.rows.schema
        assert rows_sha256(large.rows) == rows_sha256(small.rows) == frame_sha256(small.frame)
        assert [(one.code, one.rows) for one in large.findings] == [(one.code, one.rows) for one in small.findings]
        assert large.description == small.description


CELLS = st.sampled_from(["1", "-2", "1.5", "", "x", "1,5", "007", "1e400", "9223372036854775808", " 3", "true"])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.tuples(st.integers(0, 8), CELLS, st.sampled_from(["1", "2", ""])), min_size=1, max_size=30),
    files=st.integers(1, 2),
    decimal=st.sampled_from([".", ","]),
    parquet=st.booleans(),
)
def test_a_large_csv_is_the_very_snapshot_that_a_small_one_is(
    monkeypatch: pytest.MonkeyPatch, rows: list[tuple[int, str, str]], files: int, decimal: str, parquet: bool
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for number in range(files):
            lines = [
                f"{cell!r}|{SPAN.start + timedelta(minutes=minute):%Y-%m-%dT%H:%M:%SZ}|{whole}".replace("'", "")
                for minute, cell, whole in rows[number::files]
            ]
            path = Path(folder) / f"{number}.csv"
            path.write_text("\n".join(["x|ts|n", *lines, f"1|{SPAN.start:%Y-%m-%dT%H:%M:%SZ}|1"]) + "\n")
        if parquet:
            other = pa.table({"ts": pa.array([SPAN.start], pa.timestamp("us", "UTC")), "n": [4]})
            pq.write_table(other, f"{folder}/2.parquet")
        options: dict[str, Any] = {"delimiter": "|", "decimal": decimal}
        results = [seen(f"{folder}/*", options, monkeypatch, large=large) for large in (False, True)]
        assert results[0] == results[1]


def seen(path: str, options: dict[str, Any], monkeypatch: pytest.MonkeyPatch, *, large: bool) -> object:
    """Return what a source gives, or why it refuses."""
    PARSED.clear()
    with monkeypatch.context() as patch:
        if large:
            patch.setattr(PARSED, "limit", -1)
            patch.setattr(spool, "LIMIT", 100)
        patch.setattr(csv_file, "_BLOCK", 120)
        try:
            found = read(path, **options)
        except DataError as error:
            return [(one.code, one.subject, one.rows) for one in error.findings]
        codes = [(one.code, one.rows) for one in found.findings]
        return found.rows.schema, rows_sha256(found.rows), codes, found.description
