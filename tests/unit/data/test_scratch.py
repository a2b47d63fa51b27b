"""What waits on the disk is gone with who waits for it, and with a process that is killed too."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ml.artifacts import rows as rows_module
from ml.artifacts.rows import put_rows
from ml.artifacts.store import ArtifactStore
from ml.data import spool
from ml.data.cache import PARSED
from ml.data.scratch import Scratch
from ml.domain.errors import SourceUnavailableError
from tests.unit.data.reading import SPAN, read

ROWS = 200
DIES = """
import os, signal, sys
from ml.data import spool
from ml.data.cache import PARSED
from tests.unit.data.reading import read
PARSED.limit, spool.LIMIT = -1, 200
tables = read(sys.argv[1]).rows.read(None)
print(next(tables).num_rows, flush=True)
if sys.argv[2] == "killed":
    os.kill(os.getpid(), signal.SIGKILL)
os._exit(0)
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder of its own for what is temporary."""
    path = tmp_path / "temporary"
    path.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(path))
    return path


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "orders.parquet"
    moments = pa.array([SPAN.start] * ROWS, pa.timestamp("us", "UTC"))
    pq.write_table(pa.table({"ts": moments, "x": pa.array(range(ROWS), pa.int64())}), path)
    return path


@pytest.fixture
def files(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Let every window be a large one; return a list that gets the files in which rows wait."""
    made: list[Any] = []
    real = tempfile.TemporaryFile

    def noting(*arguments: Any, **options: Any) -> Any:
        made.append(real(*arguments, **options))
        return made[-1]

    monkeypatch.setattr(tempfile, "TemporaryFile", noting)
    monkeypatch.setattr(PARSED, "limit", -1)
    monkeypatch.setattr(spool, "LIMIT", 200)
    return made


@pytest.mark.parametrize("end", ["killed", "exits at once"])
def test_a_process_that_ends_without_clean_up_leaves_nothing(folder: Path, source: Path, end: str) -> None:
    environment = {**os.environ, "TMPDIR": str(folder), "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", DIES, str(source), end], env=environment, capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == str(ROWS), done.stderr
    assert list(folder.iterdir()) == []


def test_the_disk_is_free_again_when_nobody_reads_any_more(folder: Path, source: Path, files: list[Any]) -> None:
    rows = read(source).rows
    tables = rows.read(None)
    del rows
    assert [file.closed for file in files] == [False]
    assert sum(table.num_rows for table in tables) == ROWS
    del tables
    assert [file.closed for file in files] == [True]


def test_tables_come_back_in_any_order_and_after_more_was_put(folder: Path) -> None:
    scratch = Scratch()
    tables = [pa.table({"x": list(range(number))}) for number in (3, 0, 5)]
    first = scratch.put(tables[0])
    assert scratch.get(first).equals(tables[0])
    others = [scratch.put(table) for table in tables[1:]]
    assert [scratch.get(place) for place in (*others[::-1], first)] == [*tables[:0:-1], tables[0]]


@pytest.mark.parametrize("damage", ["cut", "zeros", "gone"])
def test_rows_that_do_not_come_back_are_not_the_stores_fault(
    folder: Path, source: Path, files: list[Any], monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    monkeypatch.setattr(rows_module, "WHOLE", 0)
    rows = read(source).rows
    size = os.fstat(files[0].fileno()).st_size
    if damage != "gone":
        os.ftruncate(files[0].fileno(), size // 2 if damage == "cut" else 0)
    if damage == "zeros":
        os.ftruncate(files[0].fileno(), size)
    if damage == "gone":  # as on a disk that fails: every call is answered by an error
        other = os.open(folder, os.O_RDONLY)
        os.dup2(other, files[0].fileno())
        os.close(other)
    store = ArtifactStore(str(folder.parent / "artifacts"))
    with pytest.raises(SourceUnavailableError, match=rf"{folder} \(TMPDIR\) cannot be read back.*run again"):
        put_rows(store, rows)
    assert list(store.stored()) == []


def test_not_one_row_is_lost_wherever_the_file_is_cut(folder: Path, files: list[Any]) -> None:
    scratch = Scratch()
    place = scratch.put(pa.table({"x": [1, 2, 3], "city": ["Bern", None, "Oslo"]}))
    for size in reversed(range(place.size - 8)):  # the last eight bytes say that nothing follows
        os.ftruncate(files[0].fileno(), size)
        with pytest.raises(SourceUnavailableError, match="cannot be read back"):
            scratch.get(place)


def test_a_full_disk_is_named_with_the_way_out(
    folder: Path, source: Path, files: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*arguments: Any, **options: Any) -> Any:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    with pytest.raises(SourceUnavailableError, match=rf"{folder} \(TMPDIR\) cannot hold it: .*No space left.*TMPDIR"):
        read(source)
