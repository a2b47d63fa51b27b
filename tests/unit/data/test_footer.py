"""The footer of a Parquet file, read without pyarrow: the same as pyarrow says, and a refusal where that would die."""

from __future__ import annotations

import io
from contextlib import suppress
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ml.cli.samples import file_sample
from ml.data.footer import RowGroup, as_file, footer_of, row_groups
from ml.data.parquet_file import ParquetFile
from ml.data.thrift import MalformedError, read_struct
from ml.domain.errors import DataError
from ml.settings import Settings
from tests.torture.fuzz import KEPT

DAY = timedelta(days=1)
MOMENTS = (
    pa.timestamp("s"),
    pa.timestamp("ms"),
    pa.timestamp("us"),
    pa.timestamp("ns"),
    pa.timestamp("us", tz="UTC"),
    pa.timestamp("ns", tz="Europe/Berlin"),
    pa.date32(),
    pa.date64(),
)
WRITTEN: tuple[dict[str, Any], ...] = (
    {},
    {"version": "1.0"},
    {"version": "2.4", "store_schema": False},
    {"data_page_version": "2.0", "write_page_index": True},
    {"use_deprecated_int96_timestamps": True},
    {"write_statistics": False},
)
DEADLY = ("2479beb252de300d", "a4e2325fa5ab7787", "f2c1546723a64972")
"""Asked for a column of a row group of these, pyarrow 26.0.1 ended the process."""


def written(moment: pa.DataType, **options: Any) -> bytes:
    seconds = pa.array(np.arange(1000) * 86_400 + 1_700_000_000).cast(pa.timestamp("s"))
    ts = seconds.cast(pa.timestamp(moment.unit) if pa.types.is_timestamp(moment) else moment).cast(moment)
    nested = pa.array([{"x": 1, "ts": "b"}] * 1000)
    sink = io.BytesIO()
    pq.write_table(pa.table({"a": range(1000), "s": nested, "ts": ts}), sink, row_group_size=300, **options)
    return sink.getvalue()


def opened(data: bytes) -> ParquetFile:
    return ParquetFile.open(io.BytesIO(data), "x.parquet", len(data), time_column="ts")


def read_whole(data: bytes) -> None:
    parquet = opened(data)
    parquet.piece(dict(enumerate(parquet.groups(time_column="ts"))), time_column="ts", zone="UTC")


def by_pyarrow(data: bytes) -> list[RowGroup]:
    metadata = pq.read_metadata(io.BytesIO(data))
    groups = [metadata.row_group(place) for place in range(metadata.num_row_groups)]
    return [RowGroup(group.num_rows, bounds(group.column(group.num_columns - 1).statistics)) for group in groups]


def bounds(statistics: Any) -> tuple[datetime, datetime] | None:
    if statistics is None or not statistics.has_min_max:
        return None
    low, high = statistics.min, statistics.max
    if not isinstance(low, datetime):
        low, high = (datetime.combine(one, time()) for one in (low, high))
    if low.tzinfo is not None:
        return low, high
    return low.replace(tzinfo=UTC) - DAY, high.replace(tzinfo=UTC) + DAY


@pytest.mark.parametrize("options", WRITTEN, ids=str)
@pytest.mark.parametrize("moment", MOMENTS, ids=str)
def test_row_groups_are_what_pyarrow_says_of_them(moment: pa.DataType, options: dict[str, Any]) -> None:
    data = written(moment, **options)
    found = opened(data).groups(time_column="ts")
    assert list(found) == by_pyarrow(data)
    assert sum(group.rows for group in found) == 1000


def test_moments_finer_than_microseconds_are_widened() -> None:
    sink = io.BytesIO()
    pq.write_table(pa.table({"ts": pa.array([1_999, 5_001], pa.timestamp("ns", tz="UTC"))}), sink)
    (group,) = opened(sink.getvalue()).groups(time_column="ts")
    assert group.bounds is not None
    assert [round(one.timestamp() * 1e6) for one in group.bounds] == [1, 6]


def test_where_a_moment_is_missing_nothing_is_said_of_the_group() -> None:
    sink = io.BytesIO()
    pq.write_table(pa.table({"ts": pa.array([1, None, 3], pa.timestamp("us"))}), sink)
    assert opened(sink.getvalue()).groups(time_column="ts") == (RowGroup(3, None),)


@pytest.mark.parametrize("name", DEADLY)
def test_a_footer_that_ends_a_process_in_pyarrow_is_refused(name: str, tmp_path: Path) -> None:
    data = (KEPT / "parquet" / name).read_bytes()
    path = tmp_path / "orders.parquet"
    path.write_bytes(data)
    with pytest.raises(DataError, match=r"x\.parquet") as refused:
        read_whole(data)
    assert refused.value.findings[0].code == "DV013"
    assert refused.value.remedy
    with suppress(DataError):  # the first rows may be sound: it is enough that the process lives
        file_sample(Settings.from_environment({"EVERGREEN_HOME": str(tmp_path)}), str(path))


@pytest.mark.parametrize(
    ("data", "seen"),
    [
        (b"", "no PAR1 at its end"),
        (b"PAR1", "no PAR1 at its end"),
        (b"PAR1\x00\x00\x00\x00PARE", "no PAR1 at its end"),
        (b"PAR1\x09\x00\x00\x00PAR1", "a footer of 9 bytes in a file of 12"),
    ],
)
def test_a_file_that_ends_otherwise_is_refused(data: bytes, seen: str) -> None:
    with pytest.raises(DataError, match=seen):
        footer_of(io.BytesIO(data), "x.parquet")


