"""Many immediate stops of PostgreSQL, and many lost connections, under load."""

from __future__ import annotations

import pytest

from tests.torture.postgres import cut_off_under_load, stopped_under_load

pytestmark = pytest.mark.torture


def test_twenty_stops_lose_nothing() -> None:
    outcome = stopped_under_load(stops=20, processes=4, seconds_between=3.0)
    print(f"\n{outcome}")
    assert outcome.acknowledged > 0
    assert (outcome.lost, outcome.breaches) == (0, 0)


def test_thirty_cuts_lose_nothing() -> None:
    outcome = cut_off_under_load(cuts=30, processes=4, seconds_between=0.2)
    print(f"\n{outcome}")
    assert outcome.stops >= 30
    assert outcome.acknowledged > 0
    assert (outcome.lost, outcome.breaches) == (0, 0)
