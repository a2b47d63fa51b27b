"""Many immediate stops of PostgreSQL under load."""

from __future__ import annotations

import pytest

from tests.torture.postgres import stopped_under_load

pytestmark = pytest.mark.torture


def test_twenty_stops_lose_nothing() -> None:
    outcome = stopped_under_load(stops=20, processes=4, seconds_between=3.0)
    print(f"\n{outcome}")
    assert outcome.acknowledged > 0
    assert (outcome.lost, outcome.breaches) == (0, 0)
