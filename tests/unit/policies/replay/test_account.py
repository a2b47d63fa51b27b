"""What a play cost."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.domain.records import RuleResult, Verdict
from ml.policies import RULES, Question
from ml.policies.replay import Prices, account, play
from ml.policies.replay.account import interval, resampled_sums
from ml.specs.policy import PolicySpec
from ml.specs.rules import ScheduleRule
from tests.unit.policies.replay.worlds import PRICES, SETTING, ToyWorld, abrupt, policy


def test_errors_are_rows_times_loss_and_trainings_their_price() -> None:
    world = ToyWorld(loss=abrupt(15))
    bill = account(play(world, policy("schedule", every=10), SETTING), world.cost, PRICES, first=2)
    assert bill.errors == pytest.approx([10.0] * 13 + [40.0] * 7 + [10.0] * 8), "m11 serves until m21 comes"
    assert np.flatnonzero(bill.trainings).tolist() == [11 - 2, 21 - 2]
    assert bill.total == pytest.approx(10 * 21 + 40 * 7 + 2 * 20)
    assert (bill.retrainings, bill.promoted, bill.rejected, bill.looks) == (2, 2, 0, 0), "the first version is free"
    assert bill.seconds == 72.0


def test_time_of_training_has_a_price() -> None:
    world = ToyWorld(seconds=1800.0)
    prices = Prices(training=20.0, per_hour=10.0, look=0.1)
    bill = account(play(world, policy("schedule", every=10), SETTING), world.cost, prices, first=2)
    assert bill.trainings.sum() == pytest.approx(2 * 25.0)


def test_labels_that_never_come_cost_nothing() -> None:
    world = ToyWorld(delay=3, loss=abrupt(99))
    bill = account(play(world, policy("never"), SETTING), world.cost, PRICES, first=5)
    assert bill.errors[-3:].tolist() == [0.0, 0.0, 0.0]
    assert bill.errors[:-3] == pytest.approx([10.0] * 22)


def test_a_rejected_challenger_costs_a_whole_retraining() -> None:
    world = ToyWorld(batches=4, margin=-0.01)
    bill = account(play(world, policy("schedule", every=1), SETTING), world.cost, PRICES, first=2)
    assert (bill.rejected, bill.promoted, bill.not_worth_it) == (2, 0, 0)
    assert bill.trainings.tolist() == [20.0, 20.0]


@pytest.fixture
def looking(monkeypatch: pytest.MonkeyPatch) -> PolicySpec:
    """A calendar whose every retraining is a look that must gain 0.2."""

    def ask(question: Question, spec: ScheduleRule) -> RuleResult:
        found = schedule(question, spec)
        return replace(found, least_gain=0.2) if found.verdict is Verdict.RETRAIN else found

    schedule = RULES[ScheduleRule].ask
    kind = replace(RULES[ScheduleRule], ask=ask)
    monkeypatch.setitem(RULES, ScheduleRule, kind)
    return policy("schedule", every=5)


def test_a_look_costs_its_part_for_every_window_and_the_whole_if_it_goes_live(looking: PolicySpec) -> None:
    world = ToyWorld(loss=abrupt(15), windows=3)
    moves = play(world, looking, SETTING)
    bill = account(moves, world.cost, PRICES, first=2)
    places = np.flatnonzero(bill.trainings) + 2
    gained = [bool(moves[place].promoted) for place in places]
    assert places.tolist() == [6, 11, 16, 21, 26]
    assert gained == [False, False, True, False, False], "what gains too little stays out"
    assert bill.trainings[places - 2] == pytest.approx([6.0, 6.0, 26.0, 6.0, 6.0])
    assert (bill.looks, bill.promoted, bill.not_worth_it, bill.rejected) == (5, 1, 4, 0)


@given(st.lists(st.floats(-5.0, 5.0, width=32), min_size=1, max_size=40), st.integers(0, 5))
def test_resampled_sums_have_the_mean_of_the_series_and_repeat_with_their_seed(series: list[float], seed: int) -> None:
    sums = resampled_sums(np.array(series), resamples=400, seed=seed)
    assert sums.shape == (1, 400)
    assert np.array_equal(sums, resampled_sums(np.array(series), resamples=400, seed=seed))
    spread = len(series) * (max(series) - min(series))
    assert abs(sums.mean() - sum(series)) <= 0.25 * spread + 1e-3
    assert sums.min() >= len(series) * min(series) - 1e-3


def test_series_are_resampled_alike_so_that_their_differences_are_paired() -> None:
    one = np.random.default_rng(0).normal(size=60)
    sums = resampled_sums(np.stack([one, one + 1.0]), resamples=200, seed=1)
    assert np.allclose(sums[1] - sums[0], 60.0)


def test_neighbours_that_have_something_in_common_widen_the_interval() -> None:
    runs = np.repeat(np.random.default_rng(0).normal(size=25), 8)
    shuffled = np.random.default_rng(1).permutation(runs)
    low, high = interval(resampled_sums(runs, resamples=1000, seed=0)[0])
    narrow_low, narrow_high = interval(resampled_sums(shuffled, resamples=1000, seed=0)[0])
    assert high - low > 1.3 * (narrow_high - narrow_low)


def test_no_batch_sums_to_nothing() -> None:
    assert resampled_sums(np.empty(0), resamples=3, seed=0).tolist() == [[0.0, 0.0, 0.0]]
