"""The same rows give the same digest, another cell another; what is read back is what was stored."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.artifacts.frames import frame_sha256, get_frame, put_frame
from ml.artifacts.store import ArtifactStore
from ml.domain.errors import ArtifactError, DataError

STORE = ArtifactStore("memory://frames")


def frame_of_all_types() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "whole": [1, 2, 3],
            "whole_with_gaps": pd.array([1, None, 2**62 + 1], dtype="Int64"),
            "number": [0.1, np.nan, -1e300],
            "flag": [True, False, True],
            "flag_with_gaps": pd.array([True, None, False], dtype="boolean"),
            "text": ["Zürich", None, ""],
            "moment": pd.to_datetime(["2026-01-01", None, "1900-01-01"], utc=True).as_unit("us"),
            "nothing": pd.Series([None, None, None], dtype=object),
        }
    )


def test_a_frame_comes_back_as_it_was() -> None:
    frame = frame_of_all_types()
    sha256 = put_frame(STORE, frame)
    found = get_frame(STORE, sha256)
    pd.testing.assert_frame_equal(found, frame)
    assert put_frame(STORE, found) == sha256


@pytest.mark.parametrize("column", frame_of_all_types().columns.drop("nothing"))
@pytest.mark.parametrize("row", range(3))
def test_one_changed_cell_changes_the_digest(column: str, row: int) -> None:
    frame = frame_of_all_types()
    changed = frame.copy()
    place = frame.columns.get_loc(column)
    other = {"text": "x", "moment": pd.Timestamp("2030-01-01", tz="UTC"), "flag": not frame["flag"][row]}
    changed.iloc[row, place] = other.get(column, row == 2 if column == "flag_with_gaps" else 7)
    assert put_frame(STORE, changed) != put_frame(STORE, frame)


def test_other_order_name_or_number_of_rows_changes_the_digest() -> None:
    frame = frame_of_all_types()
    digests = {
        put_frame(STORE, other)
        for other in (
            frame,
            frame.iloc[::-1],
            frame.rename(columns={"text": "Text"}),
            frame.iloc[:2],
            frame.iloc[:, ::-1],
        )
    }
    assert len(digests) == 5


def test_how_a_frame_lies_in_memory_does_not_matter() -> None:
    frame = frame_of_all_types()
    parts = pd.concat([frame.iloc[:1], frame.iloc[1:]])
    assert put_frame(STORE, parts) == put_frame(STORE, frame)
    assert put_frame(STORE, frame.astype({"number": object})) == put_frame(STORE, frame)
    assert put_frame(STORE, frame.astype({"whole": "int32"})) == put_frame(STORE, frame)
    assert put_frame(STORE, frame.astype({"text": "category"})) == put_frame(STORE, frame)


def test_row_10001_counts() -> None:
    frame = pd.DataFrame({"x": np.arange(300_000)})
    changed = frame.copy()
    changed.loc[10_001, "x"] = -1
    assert put_frame(STORE, changed) != put_frame(STORE, frame)
    pd.testing.assert_frame_equal(get_frame(STORE, put_frame(STORE, changed)), changed)


def test_an_empty_frame_is_a_frame() -> None:
    frame = frame_of_all_types().iloc[:0]
    assert list(get_frame(STORE, put_frame(STORE, frame)).columns) == list(frame.columns)


def test_values_that_do_not_go_together_are_refused() -> None:
    with pytest.raises(DataError, match="mixed"):
        put_frame(STORE, pd.DataFrame({"mixed": ["a", 1]}))


def test_what_is_no_frame_is_refused(tmp_path: Path) -> None:
    store = ArtifactStore(str(tmp_path))
    with pytest.raises(ArtifactError, match="no Parquet"):
        get_frame(store, store.put(b"something else"))


CELLS = st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False))


@settings(max_examples=50, deadline=None)
@given(st.lists(CELLS, min_size=1, max_size=20), st.lists(CELLS, min_size=1, max_size=20))
def test_equal_digests_mean_equal_rows(one: list[float | None], other: list[float | None]) -> None:
    digests = [put_frame(STORE, pd.DataFrame({"x": pd.Series(cells, dtype=float)})) for cells in (one, other)]
    same = len(one) == len(other) and all(str(a) == str(b) for a, b in zip(one, other, strict=True))
    assert (digests[0] == digests[1]) is same


def test_one_changed_cell_of_a_million_rows_changes_the_digest():
    rows = 1_000_000
    frame = pd.DataFrame({"key": np.arange(rows), "x": np.arange(rows) / 8, "city": ["Bern", "Oslo"] * (rows // 2)})
    before = frame_sha256(frame)
    for column, value in (("key", -1), ("x", 0.1), ("city", "Rome")):
        changed = frame.copy()
        changed.loc[10_001, column] = value
        assert frame_sha256(changed) != before
    assert frame_sha256(frame.copy()) == before
