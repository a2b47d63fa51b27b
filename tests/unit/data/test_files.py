"""Files: several of them, growing ones, large ones; each parsed once as long as it does not change."""

from __future__ import annotations

import gzip
import tempfile
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.artifacts.frames import put_frame
from ml.artifacts.store import ArtifactStore
from ml.data import cache, csv_file, files
from ml.data.cache import PARSED, Parsed, PieceCache
from ml.domain.errors import DataError, SourceUnavailableError, SpecError
from ml.domain.windows import Window
from tests.unit.data.reading import SPAN, read, read_csv

STORE = ArtifactStore("memory://files")
DAY = Window.parse("2026-01-02", "2026-01-03")


def hours(count: int) -> pd.DataFrame:
    moments = pd.date_range("2026-01-01", periods=count, freq="h", tz="UTC")
    return pd.DataFrame(
        {"ts": moments.strftime("%Y-%m-%dT%H:%M:%SZ"), "x": np.arange(count) / 4, "n": np.arange(count)}
    )


@pytest.fixture(autouse=True)
def empty_cache():
    PARSED.clear()
    yield
    PARSED.clear()


@pytest.fixture
def parses(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files that were parsed."""
    seen: list[str] = []
    real = csv_file.csv_batches

    def counting(file, name, size, source, *, packed):
        seen.append(name)
        return real(file, name, size, source, packed=packed)

    monkeypatch.setattr(files, "csv_batches", counting)
    return seen


def test_one_file_is_parsed_once_for_all_windows(tmp_path: Path, parses: list[str]) -> None:
    path = tmp_path / "orders.csv.gz"
    path.write_bytes(gzip.compress(hours(240).to_csv(index=False).encode()))
    for number in range(1, 10):
        assert len(read(path, Window.parse(f"2026-01-{number:02d}", f"2026-01-{number + 1:02d}")).frame) == 24
    assert len(parses) == 1


def test_a_changed_file_is_parsed_again(tmp_path: Path, parses: list[str]) -> None:
    path = tmp_path / "orders.csv"
    hours(48).to_csv(path, index=False)
    before = read(path, DAY).frame
    hours(48).assign(x=7.25).to_csv(path, index=False)
    assert read(path, DAY).frame["x"].unique().tolist() == [7.25]
    assert before["x"].nunique() == 24, "what was given stays as it was"
    assert len(parses) == 2


def test_a_growing_file_leaves_older_windows_as_they_were(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    hours(48).to_csv(path, index=False)
    first = put_frame(STORE, read(path, DAY).frame)
    grown = hours(96).astype({"n": object})
    grown.loc[90, ["x", "n"]] = [1e300, "00501"]
    grown.to_csv(path, index=False)
    assert put_frame(STORE, read(path, DAY).frame) == first


def test_a_file_too_large_to_be_kept_gives_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    frame = hours(2000).sample(frac=1.0, random_state=1)
    frame.to_csv(tmp_path / "orders.csv", index=False)
    frame.assign(ts=pd.to_datetime(frame["ts"])).to_parquet(tmp_path / "orders.parquet", row_group_size=100)
    expected = [read(tmp_path / name, DAY).frame for name in ("orders.csv", "orders.parquet")]
    monkeypatch.setattr(csv_file, "_BLOCK", 4096)
    monkeypatch.setattr(PARSED, "limit", 1000)
    PARSED.clear()
    found = [read(tmp_path / name, DAY).frame for name in ("orders.csv", "orders.parquet")]
    for one, other in zip(expected, found, strict=True):
        pd.testing.assert_frame_equal(one, other)
    with pytest.raises(DataError, match="DV015"):
        read(tmp_path / "orders.csv", DAY, max_rows=23)


def test_the_cache_is_bounded() -> None:
    from ml.data.moments import Moments
    from ml.data.pieces import Piece

    def piece(rows: int) -> Parsed:
        import pyarrow as pa

        numbers = np.arange(rows)
        return Parsed(Piece(pa.table({"x": numbers}), Moments(numbers, numbers >= 0, numbers < 0)))

    kept = PieceCache(limit=piece(100).piece.nbytes * 2)
    for name in "abc":
        kept.put(name, piece(100))
    kept.put("large", piece(300))
    assert [name for name in ("a", "b", "c", "large") if kept.get(name) is not None] == ["b", "c"]
    assert cache.LIMIT <= 512 * 1024**2


def test_row_groups_elsewhere_are_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import pyarrow.parquet as pq

    frame = hours(480)
    frame.assign(ts=pd.to_datetime(frame["ts"])).to_parquet(tmp_path / "orders.parquet", row_group_size=24)
    monkeypatch.setattr(PARSED, "limit", 0)
    asked: list[list[int]] = []
    real = pq.ParquetFile.iter_batches

    def noting(self, rows, *, row_groups, **options):
        asked.append(row_groups)
        return real(self, rows, row_groups=row_groups, **options)

    monkeypatch.setattr(pq.ParquetFile, "iter_batches", noting)
    assert len(read(tmp_path / "orders.parquet", DAY).frame) == 24
    assert asked == [[1]]


def test_files_with_other_columns_are_reported(tmp_path: Path) -> None:
    hours(24).to_csv(tmp_path / "a.csv", index=False)
    hours(48).iloc[24:].assign(new="x").drop(columns="n").to_csv(tmp_path / "b.csv", index=False)
    result = read(tmp_path / "*.csv")
    assert list(result.frame.columns) == ["ts", "x", "n", "new"]
    assert result.frame["new"].isna().sum() == 24
    assert [finding.code for finding in result.findings] == ["DV017"]
    assert "2 of 2 files" in result.description


def test_files_of_several_formats_make_one_window(tmp_path: Path) -> None:
    hours(24).to_csv(tmp_path / "a.csv", index=False)
    later = hours(48).iloc[24:]
    later.assign(ts=pd.to_datetime(later["ts"])).to_parquet(tmp_path / "b.parquet")
    assert read(tmp_path / "*").frame["n"].tolist() == list(range(48))


def test_whole_numbers_and_numbers_of_two_parquet_files_become_numbers(tmp_path: Path) -> None:
    for name, value in (("a", 1), ("b", 0.5), ("c", "x")):
        pd.DataFrame({"ts": [pd.Timestamp("2026-01-02", tz="UTC")], "v": [value]}).to_parquet(
            tmp_path / f"{name}.parquet"
        )
    assert read(tmp_path / "[ab].parquet").frame["v"].tolist() == [1.0, 0.5]
    assert read(tmp_path / "[ac].parquet").frame["v"].tolist() == ["1", "x"]


def test_no_match_may_come_later(tmp_path: Path) -> None:
    with pytest.raises(SourceUnavailableError, match=r"There is no file .*orders-\*\.csv.*What to do"):
        read(tmp_path / "orders-*.csv")
    (tmp_path / "orders").mkdir()
    with pytest.raises(SourceUnavailableError):
        read(tmp_path / "orders")


def test_a_file_with_a_wildcard_in_its_name(tmp_path: Path) -> None:
    hours(24).to_csv(tmp_path / "orders[1].csv", index=False)
    assert len(read(tmp_path / "orders[1].csv").frame) == 24


def test_an_unknown_protocol_is_named() -> None:
    with pytest.raises(SpecError, match="nowhere"):
        read("nowhere://bucket/orders.csv")


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_line_ends_and_byte_order_marks_mean_nothing(ending: str, mark: str, tmp_path: Path) -> None:
    result = read_csv(tmp_path, mark + ending.join(["ts,x", "2026-01-01,1", "", "2026-01-02,2"]))
    assert result.frame["x"].tolist() == [1, 2]
    assert list(result.frame.columns) == ["ts", "x"]


def test_a_field_may_span_lines_beside_stray_quotes(tmp_path: Path) -> None:
    result = read_csv(tmp_path, 'ts,x\n2026-01-01,5" pipe\n2026-01-02,"two\nlines"\n')
    assert result.frame["x"].tolist() == ['5" pipe', "two\nlines"]


@pytest.mark.parametrize("mark", ["\f", "\v", "\x1c", "\x1e", "\x85", "\u2028", "\u2029"])
def test_a_name_may_hold_what_only_python_takes_for_a_line_s_end(mark: str, tmp_path: Path) -> None:
    frame = read_csv(tmp_path, f"ts,a{mark}b,n{mark}m\n2026-01-01T00:00:00Z,x{mark}y,1\n").frame
    assert list(frame.columns) == ["ts", f"a{mark}b", f"n{mark}m"]
    assert frame[f"a{mark}b"].tolist() == [f"x{mark}y"]


def test_a_name_may_hold_a_delimiter_and_a_line_break(tmp_path: Path) -> None:
    result = read_csv(tmp_path, 'ts,"a,\nb"\n2026-01-01,1\n')
    assert list(result.frame.columns) == ["ts", "a,\nb"]


CELLS = st.one_of(
    st.integers(-5, 5).map(str),
    st.sampled_from(["", "1.5", "00501", "NA", "x", '"', "a,b", "Zürich", "1e400", "line\nbreak"]),
)


@settings(max_examples=25, deadline=None)
@given(
    cells=st.lists(CELLS, min_size=1, max_size=30),
    minutes=st.lists(st.integers(0, 3 * 24 * 60 - 1), min_size=30, max_size=30),
    cuts=st.sets(st.integers(1, 29), max_size=4),
)
def test_the_digest_is_that_of_the_rows_however_the_files_are_cut(
    cells: list[str], minutes: list[int], cuts: set[int]
) -> None:
    moments = [SPAN.start + timedelta(minutes=minute) for minute in minutes[: len(cells)]]
    frame = pd.DataFrame({"ts": [f"{moment:%Y-%m-%dT%H:%M:%SZ}" for moment in moments], "x": cells})
    with tempfile.TemporaryDirectory() as folder:
        frame.to_csv(Path(folder) / "whole.csv", index=False)
        bounds = [0, *sorted(cut for cut in cuts if cut < len(cells)), len(cells)]
        for number, (first, last) in enumerate(pairwise(bounds)):
            frame.iloc[first:last].to_csv(Path(folder) / f"part-{number:02d}.csv", index=False)
        whole = read(f"{folder}/whole.csv")
        parts = read(f"{folder}/part-*.csv")
        assert put_frame(STORE, whole.frame) == put_frame(STORE, parts.frame)
        batches = _batches(f"{folder}/whole.csv")
    assert sum(batches) == len(cells), "each row is in exactly one batch"


def _batches(path: str) -> list[int]:
    rows = []
    for window in Window.parse("2026-01-01", "2026-01-04").batches(SPAN.length / 31):
        try:
            rows.append(len(read(path, window).frame))
        except DataError as error:
            if not error.empty:
                raise
    return rows
