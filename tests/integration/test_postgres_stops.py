"""PostgreSQL stops at once under load: nothing that was acknowledged is missing afterwards."""

from __future__ import annotations

from tests.torture.postgres import cut_off_under_load, stopped_under_load


def test_what_was_acknowledged_survives_an_immediate_stop() -> None:
    outcome = stopped_under_load(stops=2, processes=2, seconds_between=2.0)
    assert outcome.acknowledged > 0
    assert outcome.cut_off > 0, "the stops were felt"
    assert (outcome.lost, outcome.breaches) == (0, 0), outcome
    assert outcome.on_record >= outcome.acknowledged


def test_what_was_acknowledged_survives_lost_connections() -> None:
    outcome = cut_off_under_load(cuts=4, processes=2, seconds_between=0.2)
    assert outcome.stops >= 4, "connections were there to be cut"
    assert outcome.acknowledged > 0
    assert (outcome.lost, outcome.breaches) == (0, 0), outcome
