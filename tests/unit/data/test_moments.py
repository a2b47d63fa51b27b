"""A moment is an instant: offsets, zones, clocks set back, and rows that have none."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from ml.domain.errors import DataError
from ml.domain.windows import Window
from tests.unit.data.reading import read, read_csv

HALF_OFFSETS = ["2026-01-02T10:00:00+1", "2026-01-02T10:00:00-0", "2026-01-02T10:00:00Z\ufeff"]
"""What pandas takes for a moment with an offset, and the rule for offsets does not."""


def moments(folder: Path, *texts: str, zone: str = "UTC") -> list[str]:
    found = read_csv(folder, "\n".join(["ts,x", *(f"{text},1" for text in texts)]), zone=zone).frame["ts"]
    assert str(found.dtype) == "datetime64[us, UTC]"
    return [f"{moment:%d %H:%M:%S.%f}"[:11] if not pd.isna(moment) else "none" for moment in found]


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-05T12:00:00Z",
        "2026-01-05 12:00:00+00:00",
        "2026-01-05T14:00:00+02:00",
        "2026-01-05T14:00+02",
        "2026-01-05T12",
    ],
)
def test_a_moment_is_an_instant(text: str, tmp_path: Path) -> None:
    assert moments(tmp_path, text) == ["05 12:00:00"]


def test_offsets_may_differ_from_row_to_row(tmp_path: Path) -> None:
    found = moments(tmp_path, "2026-01-05T14:00:00+02:00", "2026-01-05", "2026-01-05T13:00:00Z")
    assert found == ["05 00:00:00", "05 12:00:00", "05 13:00:00"]


def test_a_moment_without_offset_is_in_the_spec_s_zone(tmp_path: Path) -> None:
    found = moments(tmp_path, "2026-01-05T12:00:00", "2026-01-05T12:00:00Z", zone="Europe/Berlin")
    assert found == ["05 11:00:00", "05 12:00:00"]


def test_an_hour_that_occurs_twice_is_taken_once_and_reported(tmp_path: Path) -> None:
    text = "ts,x\n2025-10-26T02:30:00,1\n2025-10-26T04:00:00,2\n"
    result = read_csv(tmp_path, text, Window.parse("2025-10-01", "2025-11-01"), zone="Europe/Berlin")
    assert result.frame["ts"].dt.hour.tolist() == [0, 3]
    assert [(finding.code, finding.rows) for finding in result.findings] == [("DV021", 1)]


def test_an_hour_that_never_was_is_no_moment(tmp_path: Path) -> None:
    text = "ts,x\n2025-03-30T01:00:00,1\n2025-03-30T02:30:00,2\n"
    result = read_csv(tmp_path, text, Window.parse("2025-03-01", "2025-04-01"), zone="Europe/Berlin")
    assert [(finding.code, finding.rows) for finding in result.findings] == [("DV020", 1)]


@pytest.mark.parametrize(
    "text", ["", "yesterday", "05.01.2026", "2026-13-01", "1767614400", "20260105", "9999-99-99T", *HALF_OFFSETS]
)
def test_a_row_without_a_moment_goes_with_the_row_before_it(text: str, tmp_path: Path) -> None:
    lines = ["ts,x", "2026-01-02T00:00:00Z,1", f"{text},2", "2026-01-03T00:00:00Z,3"]
    second = Window.parse("2026-01-02", "2026-01-03")
    result = read_csv(tmp_path, "\n".join(lines), second)
    assert result.frame["x"].tolist() == [1, 2]
    assert result.frame["ts"].isna().tolist() == [False, True]
    assert [(finding.code, finding.rows) for finding in result.findings] == [("DV020", 1)]
    third = read_csv(tmp_path, "\n".join(lines), Window.parse("2026-01-03", "2026-01-04"))
    assert third.frame["x"].tolist() == [3]
    assert third.findings == ()


def test_a_moment_far_off_is_elsewhere_and_not_unreadable(tmp_path: Path) -> None:
    text = "ts,x\n1500-01-01,1\n2026-01-02T00:00:00Z,2\n9999-12-31,3\n9999-12-31T23:59:59Z,4\n"
    result = read_csv(tmp_path, text)
    assert result.frame["x"].tolist() == [2]
    assert result.findings == ()


def test_at_the_start_of_a_file_it_goes_with_the_row_behind_it(tmp_path: Path) -> None:
    result = read_csv(tmp_path, "ts,x\n,1\n2026-01-03T00:00:00Z,2\n", Window.parse("2026-01-03", "2026-01-04"))
    assert result.frame["x"].tolist() == [1, 2]


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "UTC", "America/New_York"])
def test_timestamps_of_any_unit_and_zone(unit: str, zone: str | None, tmp_path: Path) -> None:
    times = pd.date_range("2026-01-05", periods=3, freq="h", tz=zone).as_unit(unit)
    pd.DataFrame({"ts": times, "x": [1, 2, 3]}).to_parquet(tmp_path / "orders.parquet")
    found = read(tmp_path / "orders.parquet", zone="Asia/Tokyo").frame["ts"]
    expected = times.tz_localize("Asia/Tokyo") if zone is None else times
    assert found.tolist() == expected.tz_convert("UTC").as_unit("us").tolist()


def test_dates_are_midnights(tmp_path: Path) -> None:
    pd.DataFrame({"ts": [pd.Timestamp("2026-01-05").date()], "x": [1]}).to_parquet(tmp_path / "orders.parquet")
    assert read(tmp_path / "orders.parquet").frame["ts"].tolist() == [pd.Timestamp("2026-01-05", tz="UTC")]


def test_texts_in_parquet_are_moments_too(tmp_path: Path) -> None:
    pd.DataFrame({"ts": ["2026-01-05T00:00:00Z", "soon"], "x": [1, 2]}).to_parquet(tmp_path / "orders.parquet")
    result = read(tmp_path / "orders.parquet")
    assert result.frame["x"].tolist() == [1, 2]
    assert [finding.code for finding in result.findings] == ["DV020"]


def test_not_one_readable_moment_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"DV019.*'05\.01\.26'"):
        read_csv(tmp_path, "ts,x\n05.01.26,1\n06.01.26,2\n")
