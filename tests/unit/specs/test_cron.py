"""How often a schedule is due: never claimed wrongly, with croniter as the judge."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from croniter import croniter
from hypothesis import given
from hypothesis import strategies as st

from ml.specs.cron import step_of

minutes = st.one_of(st.integers(0, 59).map(str), st.integers(1, 59).map("*/{}".format), st.just("*"))
hours = st.one_of(st.integers(0, 23).map(str), st.integers(1, 23).map("*/{}".format), st.just("*"))
days = st.sampled_from(["*", "1", "*/2"])
weekdays = st.sampled_from(["*", "0", "5", "7", "MON", "sun", "1-5", "1,4"])


@given(minute=minutes, hour=hours, day=days, month=st.sampled_from(["*", "1"]), weekday=weekdays)
def test_a_step_is_the_time_between_any_two_moments(minute: str, hour: str, day: str, month: str, weekday: str) -> None:
    schedule = f"{minute} {hour} {day} {month} {weekday}"
    step = step_of(schedule)
    ticks = croniter(schedule, datetime(2026, 2, 25, tzinfo=UTC))
    found = [ticks.get_next(datetime) for _ in range(100)]
    assert step is None or {later - earlier for earlier, later in pairwise(found)} == {step}


@pytest.mark.parametrize(
    ("schedule", "step"),
    [
        ("@hourly", timedelta(hours=1)),
        ("@daily", timedelta(days=1)),
        ("@weekly", timedelta(days=7)),
        ("30 6 * * *", timedelta(days=1)),
        ("0 6 * * MON", timedelta(days=7)),
        ("5 */6 * * *", timedelta(hours=6)),
        ("*/20 * * * *", timedelta(minutes=20)),
        ("@monthly", None),
        ("0 0 1 * *", None),
        ("0 */5 * * *", None),
        ("0 6 * * 1-5", None),
        ("@once", None),
    ],
)
def test_steps_of_usual_schedules(schedule: str, step: timedelta | None) -> None:
    assert step_of(schedule) == step
