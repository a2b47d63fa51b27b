"""What every engine of profiles gives: one set of answers, to the last count, also when a worker is lost."""

from __future__ import annotations

import os
import shutil
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ml.domain.errors import EvergreenError
from ml.profiles import Profile, profile_frame
from ml.profiles.columns import CategoricalProfile
from ml.profiles.engine import Embedded, Engine, Spark, StoredTable, engine_of
from ml.specs.engine import EmbeddedSpec, SparkSpec
from tests.unit.profiles.profiled import close, layout, table

MASTER = "local-cluster[2,1,1024]"
ENGINES = ("embedded, in memory", "embedded, from the file", "spark")
needs_java = pytest.mark.skipif(shutil.which("java") is None, reason="Spark needs Java 17, and there is no java here")


@pytest.fixture(scope="module")
def spark_home() -> Iterator[None]:
    """Stop the cluster at the end; its workers are started by the first test that asks Spark."""
    yield
    from pyspark.sql import SparkSession

    session = SparkSession.getActiveSession()
    if session is not None:
        session.stop()


@pytest.fixture(params=[pytest.param(name, marks=needs_java if name == "spark" else ()) for name in ENGINES])
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def engine(name: str, request: pytest.FixtureRequest) -> Engine:
    if name != "spark":
        return Embedded()
    request.getfixturevalue("spark_home")
    return Spark(MASTER)


@pytest.fixture
def in_memory(name: str) -> bool:
    return "memory" in name


def stored(frame: pd.DataFrame, folder: Path, in_memory: bool) -> StoredTable:
    """Store a frame as Parquet, moments in microseconds, as snapshots have them."""
    path = folder / "rows"
    rows = pa.Table.from_pandas(frame, preserve_index=False)
    pq.write_table(rows, path, row_group_size=500, coerce_timestamps="us")
    return StoredTable(str(path), frame if in_memory else None)


def test_the_answers_are_those_of_the_frame(engine: Engine, in_memory: bool, tmp_path: Path) -> None:
    frame = table(4_000)
    frozen = layout(table(200, seed=5)).with_pairs([("x", "i"), ("x", "c"), ("b", "ic")])
    found, whole = engine.profile(stored(frame, tmp_path, in_memory), frozen), profile_frame(frame, frozen)
    close(found, whole)
    assert found.key_duplicates == whole.key_duplicates == 2_000
    assert found.associations["x", "i"].rows == frame[["x", "i"]].notna().all(axis=1).sum()
    assert Profile.from_bytes(found.to_bytes()) == found


def test_many_new_categories_are_counted_within_the_error(engine: Engine, in_memory: bool, tmp_path: Path) -> None:
    frame = table(4_000).assign(c=[f"new {n % 1500}" for n in range(4_000)])
    found = engine.profile(stored(frame, tmp_path, in_memory), layout(table(200))).columns["c"]
    assert isinstance(found, CategoricalProfile)
    assert found.unseen == 4_000
    assert found.distinct == pytest.approx(1_500, rel=0.066)
    assert found.others.missed <= 4_000 / 65


def test_columns_that_are_not_there_have_no_value(engine: Engine, in_memory: bool, tmp_path: Path) -> None:
    frame = table(300)[["x"]]
    found = engine.profile(stored(frame, tmp_path, in_memory), layout(table(200)))
    close(found, profile_frame(frame, layout(table(200))))
    assert found.key_duplicates is None
    nothing = engine.profile(stored(frame.rename(columns={"x": "`odd`"}), tmp_path, in_memory), layout(table(200)))
    assert (nothing.rows, nothing.columns["x"].nulls) == (300, 300)


@needs_java
def test_a_killed_worker_does_not_change_the_result(spark_home: None, tmp_path: Path) -> None:
    frame = table(60_000)
    path = tmp_path / "rows"
    path.mkdir()
    for part in range(12):
        piece = frame.iloc[part * 5_000 : (part + 1) * 5_000]
        rows = pa.Table.from_pandas(piece, preserve_index=False)
        pq.write_table(rows, path / f"{part}.parquet", coerce_timestamps="us")
    frozen = layout(table(200)).with_pairs([("x", "i"), ("x", "c")])
    engine = Spark(MASTER)
    engine.profile(StoredTable(str(path)), frozen)  # the workers are there now
    first = workers()
    assert len(first) == 2
    killer = threading.Thread(target=kill_soon, args=(min(first),))
    killer.start()
    found = engine.profile(StoredTable(str(path)), frozen)
    killer.join()
    close(found, profile_frame(frame, frozen))
    assert min(first) not in workers()


def workers() -> set[int]:
    """Numbers of the processes in which this test's Spark executes."""
    mine = {os.getpid()}
    executors = set()
    for _ in range(4):  # the cluster's processes are descendants of ours
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and parent_of(entry) in mine:
                mine.add(int(entry.name))
    for number in mine:
        command = Path(f"/proc/{number}/cmdline")
        if command.exists() and b"CoarseGrainedExecutorBackend" in command.read_bytes():
            executors.add(number)
    return executors


def parent_of(process: Path) -> int:
    try:
        return int((process / "stat").read_text().rsplit(")", 1)[1].split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return -1


def kill_soon(worker: int) -> None:
    time.sleep(0.2)
    os.kill(worker, signal.SIGKILL)


@needs_java
def test_what_spark_cannot_read_is_told(spark_home: None, tmp_path: Path) -> None:
    with pytest.raises(EvergreenError, match="could not profile"):
        Spark(MASTER).profile(StoredTable(str(tmp_path / "nowhere")), layout(table(20)))


def test_the_spec_names_the_engine() -> None:
    assert engine_of(EmbeddedSpec()) == Embedded()
    assert engine_of(SparkSpec(kind="spark", master=MASTER)) == Spark(MASTER)
