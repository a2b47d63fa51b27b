"""The corpus of bad data: small files, each with the finding that it must lead to and whether it stops the batch.

Every file is a variation of :func:`good`, written when a test asks for it: what is wrong with it can be read here.
"""

from __future__ import annotations

import gzip
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

HEADER = "order_id,ts,x,zip,late"
START = datetime(2026, 1, 1, tzinfo=UTC)
ROWS = 40


@dataclass(frozen=True)
class BadFile:
    """``stops``: the batch cannot be used; else the finding is a warning, and the other rows go on."""

    name: str
    code: str
    content: Callable[[], bytes]
    stops: bool = True
    source: Mapping[str, Any] = field(default_factory=dict)
    time: Mapping[str, Any] = field(default_factory=dict)
    checks: Mapping[str, Any] = field(default_factory=dict)


def good() -> list[list[str]]:
    """Forty rows of two days; the postal codes begin with zeros."""
    moments = [START + index * timedelta(hours=1) for index in range(ROWS)]
    return [
        [str(index), f"{moment:%Y-%m-%dT%H:%M:%SZ}", f"{index / 8}", f"0{index % 4}501", str(index % 2)]
        for index, moment in enumerate(moments)
    ]


def text(rows: list[list[str]], header: str = HEADER) -> bytes:
    return "\n".join([header, *(",".join(row) for row in rows)]).encode() + b"\n"


def with_cell(row: int, column: int, value: str) -> bytes:
    """The good file with one other cell."""
    rows = good()
    rows[row][column] = value
    return text(rows)


def with_column(column: int, change: Callable[[str], str]) -> bytes:
    rows = good()
    for row in rows:
        row[column] = change(row[column])
    return text(rows)


def with_line(number: int, line: str) -> bytes:
    """The good file with one line more."""
    lines = text(good()).decode().splitlines()
    return "\n".join([*lines[:number], line, *lines[number:]]).encode() + b"\n"


def table(**columns: Any) -> pa.Table:
    frame = pd.read_csv(io.BytesIO(text(good())), dtype={"zip": str}, parse_dates=["ts"])
    return pa.Table.from_pandas(frame.assign(**columns), preserve_index=False)


def parquet(rows: pa.Table, **options: Any) -> bytes:
    sink = io.BytesIO()
    pq.write_table(rows, sink, **options)
    return sink.getvalue()


def bomb() -> bytes:
    """A third of a megabyte that unpacks to seventy, all of it well-formed."""
    return gzip.compress(text(good() + good()[:1] * 2_000_000), compresslevel=9)


def parquet_not_utf8() -> bytes:
    return parquet(table(), use_dictionary=False, compression="none", write_statistics=False).replace(
        b"00501", b"\xff" * 5, 1
    )


def parquet_bomb() -> bytes:
    rows = 3_000_000
    moments = pa.array([START.replace(tzinfo=None)] * rows, pa.timestamp("us"))
    return parquet(pa.table({"ts": moments, **{f"c{place}": pa.nulls(rows, pa.float64()) for place in range(6)}}))


def wide() -> bytes:
    header = ",".join([HEADER, *(f"c{place}" for place in range(100_000))])
    return text([[*row, *(["1"] * 100_000)] for row in good()[:1]], header)


