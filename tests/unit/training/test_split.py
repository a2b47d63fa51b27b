from __future__ import annotations

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.domain.errors import DataError
from ml.domain.windows import parse_moment
from ml.specs.training import AllWindow, SinceWindow, SlidingWindow
from ml.training import folds_in_time, select_rows, split_in_time

START = parse_moment("2026-01-05")
HOUR = timedelta(hours=1)


def frame(hours) -> pd.DataFrame:
    return pd.DataFrame({"at": [pd.Timestamp(START + h * HOUR) for h in hours], "row": range(len(hours))})


def split(rows, holdout=0.3, newer_than=None):
    return split_in_time(rows, time_column="at", holdout=holdout, newer_than=newer_than)


def test_the_newest_share_is_held_out():
    found = split(frame(range(10)))
    assert found.train["row"].tolist() == list(range(7))
    assert found.holdout["row"].tolist() == [7, 8, 9]
    assert found.holdout_from == START + 7 * HOUR
    assert list(found.holdout.index) == [0, 1, 2]


def test_only_new_rows_are_held_out_and_old_ones_are_trained_on():
    found = split(frame(range(10)), 0.5, newer_than=START + 6 * HOUR)
    assert found.holdout["row"].tolist() == [8, 9]
    assert len(found.train) == 8


def test_a_timestamp_is_never_cut():
    assert split(frame([0, 1, 2, 2, 2])).holdout["row"].tolist() == [2, 3, 4]
    assert split(frame([0, 0, 0, 1])).holdout["row"].tolist() == [3]
    assert split(frame([0, 0, 0, 1]), 0.9).holdout["row"].tolist() == [3]


def test_rows_out_of_order_are_put_in_order():
    assert split(frame([3, 1, 2, 0])).holdout["row"].tolist() == [2, 0]


@pytest.mark.parametrize(
    ("hours", "newer_than", "part"),
    [([0, 0, 0], None, "none can be older"), ([0, 1], START + 2 * HOUR, "no labelled row since 2026-01-05 02:00")],
)
def test_what_cannot_be_split_is_said(hours, newer_than, part):
    with pytest.raises(DataError, match=part):
        split(frame(hours), newer_than=newer_than)


@given(
    st.lists(st.integers(0, 30), min_size=2, max_size=60),
    st.floats(0.05, 0.95),
    st.none() | st.integers(0, 30),
)
def test_held_out_rows_are_newer_than_all_others(hours, holdout, newer_than):
    since = None if newer_than is None else START + newer_than * HOUR
    try:
        found = split(frame(hours), holdout, since)
    except DataError:
        assert len(set(hours)) == 1 or (newer_than is not None and max(hours) < newer_than)
        return
    assert len(found.train) + len(found.holdout) == len(hours)
    assert len(found.train) > 0
    assert len(found.holdout) > 0
    assert found.train["at"].max() < found.holdout_from == found.holdout["at"].min()
    if since is not None:
        assert found.holdout_from >= since or len(found.train["at"].unique()) == 1


@pytest.mark.parametrize(
    ("window", "rows"),
    [
        (AllWindow(kind="all"), [0, 1, 2, 3, 4]),
        (SlidingWindow(kind="sliding", length=2 * HOUR), [3, 4]),
        (SinceWindow(kind="since", start=START + HOUR), [1, 2, 3, 4]),
    ],
)
def test_windows_end_before_now(window, rows):
    found = select_rows(frame(range(8)), time_column="at", window=window, as_of=START + 5 * HOUR)
    assert found["row"].tolist() == rows


@given(st.lists(st.integers(0, 20), min_size=1, max_size=60), st.integers(2, 6))
def test_folds_go_forward_and_never_cut_a_timestamp(hours, folds):
    times = pd.Series(sorted(pd.Timestamp(START + h * HOUR) for h in hours))
    found = list(folds_in_time(times, folds))
    assert len(found) <= folds
    for train, test in found:
        assert times.iloc[train].max() < times.iloc[test].min()
    scored = [place for _, test in found for place in range(len(times))[test]]
    assert scored == list(range(scored[0], len(times))) if scored else len(set(hours)) == 1
    if len(set(hours)) == len(hours) > folds:
        assert len(found) == folds
        assert np.ptp([len(range(len(times))[test]) for _, test in found]) <= 1