def test_the_footer_alone_is_a_file_of_the_same_schema() -> None:
    data = written(pa.timestamp("us"))
    footer = footer_of(io.BytesIO(data), "x.parquet")
    assert pq.read_schema(pa.BufferReader(as_file(footer))).names == ["a", "s", "ts"]


def test_a_name_that_is_no_text_is_refused() -> None:
    data = written(pa.timestamp("us"), store_schema=False).replace(b"\x18\x01a", b"\x18\x01\xff")
    with pytest.raises(DataError, match="a name or a time zone that is not UTF-8"):
        opened(data)


def number(value: int) -> bytes:
    code, said = value << 1, b""
    while code > 127:
        said, code = said + bytes([code & 127 | 128]), code >> 7
    return said + bytes([code])


def group(columns: bytes, rows: bytes = b"\x26" + number(5)) -> bytes:
    """A footer of nothing but one row group: field 4, a list of one struct."""
    return b"\x49\x1c" + b"\x19" + columns + rows + b"\x00" + b"\x00"


CHUNK = b"\x3c" + b"\x15\x04" + b"\x29\x18\x02ts" + b"\x00" + b"\x00"
"""A column chunk: field 3, of it the type INT64 and the path."""


@pytest.mark.parametrize(
    ("footer", "seen"),
    [
        (b"\x49\x1c", "it ends in the middle"),
        (b"\x45\x02\x00", "another type than it should be"),
        (b"\x49\x15\x02\x00", "another type than it should be"),
        (group(b"\x2c" + CHUNK * 2), "2 columns, the schema 1"),
        (group(b"\x1c" + CHUNK, b""), "does not say how many rows"),
        (group(b"\x1c" + CHUNK, b"\x26\x01"), "does not say how many rows"),
        (group(b"\x1c\x00"), "another column where ts should be"),
        (group(b"\x1c" + CHUNK.replace(b"ts", b"tz")), "another column where ts should be"),
        (group(b"\x1c" + CHUNK.replace(b"\x15\x04", b"\x15\x02")), "or another type of it"),
        (group(b"\x1c" + CHUNK.replace(b"\x15\x04", b"\x18\x00")), "another type than it should be"),
    ],
)
def test_a_footer_that_contradicts_itself_is_refused(footer: bytes, seen: str) -> None:
    sink = io.BytesIO()
    pq.write_table(pa.table({"ts": pa.array([1], pa.timestamp("us"))}), sink)
    schema = pq.ParquetFile(sink).schema
    sound = row_groups(group(b"\x1c" + CHUNK), "x.parquet", schema=schema, time_column="ts", zoned=True)
    assert sound == (RowGroup(5, None),)
    with pytest.raises(DataError, match=f"DV013.*a damaged footer: .*{seen}"):
        row_groups(footer, "x.parquet", schema=schema, time_column="ts", zoned=True)


def test_what_is_not_wanted_is_stepped_over() -> None:
    fields = [
        b"\x11\x12\x13\xff",  # truth values, a byte
        b"\x17" + bytes(8),  # a double
        b"\x18\x02ab\x1d" + bytes(16),  # bytes, a UUID
        b"\x19\x21\x01\x02\x1a\xf4\x10" + bytes(16),  # a list of truth values, a set of sixteen
        b"\x1b\x00\x1b\x02\x8c\x01a\x15\x02\x00\x01b\x00",  # an empty map, one of bytes to structs
        b"\x05\x80\x01\x06",  # field 64, its number after its type
    ]
    assert read_struct(b"".join(fields) + b"\x15\x54\x00", {65: int}) == {65: 42}
    assert read_struct(b"\x1c" + b"".join(fields) + b"\x00\x15\x54\x00", {2: int}) == {2: 42}


@pytest.mark.parametrize(
    ("data", "seen"),
    [
        (b"\x1c" * 100, "nested more than 32 deep"),
        (b"\x19\x1c" + b"\x19\x1c" * 100, "nested more than 32 deep"),
        (b"\x19" + b"\x19" * 100, "nested more than 32 deep"),
        (b"\x1b" + b"\x01\xbb" * 100, "nested more than 32 deep"),
        (b"\x1e\x00", "unknown type 14"),
        (b"\x15" + b"\xff" * 20 + b"\x00\x00", "more than 64 bits"),
        (b"\x19\xf5\xff\xff\xff\x7f\x00", "ends in the middle"),
        (b"\x18\xff\xff\x7f\x00", "ends in the middle"),
        (b"\x17\x00", "ends in the middle"),
    ],
)
def test_bytes_that_are_no_message_are_told(data: bytes, seen: str) -> None:
    with pytest.raises(MalformedError, match=seen):
        read_struct(data, {1: int} if data.startswith(b"\x15") else {})


def test_a_message_cut_anywhere_is_told() -> None:
    data = footer_of(io.BytesIO(written(pa.timestamp("us"))), "x.parquet")
    read_struct(data, {})
    for size in range(len(data) - 1):
        with pytest.raises(MalformedError):
            read_struct(data[:size], {})