CORPUS: tuple[BadFile, ...] = (
    # structure
    BadFile("empty.csv", "DV001", lambda: b""),
    BadFile("only_line_breaks.csv", "DV001", lambda: b"\n\n\r\n"),
    BadFile("empty.csv.gz", "DV001", lambda: gzip.compress(b"")),
    BadFile("empty.parquet", "DV001", lambda: b""),
    BadFile("header_only.csv", "DV002", lambda: HEADER.encode() + b"\n"),
    BadFile("header_without_line_break.csv", "DV002", HEADER.encode),
    BadFile("another_year.csv", "DV003", lambda: text(good()).replace(b"2026-", b"2025-")),
    BadFile("one_field_too_many.csv", "DV004", lambda: with_line(7, "99,2026-01-01T05:00:00Z,1,2,01501,1")),
    BadFile("one_field_too_few.csv", "DV004", lambda: with_line(7, "99,2026-01-01T05:00:00Z,1,01501")),
    BadFile("every_row_too_long.csv", "DV004", lambda: text([[*row, "1"] for row in good()])),
    BadFile("cut_in_a_row.csv", "DV004", lambda: text(good())[:-8]),
    BadFile("column_twice.csv", "DV005", lambda: text(good(), "order_id,ts,x,x,late")),
    BadFile("nameless_column.csv", "DV005", lambda: text([["0", *row] for row in good()], f",{HEADER}")),
    BadFile("nul_bytes.csv", "DV006", lambda: with_cell(5, 3, "01\x00501")),
    BadFile("torn_by_a_crash.csv", "DV006", lambda: text(good()) + bytes(512)),
    BadFile("utf16.csv", "DV006", lambda: text(good()).decode().encode("utf-16")),
    BadFile("latin1.csv", "DV007", lambda: with_cell(5, 3, "Zürich").decode().encode("latin-1")),
    BadFile(
        "latin1_header.csv", "DV007", lambda: text(good(), "order_id,ts,größe,zip,late").decode().encode("latin-1")
    ),
    BadFile("hundred_thousand_columns.csv", "DV008", wide),
    BadFile("huge_field.csv", "DV009", lambda: with_cell(5, 3, "x" * 2_000_000)),
    BadFile("huge_field_of_a_block.csv", "DV009", lambda: with_cell(5, 3, "x" * 20_000_000)),
    BadFile("open_quote.csv", "DV010", lambda: with_cell(30, 4, '"1')),
    BadFile("open_quote_in_header.csv", "DV010", lambda: text(good(), 'order_id,ts,x,zip,"late')),
    BadFile("bomb.csv.gz", "DV011", bomb),
    BadFile("cut.csv.gz", "DV012", lambda: gzip.compress(text(good()))[:-20]),
    BadFile("altered.csv.gz", "DV012", lambda: gzip.compress(text(good()), mtime=0)[:60] + b"\xff" * 40),
    BadFile("not_gzipped.csv.gz", "DV012", lambda: text(good())),
    BadFile("parquet_named.csv", "DV013", lambda: parquet(table())),
    BadFile("spreadsheet.csv", "DV013", lambda: b"PK\x03\x04" + bytes(range(1, 200))),
    BadFile("text_named.parquet", "DV013", lambda: text(good())),
    BadFile("cut.parquet", "DV013", lambda: parquet(table())[:-40]),
    BadFile("orders.unknown", "DV013", lambda: text(good())),
    BadFile("not_utf8.parquet", "DV013", parquet_not_utf8),
    BadFile("bomb.parquet", "DV014", parquet_bomb),
    BadFile("too_many_rows.csv", "DV015", lambda: text(good()), checks={"max_rows": 10}),
    BadFile("lists.parquet", "DV016", lambda: parquet(table(tags=pd.Series([["a", "b"]] * ROWS))), stops=False),
    BadFile("same_name_twice.parquet", "DV005", lambda: parquet(table().append_column("x", pa.nulls(ROWS)))),
    BadFile(
        "decimal_comma.csv",
        "DV018",
        lambda: text(good()).replace(b",", b";").replace(b".", b","),
        source={"delimiter": ";"},
    ),
    # time
    BadFile("no_time_column.csv", "DV019", lambda: text(good(), "order_id,when,x,zip,late")),
    BadFile("other_delimiter.csv", "DV019", lambda: text(good()).replace(b",", b"\t")),
    BadFile("no_moment_readable.csv", "DV019", lambda: with_column(1, lambda cell: f"{cell[8:10]}.01.26")),
    BadFile("time_is_a_number.parquet", "DV019", lambda: parquet(table(ts=range(ROWS)))),
    BadFile("a_moment_unreadable.csv", "DV020", lambda: with_cell(5, 1, "yesterday"), stops=False),
    BadFile("a_date_that_is_none.csv", "DV020", lambda: with_cell(5, 1, "2026-02-30T00:00:00Z"), stops=False),
    BadFile("a_moment_missing.csv", "DV040", lambda: with_cell(0, 1, ""), stops=False),
    BadFile(
        "a_moment_missing.parquet",
        "DV040",
        lambda: parquet(table(ts=lambda frame: frame["ts"].where(frame.index != 9))),
        stops=False,
    ),
    BadFile(
        "clocks_set_back.csv",
        "DV021",
        lambda: text(good()[:2]).replace(b"2026-01-01T00:00:00Z", b"2025-10-26T02:30:00").replace(b"01Z", b"01"),
        stops=False,
        time={"zone": "Europe/Berlin"},
    ),
    # values
    BadFile("column_missing.csv", "DV030", lambda: text([row[:2] + row[3:] for row in good()], "order_id,ts,zip,late")),
    BadFile("new_column.csv", "DV031", lambda: text([[*row, "1"] for row in good()], f"{HEADER},new"), stops=False),
    BadFile("a_text_among_numbers.csv", "DV032", lambda: with_cell(5, 2, "n/a"), stops=False),
    BadFile("zeros_in_front_of_a_number.csv", "DV032", lambda: with_cell(5, 2, "007"), stops=False),
    BadFile("all_texts.csv", "DV044", lambda: with_column(2, lambda cell: f"{cell} EUR")),
    BadFile("numbers_for_texts.csv", "DV032", lambda: with_column(3, lambda _: "1.50")),
    BadFile("too_large_a_number.csv", "DV033", lambda: with_cell(5, 2, "1e400"), stops=False),
    BadFile("beyond_64_bits.csv", "DV033", lambda: with_cell(5, 4, "18446744073709551616"), stops=False),
    BadFile(
        "infinite.parquet",
        "DV033",
        lambda: parquet(table(x=lambda frame: frame["x"].where(frame.index != 9, float("inf")))),
        stops=False,
    ),
    BadFile(
        "value_missing.csv",
        "DV034",
        lambda: with_cell(5, 2, ""),
        stops=False,
        checks={"columns": {"x": {"nullable": False}}},
    ),
    BadFile("key_missing.csv", "DV034", lambda: with_cell(5, 0, ""), stops=False),
    BadFile(
        "half_missing.csv",
        "DV035",
        lambda: text([[*row[:2], "" if int(row[0]) % 2 else row[2], *row[3:]] for row in good()]),
        checks={"columns": {"x": {"max_null_share": 0.1}}},
    ),
    BadFile(
        "too_small.csv", "DV036", lambda: with_cell(5, 2, "-1"), stops=False, checks={"columns": {"x": {"min": 0.0}}}
    ),
    BadFile(
        "too_large.csv", "DV037", lambda: with_cell(5, 2, "999"), stops=False, checks={"columns": {"x": {"max": 9.0}}}
    ),
    BadFile(
        "unknown_category.csv",
        "DV038",
        lambda: with_cell(5, 4, "2"),
        stops=False,
        checks={"columns": {"late": {"categories": ["0", "1"]}}},
    ),
    BadFile("key_twice.csv", "DV039", lambda: with_cell(5, 0, "4"), stops=False),
    BadFile("too_few_rows.csv", "DV041", lambda: text(good()[:3]), checks={"min_rows": 10}),
    BadFile("unusual_volume.csv", "DV042", lambda: text(good()[:3]), stops=False),
    BadFile("stale.csv", "DV043", lambda: text(good()[:3]), checks={"max_age": "12h"}),
    BadFile(
        "mostly_numbers.csv",
        "DV045",
        lambda: with_column(3, lambda cell: cell[1:] if cell != "00501" else "none"),
        stops=False,
    ),
    BadFile("nothing_in_a_column.csv", "DV046", lambda: with_column(2, lambda _: ""), stops=False),
)
"""Every bad file."""
