"""Training windows: what is tried, and how a version's manifest keeps the picked one."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ml.domain.windows import parse_moment
from ml.specs.training import (
    AllWindow,
    FixedWindow,
    PickedWindow,
    SinceWindow,
    SlidingWindow,
    TrainingSpec,
    candidates_of,
    window_from,
    window_json,
)

ALL = AllWindow(kind="all")


def test_the_default_prefers_all_rows() -> None:
    assert TrainingSpec().window == PickedWindow(kind="picked")
    tried = candidates_of(TrainingSpec().window)
    assert tried == (ALL, SlidingWindow(kind="sliding", batches=10), SlidingWindow(kind="sliding", batches=3))
    assert candidates_of(ALL) == (ALL,)


@pytest.mark.parametrize(
    ("window", "written"),
    [
        (ALL, {"kind": "all"}),
        (SlidingWindow(kind="sliding", batches=3), {"kind": "sliding", "batches": 3}),
        (SlidingWindow(kind="sliding", length=timedelta(weeks=8)), {"kind": "sliding", "length": "8w"}),
        (
            SinceWindow(kind="since", start=parse_moment("2026-01-05")),
            {"kind": "since", "start": "2026-01-05T00:00:00+00:00"},
        ),
    ],
    ids=lambda value: value.kind if not isinstance(value, dict) else "",
)
def test_a_window_is_written_as_in_a_spec_and_read_again(window: FixedWindow, written: dict[str, object]) -> None:
    assert window_json(window) == written
    assert window_from(written) == window
