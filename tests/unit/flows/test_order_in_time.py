"""The order of rows by their moments, which mostly come in order."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ml.flows.rows import order_in_time


@pytest.mark.parametrize("days", [[1, 1, 2, 3], [3, 1, 2, 1], [2, 2, 2], [3, 2, 1], []], ids=str)
def test_it_is_that_of_a_stable_sort(days: list[int]) -> None:
    times = pd.Series(pd.to_datetime("2026-01-01", utc=True) + pd.to_timedelta(days, unit="D")).astype(
        "datetime64[us, UTC]"
    )
    expected = sorted(range(len(days)), key=lambda place: days[place])
    assert order_in_time(times).tolist() == expected
    assert order_in_time(times).dtype == np.intp
