"""A user's query reads, once, and does nothing else; no message holds a password."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

import psycopg
import pytest

from ml.data import SourceRead, read_window
from ml.data.connect import shown
from ml.data.select import check_select
from ml.data.values import column_of_values
from ml.domain.errors import DataError, EvergreenError, SourceUnavailableError, SpecError
from ml.domain.windows import Window
from ml.specs.source import SqlSource, TimeSpec

DAY = Window.parse("2026-01-01", "2026-01-02")
BOUNDS = "ts >= :start AND ts < :end"


def read(
    query: str,
    *,
    folder: Path | None = None,
    connections: Mapping[str, str] | None = None,
    window: Window = DAY,
    zone: str = "UTC",
    timeout: timedelta = timedelta(seconds=20),
) -> SourceRead:
    connection = "sqlite:///orders.db" if connections is None else "warehouse"
    return read_window(
        SqlSource(kind="sql", connection=connection, query=query, timeout=timeout),
        time=TimeSpec(column="ts", batch=timedelta(days=1), zone=zone),
        window=window,
        max_rows=1000,
        data_root=str(folder),
        resolve_connection=(connections or {}).__getitem__,
    )


@pytest.fixture
def orders(tmp_path: Path) -> Path:
    with sqlite3.connect(tmp_path / "orders.db") as connection:
        connection.execute("CREATE TABLE orders (ts, v)")
        values = [("2026-01-01 00:00:00", 1), ("2026-01-01 12:00:00.5", "x"), ("2026-01-02 00:00:00", 3)]
        connection.executemany("INSERT INTO orders VALUES (?, ?)", values)
    connection.close()
    return tmp_path


@pytest.mark.parametrize(
    "query",
    [
        "SELECT 1",
        "  select a, 'x;y' from t -- one; two\n",
        "WITH recent AS (SELECT 1) SELECT * FROM recent;",
        "(SELECT 1) UNION (SELECT 2)",
        "SELECT \"update\" FROM t WHERE note = 'drop table; --'",
        "SELECT $$ delete; $$",
        "/* insert */ SELECT 1",
        "SELECT updated_at, created FROM t",
    ],
)
def test_one_select_is_accepted(query: str) -> None:
    check_select(query)


@pytest.mark.parametrize(
    "query",
    [
        "",
        "-- nothing",
        "SELECT 1; COMMIT; CREATE TABLE t (a)",
        "select 1;;",
        "DELETE FROM t",
        "WITH gone AS (DELETE FROM t RETURNING *) SELECT * FROM gone",
        "SELECT * INTO copy FROM t",
        "EXPLAIN SELECT 1",
        "PRAGMA query_only = 0",
        "ATTACH 'x' AS y",
        "SELECT 'a' /* unclosed",
        "SELECT 'unclosed",
        "SELECT 'it''s'; DROP TABLE t",
        "SELECT '\\'; DROP TABLE t --'",
        "VALUES (1)",
    ],
)
def test_anything_else_is_refused_before_a_database_sees_it(query: str) -> None:
    with pytest.raises(DataError, match="DV023") as caught:
        check_select(query)
    assert caught.value.findings[0].code == "DV023"


def test_a_column_of_several_types_becomes_text(orders: Path) -> None:
    result = read(f"SELECT ts, v FROM orders WHERE {BOUNDS}", folder=orders)
    assert result.frame["v"].tolist() == ["1", "x"]
    assert result.frame["ts"].dt.microsecond.tolist() == [0, 500_000]
    assert result.description.startswith("sqlite:///orders.db: SELECT ts")


def test_bounds_are_in_the_zone_of_the_data(orders: Path) -> None:
    window = Window(datetime(2025, 12, 31, 23, tzinfo=UTC), datetime(2026, 1, 1, 23, tzinfo=UTC))
    result = read(f"SELECT ts, v FROM orders WHERE {BOUNDS}", folder=orders, window=window, zone="Europe/Berlin")
    assert result.frame["ts"].dt.hour.tolist() == [23, 11]


@pytest.mark.parametrize(
    ("kind", "zone", "hours"),
    [
        ("timestamptz", "UTC", [0, 23]),
        ("timestamptz", "Europe/Berlin", [0, 23]),
        ("timestamp", "UTC", [0, 23]),
        ("timestamp", "Europe/Berlin", [22]),  # half past midnight in Berlin is the day before
    ],
)
def test_postgresql_takes_naive_moments_in_the_zone_of_the_data(
    kind: str, zone: str, hours: list[int], postgres_url: str
) -> None:
    with psycopg.connect(postgres_url) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(f"CREATE TABLE orders (ts {kind})")
        connection.execute("INSERT INTO orders VALUES ('2026-01-01 00:30'), ('2026-01-01 23:30')")
    result = read(f"SELECT ts FROM orders WHERE {BOUNDS}", connections={"warehouse": postgres_url}, zone=zone)
    assert result.frame["ts"].dt.hour.tolist() == hours


@pytest.mark.parametrize(
    "query",
    [
        "SELECT ts, v FROM orders WHERE ts >= :start OR ts < :end",
        "SELECT ts, v FROM orders WHERE ts <= :end AND ts >= :start",
    ],
)
def test_rows_that_were_not_asked_for_are_refused(query: str, orders: Path) -> None:
    with pytest.raises(DataError) as caught:
        read(query, folder=orders)
    assert [(finding.code, finding.rows) for finding in caught.value.findings] == [("DV022", 1)]


@pytest.mark.parametrize(
    "select",
    [
        "SELECT load_extension('x')",
        "SELECT * FROM pragma_table_info('orders')",
        "SELECT nothing FROM orders",
        "SELECT FROM",
    ],
)
def test_sqlite_refuses_what_is_no_plain_read(select: str, orders: Path) -> None:
    with pytest.raises(DataError, match="DV023"):
        read(f"{select} /* :start :end */", folder=orders)


def test_the_authorizer_stands_behind_the_reading_of_the_text(orders: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ml.data.database.check_select", lambda query: None)
    before = (orders / "orders.db").read_bytes()
    for query in (
        "DELETE FROM orders",
        f"ATTACH '{orders / 'new.db'}' AS new",
        "CREATE TEMP TABLE t (a)",
        "PRAGMA query_only = 0",
    ):
        with pytest.raises(DataError, match="DV023"):
            read(f"{query} /* :start :end */", folder=orders)
    assert (orders / "orders.db").read_bytes() == before
    assert [path.name for path in orders.iterdir()] == ["orders.db"]


def test_postgresql_is_read_only_whatever_the_text_says(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ml.data.database.check_select", lambda query: None)
    with psycopg.connect(postgres_url) as connection:
        connection.execute("CREATE TABLE orders (ts timestamptz)")
        connection.execute("INSERT INTO orders VALUES ('2026-01-01')")
    for query in (
        f"DELETE FROM orders WHERE {BOUNDS} RETURNING ts",
        f"WITH gone AS (DELETE FROM orders WHERE {BOUNDS} RETURNING ts) SELECT ts FROM gone",
        f"SELECT ts FROM orders WHERE {BOUNDS}; COMMIT; CREATE TABLE escaped (a int)",
    ):
        with pytest.raises(DataError, match="DV023"):
            read(query, connections={"warehouse": postgres_url})
    with psycopg.connect(postgres_url) as connection:
        assert connection.execute("SELECT count(*) FROM orders").fetchone() == (1,)
        assert connection.execute("SELECT to_regclass('escaped')").fetchone() == (None,)


SLOW = (
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) AS ts FROM n WHERE :start < :end"
)


def test_time_is_limited_on_sqlite(orders: Path) -> None:
    with pytest.raises(SourceUnavailableError, match=r"interrupted.*source\.timeout"):
        read(SLOW, folder=orders, timeout=timedelta(seconds=0.1))


def test_time_is_limited_on_postgresql(postgres_url: str) -> None:
    query = "SELECT now() AS ts, pg_sleep(20)::text WHERE :start < :end"
    with pytest.raises(SourceUnavailableError, match=r"statement timeout.*source\.timeout"):
        read(query, connections={"warehouse": postgres_url}, timeout=timedelta(seconds=0.2))


SECRET = "s3cr3t/word"
QUOTED = "s3cr3t%2Fword"


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://reader:{QUOTED}@127.0.0.1:1/orders",
        f"postgres://reader:{QUOTED}@127.0.0.1:1/orders",
        f"postgresql://127.0.0.1:1/orders?user=reader&password={QUOTED}",
        f"postgresql://reader:{QUOTED}@127.0.0.1:1/orders?sslmode=nonsense",
        f"nothing://reader:{QUOTED}@host/orders",
        f"reader:{QUOTED}@host",
        f"postgresql://reader:{QUOTED}@host:port/orders",
    ],
)
def test_no_message_holds_the_password(url: str) -> None:
    with pytest.raises(EvergreenError) as caught:
        read(f"SELECT ts FROM orders WHERE {BOUNDS}", connections={"warehouse": url})
    assert isinstance(caught.value, SourceUnavailableError | SpecError)
    shown_texts = f"{caught.value} {caught.value.__cause__} {caught.value.remedy}"
    assert SECRET not in shown_texts
    assert QUOTED not in shown_texts


def test_a_wrong_password_is_not_repeated(postgres_url: str) -> None:
    from sqlalchemy import make_url

    url = make_url(postgres_url).set(username="nobody", password=SECRET)
    assert SECRET not in shown(url)
    assert QUOTED not in shown(url)
    with pytest.raises(SourceUnavailableError) as caught:
        read(
            f"SELECT ts FROM orders WHERE {BOUNDS}",
            connections={"warehouse": url.render_as_string(hide_password=False)},
        )
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("values", "kind", "expected"),
    [
        ([1, None], "int64", [1, None]),
        ([1, 0.5, Decimal("0.25")], "double", [1.0, 0.5, 0.25]),
        ([2**70, 1], "string", [str(2**70), "1"]),
        ([True, None], "bool", [True, None]),
        ([None, None], "null", [None, None]),
        (["a", 1, None], "string", ["a", "1", None]),
        ([UUID(int=1), None], "string", [str(UUID(int=1)), None]),
        ([date(2026, 1, 1)], "date32[day]", [date(2026, 1, 1)]),
        ([datetime(2026, 1, 1)], "timestamp[us]", [datetime(2026, 1, 1)]),  # noqa: DTZ001
    ],
)
def test_values_of_a_driver_become_stored_types(values: list[object], kind: str, expected: list[object]) -> None:
    column = column_of_values(values)
    assert column is not None
    assert str(column.type) == kind
    assert column.to_pylist() == expected


@pytest.mark.parametrize("ignore", [None, "", "1"])
def test_an_offset_counts_whatever_pyarrow_is_told(ignore: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYARROW_IGNORE_TIMEZONE", raising=False)
    if ignore is not None:
        monkeypatch.setenv("PYARROW_IGNORE_TIMEZONE", ignore)
    moment = datetime(2026, 1, 1, 1, 30, tzinfo=ZoneInfo("Europe/Berlin"))
    column = column_of_values([moment, None])
    assert column is not None
    assert column.to_pylist() == [moment.astimezone(UTC), None]


def test_bytes_and_structures_are_left_out(orders: Path) -> None:
    assert column_of_values([b"x"]) is None
    assert column_of_values([{"a": 1}]) is None
    result = read(f"SELECT ts, x'00' AS blob FROM orders WHERE {BOUNDS}", folder=orders)
    assert list(result.frame.columns) == ["ts"]
    assert [finding.code for finding in result.findings] == ["DV016"]
