"""What every source must keep to, whatever it reads: files of every format and place, and both databases."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import fsspec
import pandas as pd
import psycopg
import pytest

from ml.artifacts.frames import put_frame
from ml.artifacts.store import ArtifactStore
from ml.data import SOURCES, SourceRead, read_window
from ml.domain.errors import DataError, SourceUnavailableError
from ml.domain.windows import Window
from ml.specs.source import FileSource, SourceSpec, SqlSource, TimeSpec

SPAN = Window.parse("2026-01-01", "2026-01-05")
DAY = timedelta(days=1)
QUERY = "SELECT order_id, ts, x, city FROM orders WHERE ts >= :start AND ts < :end ORDER BY order_id"


def rows() -> pd.DataFrame:
    """Ninety-six rows in no order of time, two for every moment, some on the very edge of a day."""
    moments = pd.date_range("2026-01-01", periods=48, freq="2h", tz="UTC")
    frame = pd.DataFrame(
        {
            "order_id": range(96),
            "ts": [*moments, *moments],
            "x": [index / 8 if index % 7 else None for index in range(96)],
            "city": [("Bern", "Zürich", None)[index % 3] for index in range(96)],
        }
    )
    return frame.sample(frac=1.0, random_state=3).sort_values("order_id", key=lambda column: column % 5, kind="stable")


@dataclass(frozen=True)
class Variant:
    """A source, and how to put rows where it reads them."""

    source: SourceSpec
    write: Callable[[pd.DataFrame], None]
    ordered_by_key: bool = False
    resolve: Callable[[str], str] = str


def _csv(frame: pd.DataFrame) -> bytes:
    moments = frame["ts"].dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    return frame.assign(ts=moments).to_csv(index=False).encode()


def _file(folder: Path, name: str, write: Callable[[pd.DataFrame, Path], None]) -> Variant:
    return Variant(FileSource(kind="file", path=name), lambda frame: write(frame, folder / name))


def _pieces(folder: Path, ending: str, write: Callable[[pd.DataFrame, Path], None]) -> Variant:
    def split(frame: pd.DataFrame) -> None:
        for number, first in enumerate(range(0, len(frame), 10)):
            write(frame.iloc[first : first + 10], folder / f"part-{number:03d}{ending}")

    return Variant(FileSource(kind="file", path=f"part-*{ending}"), split)


def _to_csv(frame: pd.DataFrame, path: Path) -> None:
    path.write_bytes(_csv(frame))


def _to_packed_csv(frame: pd.DataFrame, path: Path) -> None:
    import gzip

    path.write_bytes(gzip.compress(_csv(frame)))


def _to_parquet(frame: pd.DataFrame, path: Path) -> None:
    frame.to_parquet(path, index=False, row_group_size=16)


def _to_memory(frame: pd.DataFrame) -> None:
    with fsspec.open("memory://contract/orders.csv", "wb") as file:
        file.write(_csv(frame))


def _to_sqlite(frame: pd.DataFrame, path: Path) -> None:
    path.unlink(missing_ok=True)
    with sqlite3.connect(path) as connection:
        frame.assign(ts=frame["ts"].dt.strftime("%Y-%m-%d %H:%M:%S")).to_sql("orders", connection, index=False)
    connection.close()


def _to_postgresql(frame: pd.DataFrame, url: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("DROP TABLE IF EXISTS orders")
        connection.execute("CREATE TABLE orders (order_id bigint, ts timestamptz, x double precision, city text)")
        with connection.cursor() as cursor:
            values = frame.astype(object).where(frame.notna(), None)
            cursor.executemany("INSERT INTO orders VALUES (%s, %s, %s, %s)", values.itertuples(index=False, name=None))


VARIANTS = ("csv", "csv.gz", "parquet", "csv files", "parquet files", "memory", "sqlite", "postgresql")


@pytest.fixture(params=VARIANTS)
def variant(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Variant]:
    match request.param:
        case "csv":
            yield _file(tmp_path, "orders.csv", _to_csv)
        case "csv.gz":
            yield _file(tmp_path, "orders.csv.gz", _to_packed_csv)
        case "parquet":
            yield _file(tmp_path, "orders.parquet", _to_parquet)
        case "csv files":
            yield _pieces(tmp_path, ".csv", _to_csv)
        case "parquet files":
            yield _pieces(tmp_path, ".parquet", _to_parquet)
        case "memory":
            yield Variant(FileSource(kind="file", path="memory://contract/orders.csv"), _to_memory)
            fsspec.filesystem("memory").store.clear()
        case "sqlite":
            source = SqlSource(kind="sql", connection="sqlite:///orders.db", query=QUERY)
            yield Variant(source, lambda frame: _to_sqlite(frame, tmp_path / "orders.db"), ordered_by_key=True)
        case _:
            url = request.getfixturevalue("postgres_url")
            source = SqlSource(kind="sql", connection="warehouse", query=QUERY)
            yield Variant(
                source,
                lambda frame: _to_postgresql(frame, url),
                ordered_by_key=True,
                resolve={"warehouse": url}.__getitem__,
            )


def read(variant: Variant, folder: Path, window: Window = SPAN, *, max_rows: int = 1000) -> SourceRead:
    return read_window(
        variant.source,
        time=TimeSpec(column="ts", batch=DAY),
        window=window,
        max_rows=max_rows,
        data_root=str(folder),
        resolve_connection=variant.resolve,
    )


def test_every_kind_is_here() -> None:
    assert set(SOURCES) == {"file", "sql"}


def test_the_rows_come_as_they_are(variant: Variant, tmp_path: Path) -> None:
    frame = rows()
    variant.write(frame)
    result = read(variant, tmp_path)
    if variant.ordered_by_key:
        frame = frame.sort_values("order_id")
    expected = frame.sort_values("ts", kind="stable").reset_index(drop=True)
    expected["ts"] = expected["ts"].dt.as_unit("us")
    expected["city"] = expected["city"].astype(object).where(expected["city"].notna(), None)
    pd.testing.assert_frame_equal(result.frame, expected)
    assert result.findings == ()
    assert result.description


def test_each_row_is_in_exactly_one_batch(variant: Variant, tmp_path: Path) -> None:
    variant.write(rows())
    batches = [read(variant, tmp_path, window) for window in SPAN.batches(DAY)]
    for window, batch in zip(SPAN.batches(DAY), batches, strict=True):
        assert all(window.contains(moment) for moment in batch.frame["ts"])
        assert list(batch.frame.index) == list(range(len(batch.frame)))
    together = pd.concat([batch.frame["order_id"] for batch in batches])
    assert sorted(together) == list(range(96))


def test_same_data_same_digest_and_one_cell_another(variant: Variant, tmp_path: Path) -> None:
    store = ArtifactStore(str(tmp_path / "artifacts"))
    frame = rows()
    variant.write(frame)
    first = put_frame(store, read(variant, tmp_path).frame)
    assert put_frame(store, read(variant, tmp_path).frame) == first
    variant.write(frame)
    assert put_frame(store, read(variant, tmp_path).frame) == first
    changed = frame.copy()
    changed.iloc[50, 2] = 0.123
    variant.write(changed)
    assert put_frame(store, read(variant, tmp_path).frame) != first


def test_rows_of_other_windows_do_not_touch_the_digest(variant: Variant, tmp_path: Path) -> None:
    store = ArtifactStore(str(tmp_path / "artifacts"))
    window = Window.parse("2026-01-02", "2026-01-03")
    frame = rows()
    variant.write(frame)
    first = put_frame(store, read(variant, tmp_path, window).frame)
    later = frame["ts"] >= pd.Timestamp("2026-01-03", tz="UTC")
    variant.write(frame.assign(x=frame["x"].where(~later, 1e9), city=frame["city"].where(~later, "0501")))
    assert put_frame(store, read(variant, tmp_path, window).frame) == first


def test_a_window_without_rows_says_so(variant: Variant, tmp_path: Path) -> None:
    variant.write(rows())
    with pytest.raises(DataError) as caught:
        read(variant, tmp_path, Window.parse("2025-01-01", "2025-01-02"))
    assert caught.value.empty
    assert [finding.code for finding in caught.value.findings] == ["DV003"]


def test_more_rows_than_allowed_are_refused(variant: Variant, tmp_path: Path) -> None:
    variant.write(rows())
    with pytest.raises(DataError) as caught:
        read(variant, tmp_path, max_rows=95)
    assert [finding.code for finding in caught.value.findings] == ["DV015"]
    assert not caught.value.empty


def test_what_is_not_there_yet_may_come(variant: Variant, tmp_path: Path) -> None:
    missing: SourceSpec
    if isinstance(variant.source, FileSource):
        missing = variant.source.model_copy(
            update={"path": variant.source.path.replace("orders", "others").replace("part", "p")}
        )
    else:
        missing = variant.source.model_copy(
            update={
                "connection": "sqlite:///no.db"
                if "sqlite" in variant.source.connection
                else "postgresql://u@127.0.0.1:1/d"
            }
        )
    with pytest.raises(SourceUnavailableError) as caught:
        read(Variant(missing, variant.write), tmp_path)
    assert caught.value.remedy
