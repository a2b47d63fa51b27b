from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.monitoring import BatchLabels, windows_due
from tests.builders import WEEK, week

DELAY = 2 * WEEK


@pytest.mark.parametrize(
    ("weeks_later", "labelled", "due"),
    [
        (1, None, False),
        (2, None, True),
        (2, 99, True),
        (2, 100, False),
        (6, 99, True),
        (7, 99, False),
        (50, None, True),
    ],
)
def test_labels_are_read_from_their_time_until_patience_ends(weeks_later: int, labelled: int | None, due: bool) -> None:
    batch = BatchLabels(week(3), 100, labelled)
    as_of = week(3).end + weeks_later * WEEK
    assert windows_due([batch], delay=DELAY, patience=4 * WEEK, as_of=as_of) == ((week(3),) if due else ())


def test_windows_come_in_time_order() -> None:
    batches = [BatchLabels(week(number), 1, None) for number in (2, 0, 1)]
    assert windows_due(batches, delay=DELAY, patience=WEEK, as_of=week(9).end) == (week(0), week(1), week(2))


@given(
    labelled=st.one_of(st.none(), st.integers(0, 10)),
    delay=st.timedeltas(timedelta(0), timedelta(days=999_999_999)),
    patience=st.timedeltas(timedelta(0), timedelta(days=999_999_999)),
    number=st.integers(0, 20),
)
def test_never_before_its_time(labelled: int | None, delay: timedelta, patience: timedelta, number: int) -> None:
    batches = [BatchLabels(week(each), 10, labelled) for each in range(number + 1)]
    as_of = week(number).end
    for window in windows_due(batches, delay=delay, patience=patience, as_of=as_of):
        assert as_of - window.end >= delay
