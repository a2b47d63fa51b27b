from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.domain.windows import Window, floor_to, format_duration, parse_duration, parse_moment, resolve_window

WEEK = timedelta(days=7)
NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)

moments = st.datetimes(
    datetime(1990, 1, 1),  # noqa: DTZ001  # the zone comes with the strategy
    datetime(2060, 1, 1),  # noqa: DTZ001
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30)), timezone(timedelta(hours=-8))]),
)
lengths = st.integers(1, 90 * 24 * 60).map(lambda minutes: timedelta(minutes=minutes))
windows = st.builds(lambda start, length: Window(start, start + length), moments, lengths)


@given(windows, lengths)
def test_batches_part_a_window_without_gap_or_overlap(window: Window, length: timedelta) -> None:
    length = max(length, window.length / 500)
    batches = list(window.batches(length))
    assert len(batches) == window.length // length
    assert all(batch.length == length for batch in batches)
    for first, second in itertools.pairwise(batches):
        assert first.end == second.start
    if batches:
        assert batches[0].start == window.start
        assert window.end - batches[-1].end < length


@given(windows, moments, lengths)
def test_every_moment_lies_in_at_most_one_batch(window: Window, moment: datetime, length: timedelta) -> None:
    length = max(length, window.length / 500)
    found = [batch for batch in window.batches(length) if batch.contains(moment)]
    assert len(found) <= 1
    if found:
        assert window.contains(moment)


@given(moments, lengths)
def test_a_boundary_is_at_most_a_batch_away(moment: datetime, length: timedelta) -> None:
    boundary = floor_to(moment, length)
    assert boundary <= moment < boundary + length
    assert floor_to(boundary, length) == boundary


@given(st.integers(1, 10_000), st.sampled_from("smhdw"))
def test_a_duration_is_read_as_it_is_written(number: int, unit: str) -> None:
    duration = parse_duration(f"{number}{unit}")
    assert parse_duration(format_duration(duration)) == duration


@pytest.mark.parametrize("text", ["", "7", "d", "7 d", "-1d", "1.5d", "7D", "7d\n", "٧d", "9999999999d", "999999999w"])
def test_what_is_no_duration_says_what_is(text: str) -> None:
    with pytest.raises(ValueError, match=r"duration|calendar"):
        parse_duration(text)


def test_the_same_instant_is_the_same_window_in_any_zone() -> None:
    east = timezone(timedelta(hours=2))
    there = Window(datetime(2026, 1, 1, 2, tzinfo=east), datetime(2026, 1, 2, 2, tzinfo=east))
    assert there == Window.parse("2026-01-01", "2026-01-02")


def test_a_naive_or_empty_window_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        Window(datetime(2026, 1, 1), datetime(2026, 1, 2))  # noqa: DTZ001
    with pytest.raises(ValueError, match="empty"):
        Window.parse("2026-01-02", "2026-01-02")
    with pytest.raises(ValueError, match="ISO 8601"):
        parse_moment("the day before yesterday")


START, END = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 3, tzinfo=UTC)


@pytest.mark.parametrize(
    ("given_by", "expected"),
    [
        ({"asked": (START, END), "interval": Window.parse("2025-01-01", "2025-01-08")}, Window(START, END)),
        ({"asked": (START, None)}, Window(START, START + WEEK)),
        ({"asked": (None, END)}, Window(END - WEEK, END)),
        ({"interval": Window(START, END), "watermark": NOW}, Window(START, END)),
        ({"watermark": START}, Window(START, START + WEEK)),
        ({}, Window.parse("2026-02-19", "2026-02-26")),
    ],
    ids=["asked", "from", "until", "interval", "watermark", "nothing known"],
)
def test_a_run_has_one_window_whoever_started_it(given_by: dict, expected: Window) -> None:
    assert resolve_window(batch=WEEK, now=NOW, **given_by) == expected


@given(moments, lengths)
def test_without_anything_known_the_last_whole_batch_is_over(now: datetime, batch: timedelta) -> None:
    window = resolve_window(batch=batch, now=now)
    assert window.length == batch
    assert window.end <= now < window.end + batch
