"""Playing policies on a past whose every answer is known."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ml.domain.records import Verdict
from ml.policies.replay import Move, play
from ml.specs.policy import PolicySpec
from tests.unit.policies.replay.worlds import DAY, SETTING, ToyWorld, abrupt, ageing, policy, window

SHORT = abrupt(15)


def retrained(moves: tuple[Move, ...]) -> list[int]:
    return [place for place, move in enumerate(moves) if move.challenge is not None]


def served(moves: tuple[Move, ...]) -> list[str | None]:
    return [move.served for move in moves]


def test_never_trains_the_first_version_and_no_other() -> None:
    moves = play(ToyWorld(), policy("never"), SETTING)
    assert retrained(moves) == [1], "the first batch alone cannot be held out"
    assert served(moves) == [None, None, *["m1"] * 28]
    assert moves[1].conclusion.result.kind == "first_version"


def test_a_calendar_retrains_on_its_days_and_the_next_batch_is_served_by_the_new_model() -> None:
    moves = play(ToyWorld(), policy("schedule", every=10), SETTING)
    assert retrained(moves) == [1, 11, 21]
    assert served(moves)[11:13] == ["m1", "m11"]
    assert all(move.promoted for move in moves if move.challenge is not None)


@pytest.mark.parametrize("delay", [0, 1, 3])
def test_a_drop_is_noticed_when_its_labels_come(delay: int) -> None:
    world = ToyWorld(delay=delay, loss=SHORT)
    moves = play(world, policy("performance", drop=0.1), SETTING)
    first = 1 + delay
    noticed = 15 + delay
    assert [retrained(moves)[0], moves[noticed].challenge is not None] == [first, True]
    assert not [place for place in retrained(moves) if first < place < noticed]
    assert moves[noticed].served == f"m{first - delay}"
    assert moves[noticed + 1].served == "m15", "what was fitted once more has seen the batch that showed the drop"


def test_a_model_without_labels_is_never_trained() -> None:
    moves = play(ToyWorld(batches=5, delay=9), policy("schedule", every=1), SETTING)
    assert served(moves) == [None] * 5
    assert {move.conclusion.verdict for move in moves} == {Verdict.KEEP}


def test_guards_hold_back_as_in_production() -> None:
    calm = PolicySpec.model_validate({"when": {"kind": "schedule", "every": 1}, "cooldown": "7d", "min_labelled": 10})
    moves = play(ToyWorld(), calm, SETTING)
    assert retrained(moves) == [7, 14, 21, 28], "the first one was decided with the first batch, and could not be done"
    assert [guard.kind for guard in moves[9].conclusion.guards if guard.verdict is Verdict.KEEP] == ["cooldown"]


def test_rejected_challengers_leave_the_champion_and_are_waited_after() -> None:
    hopeless = ToyWorld(margin=-0.01, loss=abrupt(99))
    spec = PolicySpec.model_validate({"when": {"kind": "schedule", "every": 1}, "min_labelled": 10})
    moves = play(hopeless, spec, SETTING)
    assert set(served(moves)[2:]) == {"m1"}
    assert retrained(moves) == [1, 2, 3, 5, 9, 17], "each wait is twice the one before"
    eager = play(hopeless, policy("schedule", every=1), SETTING)
    assert len(retrained(eager)) == 29


def test_a_play_is_the_same_every_time_with_its_ids() -> None:
    spec = policy("any", of=[{"kind": "performance", "drop": 0.1}, {"kind": "schedule", "every": 7}])
    first, second = (play(ToyWorld(noise=0.02), spec, SETTING, record=True) for _ in range(2))
    assert first == second
    ids = [move.decision.id for move in first if move.decision is not None]
    assert len(set(ids)) == 30
    plain = play(ToyWorld(noise=0.02), spec, SETTING)
    assert [move.conclusion for move in plain] == [move.conclusion for move in first], "recording changes nothing"
    assert {move.decision for move in plain} == {None}


AROUND = [
    {},
    {"cooldown": "4d"},
    {"confirm": {"checks": 2, "of": 3}},
    {"confirm": {"checks": 2, "of": 3}, "cooldown": "4d"},
    {"budget": {"period": "20d", "retrainings": 2}, "back_off": {"first": 2}},
    {"min_labelled": 350},
]


@pytest.mark.parametrize("around", AROUND, ids=str)
@pytest.mark.parametrize(
    "when",
    [
        {"kind": "cost"},
        {"kind": "cost", "look": False},
        {"kind": "any", "of": [{"kind": "cost"}, {"kind": "performance", "drop": 0.1}]},
        {"kind": "not", "of": [{"kind": "cost"}]},
        {"kind": "performance", "drop": 0.1},
        {"kind": "schedule", "every": 3},
    ],
    ids=str,
)
@pytest.mark.parametrize("margin", [0.05, -0.02])
def test_a_play_is_the_same_without_its_reasons(when: Any, around: Any, margin: float) -> None:
    """Rules that take long are not asked where a guard holds back, nor guards where there is nothing to hold back."""
    costs = {"training": 5.0, "look": 0.1}
    spec = PolicySpec.model_validate({"min_labelled": 10, "back_off": None, "costs": costs, "when": when, **around})

    world = ToyWorld(batches=60, loss=abrupt(25), noise=0.03, margin=margin)
    brief, whole = (play(world, spec, SETTING, reasons=reasons) for reasons in (False, True))
    assert brief == tuple(replace(move, conclusion=None) for move in whole)
    assert retrained(brief)


def test_the_future_does_not_change_a_decision() -> None:
    spec = policy("any", of=[{"kind": "performance", "drop": 0.05}, {"kind": "new_rows", "rows": 600}])
    whole = play(ToyWorld(loss=ageing(0.02)), spec, SETTING, record=True)
    part = play(ToyWorld(loss=ageing(0.02)), spec, SETTING, record=True, until=12)
    assert whole[:12] == part


def test_decisions_are_as_of_the_end_of_their_batch() -> None:
    moves = play(ToyWorld(batches=3), policy("never"), SETTING, record=True)
    found = [move.decision for move in moves if move.decision is not None]
    assert [one.as_of for one in found] == [window(place).start + DAY for place in range(3)]
    assert {(one.reason, one.actor) for one in found} == {("", "")}
