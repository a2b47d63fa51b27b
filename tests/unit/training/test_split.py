from __future__ import annotations

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.domain.errors import DataError
from ml.domain.windows import Window, parse_moment
from ml.specs.training import AllWindow, PickedWindow, SinceWindow, SlidingWindow
from ml.training import folds_in_time, refit_set, split_batches, training_set, training_sets

START = parse_moment("2026-01-05")
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
ALL = AllWindow(kind="all")


def frame(hours) -> pd.DataFrame:
    return pd.DataFrame({"at": [pd.Timestamp(START + h * HOUR) for h in hours], "row": range(len(hours))})


def day(number: int) -> Window:
    return Window(START + number * DAY, START + (number + 1) * DAY)


def split(rows, batches, holdout=0.3, newer_than=None, enough=10_000):
    return split_batches(rows, batches, time_column="at", holdout=holdout, holdout_rows=enough, newer_than=newer_than)


def days(*numbers: int, rows: int = 4):
    """Batches of whole days, each with rows every six hours."""
    hours = [24 * number + place * 24 / rows for number in numbers for place in range(rows)]
    return frame(hours), tuple(day(number) for number in numbers)


@pytest.mark.parametrize(
    ("batches", "holdout", "held"),
    [(2, 0.3, 1), (4, 0.3, 1), (5, 0.3, 2), (10, 0.3, 3), (10, 0.05, 1), (10, 0.5, 5), (3, 0.9, 2), (2, 0.99, 1)],
)
def test_the_newest_batches_are_held_out_as_a_whole(batches, holdout, held):
    found = split(*days(*range(batches)), holdout=holdout)
    assert len(found.holdout) == 4 * held
    assert found.holdout_from == found.trained_until == START + (batches - held) * DAY
    assert list(found.holdout.index) == list(range(4 * held))


@pytest.mark.parametrize(("new", "held"), [(1, 1), (4, 1), (5, 2), (8, 2)])
def test_only_batches_newer_than_the_champion_s_data_are_held_out(new, held):
    found = split(*days(*range(20)), newer_than=START + (20 - new) * DAY)
    assert found.holdout_from == START + (20 - held) * DAY
    assert len(training_set(found, ALL).rows) == 4 * (20 - held)


def test_of_a_batch_that_the_champion_knows_in_part_the_rest_is_held_out():
    found = split(*days(0), newer_than=START + 12 * HOUR)
    assert found.holdout["row"].tolist() == [2, 3]
    assert found.trained_until == START + 12 * HOUR


def test_a_gap_before_the_hold_out_is_nothing_that_was_seen():
    found = split(*days(0, 1, 4))
    assert found.holdout_from == START + 4 * DAY
    assert found.trained_until == START + 2 * DAY


@pytest.mark.parametrize(
    ("hours", "holdout", "held"),
    [
        (range(10), 0.3, [7, 8, 9]),
        ([0, 1, 2, 2, 2], 0.3, [2, 3, 4]),
        ([0, 0, 0, 1], 0.3, [3]),
        ([0, 0, 0, 1], 0.9, [3]),
        ([3, 1, 2, 0], 0.3, [2, 0]),
    ],
)
def test_a_single_batch_is_split_inside_but_no_timestamp_is(hours, holdout, held):
    found = split(frame(hours), [day(0)], holdout)
    assert found.holdout["row"].tolist() == held
    assert found.holdout_from == found.trained_until == found.holdout["at"].iloc[0]


@pytest.mark.parametrize(
    ("hours", "newer_than", "part"),
    [
        ([0, 0, 0], None, "none can be older"),
        ([0, 1], START + DAY, "no labelled row since 2026-01-06 00:00"),
        ([0, 1], START + 2 * HOUR, "no labelled row since 2026-01-05 02:00"),
    ],
)
def test_what_cannot_be_split_is_said(hours, newer_than, part):
    with pytest.raises(DataError, match=part):
        split(frame(hours), [day(0)], newer_than=newer_than)


@st.composite
def streams(draw):
    """Batches of a few rows each at random hours of random days, with a champion or none."""
    numbers = sorted(draw(st.sets(st.integers(0, 30), min_size=1, max_size=12)))
    hours = [24 * one + hour for one in numbers for hour in draw(st.lists(st.integers(0, 23), min_size=1, max_size=5))]
    seen = draw(st.none() | st.integers(0, 31))
    return frame(draw(st.permutations(hours))), tuple(map(day, numbers)), None if seen is None else START + seen * DAY


WINDOWS = st.one_of(
    st.just(ALL),
    st.integers(1, 12).map(lambda batches: SlidingWindow(kind="sliding", batches=batches)),
    st.integers(1, 900).map(lambda hours: SlidingWindow(kind="sliding", length=hours * HOUR)),
    st.integers(0, 800).map(lambda hours: SinceWindow(kind="since", start=START + hours * HOUR)),
)


