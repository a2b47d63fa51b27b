"""A play with a hold in the shadow: who waits, who goes live, what it costs, how it is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from ml.domain.records import Verdict
from ml.policies.replay import Challenge, Move, Stand, account, play
from ml.policies.replay.compare import Outcome
from ml.reports.replay.words import marks_of, marks_used
from tests.unit.policies.replay.worlds import DAY, PRICES, SETTING, ToyWorld, compared, policy

HOLDS = replace(SETTING, shadow=2, grace=3 * DAY)


def moves(world: ToyWorld, **fields: Any) -> tuple[Move, ...]:
    return play(world, policy("schedule", every=4), replace(HOLDS, **fields))


def places(found: tuple[Move, ...], of: str) -> list[int]:
    return [place for place, move in enumerate(found) if getattr(move, of)]


def test_a_challenger_waits_for_its_batches_and_then_serves() -> None:
    found = moves(ToyWorld())
    first = places(found, "promoted")
    held = places(found, "held")
    assert first == [1], "the first version is not held"
    assert held == [5, 9, 13, 17, 21, 25, 29]
    assert places(found, "released") == [place + 2 for place in held[:-1]]
    assert [found[place].served for place in (7, 8)] == ["m1", "m5"], "it serves from the next batch on"
    waiting = [found[place].conclusion for place in (6, 10)]
    assert all("in_the_shadow" in {guard.kind for guard in one.guards} for one in waiting)
    assert all(one.verdict is Verdict.KEEP for one in waiting)
    assert "in_the_shadow" not in {guard.kind for guard in found[4].conclusion.guards}


def test_late_labels_make_it_wait_longer() -> None:
    found = moves(ToyWorld(delay=3))
    held = places(found, "held")
    released = [place for place, move in enumerate(found) if move.released is not None]
    assert released == [place + 5 for place in held if place + 5 < len(found)]


def test_what_does_not_stand_is_rejected_and_counts_for_the_back_off() -> None:
    class Worse(ToyWorld):
        def stands(self, *_: Any, **__: Any) -> Stand:
            return Stand(passed=False, compared=True)

    found = play(Worse(), policy("schedule", every=4).model_copy(update={"back_off": None}), HOLDS)
    assert places(found, "released") == []
    refused = [place for place, move in enumerate(found) if move.released is False]
    assert len(refused) > 3
    assert {move.served for move in found[2:]} == {"m1"}
    bill = account(found, lambda key, place: 0.0, PRICES, first=2)
    assert (bill.promoted, bill.rejected) == (0, len(refused))


@pytest.mark.parametrize("compared", [True, False])
def test_only_what_was_compared_is_an_attempt_on_these_rows(compared: bool) -> None:
    """Who comes later is told of rows on which an earlier challenger was tried; where none could tell, it was not."""
    met: list[Challenge] = []

    class Asked(ToyWorld):
        def stands(self, *_: Any, **__: Any) -> Stand:
            return Stand(passed=True, compared=compared)

        def challenge(self, step: int, champion: Any, least_gain: Any, earlier: Sequence[Challenge]) -> Any:
            met[:] = earlier
            return super().challenge(step, champion, least_gain, earlier)

    play(Asked(), policy("schedule", every=4), HOLDS)
    assert len(met) > 3
    assert {one.shadowed is not None for one in met[1:-1]} == {compared}


def test_a_look_that_is_held_pays_the_rest_when_it_goes_live() -> None:
    found = play(ToyWorld(), policy("cost"), HOLDS)
    bill = account(found, lambda key, place: 0.0, PRICES, first=2)
    looks = [place for place, move in enumerate(found) if move.held and move.conclusion.least_gain is not None]
    assert looks, "the plan looked, and found what pays"
    live = [place for place, move in enumerate(found) if move.released]
    assert all(bill.trainings[place - 2] >= PRICES.training for place in live)
    assert bill.promoted == len(live)


def test_the_pictures_mark_what_happened() -> None:
    one: Outcome = replace(
        compared().outcomes[0],
        retrained=(1, 3, 5),
        promoted=(1, 7),
        looked=(),
        held=(3,),
        released=(7,),
        refused=(9,),
        rolled_back=(11,),
    )
    assert {mark.said: mark.places for mark in marks_of(one)} == {
        "retrained, went live": (1,),
        "looked, not worth it": (),
        "rejected": (5,),
        "held in the shadow": (3,),
        "went live after the shadow": (7,),
        "rejected in the shadow": (9,),
        "rolled back": (11,),
    }
    usual = replace(one, held=(), released=(), refused=(), rolled_back=(), promoted=(1,))
    assert [mark.said for mark in marks_used([usual])] == ["retrained, went live", "looked, not worth it", "rejected"]
    assert "rolled back" in [mark.said for mark in marks_used([usual, one])]