@given(streams(), st.floats(0.05, 0.95), WINDOWS)
def test_held_out_rows_are_whole_batches_newer_than_all_that_is_trained_on(stream, holdout, window):
    rows, batches, since = stream
    try:
        found = split(rows, batches, holdout, since)
    except DataError:
        assert len(set(rows["at"])) == 1 or (since is not None and batches[-1].end <= since)
        return
    everything = training_set(found, ALL).rows
    assert sorted([*everything["row"], *found.holdout["row"]]) == list(range(len(rows)))
    assert everything["at"].max() < found.holdout_from <= found.holdout["at"].min()
    assert everything["at"].max() < found.trained_until <= found.holdout_from
    if len(batches) > 1:
        assert found.holdout_from in {batch.start for batch in batches}, "no batch is cut"
        assert found.trained_until in {batch.end for batch in batches}
    if since is not None and len(batches) > 1:
        assert found.holdout_from >= since or found.holdout_from == batches[1].start
    trained, refitted = training_set(found, window), refit_set(found, window)
    assert trained.last == len(everything)
    assert refitted.last == len(rows)
    assert trained.first <= refitted.first or isinstance(window, SinceWindow)
    assert trained.rows["row"].tolist() == everything["row"].tolist()[trained.first :]


def test_windows_end_before_the_hold_out_and_a_refit_s_with_the_newest_labels():
    found = split(*days(*range(10)), newer_than=START + 9 * DAY)
    expected = {
        ALL: (0, 0),
        SlidingWindow(kind="sliding", batches=3): (6, 7),
        SlidingWindow(kind="sliding", batches=30): (0, 0),
        SlidingWindow(kind="sliding", length=2 * DAY): (7, 8),
        SlidingWindow(kind="sliding", length=999_999 * DAY): (0, 0),
        SinceWindow(kind="since", start=START + 5 * DAY): (5, 5),
        SinceWindow(kind="since", start=START + 9 * DAY): (9, 9),
    }
    for window, (trained, refitted) in expected.items():
        assert training_set(found, window).rows["row"].tolist() == list(range(4 * trained, 36))
        assert refit_set(found, window).rows["row"].tolist() == list(range(4 * refitted, 40))


def test_a_window_of_batches_skips_those_that_are_not_there():
    found = split(*days(0, 1, 5, 6, 9))
    assert training_set(found, SlidingWindow(kind="sliding", batches=2)).rows["at"].min() == START + DAY


def test_late_labels_do_not_empty_a_sliding_window():
    found = split(*days(0, 1, 2), newer_than=START + 2 * DAY)
    assert len(training_set(found, SlidingWindow(kind="sliding", length=DAY)).rows) == 4


def test_windows_of_the_same_rows_are_one():
    short, long = (SlidingWindow(kind="sliding", batches=batches) for batches in (3, 10))
    picked = PickedWindow(kind="picked")
    assert [one.window for one in training_sets(split(*days(*range(3))), picked, present=None)] == [ALL]
    assert [one.window for one in training_sets(split(*days(*range(6))), picked, present=None)] == [ALL, short]
    assert [one.window for one in training_sets(split(*days(*range(30))), picked, present=None)] == [ALL, long, short]
    assert [one.window for one in training_sets(split(*days(*range(30))), short, present=None)] == [short]


def test_the_champion_s_own_window_comes_first():
    short, long = (SlidingWindow(kind="sliding", batches=batches) for batches in (3, 10))
    days_of = split(*days(*range(30)))
    found = training_sets(days_of, PickedWindow(kind="picked"), present=short)
    assert [one.window for one in found] == [short, ALL, long]
    assert [one.window for one in training_sets(days_of, short, present=ALL)] == [short]


@pytest.mark.parametrize(("enough", "held"), [(1, 1), (4, 1), (5, 2), (8, 2), (9, 3), (1000, 3)])
def test_no_more_of_a_champion_s_newer_batches_are_held_out_than_have_enough_rows(enough, held):
    rows, batches = days(*range(20))
    found = split(rows, batches, newer_than=START + 10 * DAY, enough=enough)
    assert found.holdout_from == START + (20 - held) * DAY
    assert len(split(rows, batches, enough=enough).holdout) == 4 * 6  # a first version is judged on its share


def test_batches_that_overlap_are_parted_by_time():
    """Windows asked for by hand may overlap: then the moment counts, whatever batch a row came with."""
    rows = frame([0, 6, 12, 18, 12, 18, 24, 30, 24, 30, 36, 42])
    batches = [day(0), Window(START + 12 * HOUR, START + 36 * HOUR), day(1)]
    found = split(rows, batches)
    assert found.holdout_from == found.trained_until == START + DAY
    assert training_set(found, ALL).rows["at"].max() < found.holdout["at"].min()


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
