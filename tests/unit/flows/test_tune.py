"""Tuning a policy on the earlier part of a made-up past."""

from __future__ import annotations

from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from ml.domain.errors import DataError, SpecError
from ml.flows.knobs import KNOBS, STARTS, knobs_of, start_of, turned
from ml.flows.tune import tune
from ml.policies.replay import UNTUNED, Prices, Tuned
from ml.specs.policy import PolicySpec
from ml.specs.rules import Rule
from tests.unit.policies.replay.worlds import COSTS, PRICES, SETTING, ToyWorld, ageing, policy


def tuned(world: ToyWorld, spec: PolicySpec, *, trials: int = 30, seed: int = 0, **changes: Any) -> Tuned:
    return tune(
        world,
        spec,
        SETTING,
        trials=trials,
        seed=seed,
        **{"costs": COSTS, "prices": PRICES, "loss_of": world.cost, **changes},
    )


def test_a_calendar_finds_its_interval_and_proves_it_on_batches_it_never_saw() -> None:
    """A model loses one more row a batch, a retraining costs 20: √(2·20/1) batches apart is best."""
    found = tuned(ToyWorld(batches=100, loss=ageing(0.01)), policy("schedule", every=30))
    before, after = found.values["when.every"]
    assert before == 30
    assert 5 <= after <= 8
    assert (found.earlier, found.later) == (59, 39)
    assert found.sure
    assert found.sentence.startswith("Tuned, it cost ")
    assert found.rivals[UNTUNED].saved == pytest.approx(found.rivals[UNTUNED].cost - found.cost)
    assert found.searched[1] < found.searched[0]
    assert set(found.rivals) == {UNTUNED, "never", "always", "schedule"}


def test_what_the_search_saw_does_not_depend_on_the_later_batches() -> None:
    calm = ToyWorld(batches=100, loss=ageing(0.01))
    other = ToyWorld(batches=100, loss=lambda seen, place: ageing(0.01)(seen, place) if place < 62 else 0.1)
    first, second = (tuned(world, policy("schedule", every=30)) for world in (calm, other))
    assert first.policy == second.policy
    assert first.cost != second.cost
    assert not second.sure, "where models stop ageing, the shorter interval is a waste"
    assert "Leave it untuned: tuned, it cost" in second.sentence


def test_a_difference_within_noise_is_called_that() -> None:
    """What an estimator loses is luck, and trainings are free: no interval is better. One in twenty may seem so."""
    free = Prices(training=0.0, per_hour=0.0, look=0.1)
    found = []
    for seed in range(6):
        luck = np.random.default_rng(seed).uniform(0.0, 0.3, size=(60, 60))
        world = ToyWorld(batches=60, loss=lambda seen, place, luck=luck: float(luck[seen, place]), margin=1.0)
        found.append(tuned(world, policy("schedule", every=7), trials=6, prices=free))
    noise = [one for one in found if not one.sure]
    assert len(noise) >= 5
    assert all(one.sentence.startswith(("Leave it untuned", "Nothing better")) for one in noise)


def test_where_nothing_is_better_the_policy_stays() -> None:
    found = tuned(ToyWorld(batches=60, loss=lambda *_: 0.1), policy("schedule", every=60), trials=10)
    assert found.policy.when == policy("schedule", every=60).when
    assert "leave the policy as it is" in found.sentence
    assert found.rivals[UNTUNED].saved == 0.0


def test_the_same_seed_finds_the_same() -> None:
    spec = policy("any", of=[{"kind": "performance", "drop": 0.2}, {"kind": "schedule", "every": 30}])
    world = ToyWorld(batches=80, noise=0.02, loss=ageing(0.01))
    first, second = (tuned(world, spec, trials=15, seed=3) for _ in range(2))
    assert first == second
    assert set(first.values) == {"when.of[0].drop", "when.of[1].every"}


def test_it_tells_how_far_it_is_and_plays_no_setting_twice() -> None:
    told: list[tuple[int, int]] = []
    found = tuned(
        ToyWorld(batches=40), policy("schedule", every=3), trials=90, on_trial=lambda done, of: told.append((done, of))
    )
    assert told == [(done, 90) for done in range(1, 91)]
    assert found.trials <= 60


def test_too_short_a_past_is_refused() -> None:
    with pytest.raises(DataError, match="18 batches with a champion are too few to tune on, 20 are needed"):
        tuned(ToyWorld(batches=20), policy("schedule", every=3))


@pytest.mark.parametrize("kind", ["never", "manual"])
def test_what_has_no_numbers_cannot_be_tuned(kind: str) -> None:
    with pytest.raises(SpecError, match="has no number that can be tuned"):
        knobs_of(policy(kind))
    with pytest.raises(SpecError, match=f"nothing to tune in a rule of kind '{kind}'"):
        start_of(kind, policy("never"))


def test_a_cron_is_no_number() -> None:
    with pytest.raises(SpecError, match="has no number"):
        knobs_of(policy("schedule", cron="0 3 * * 1"))


def test_every_rule_is_in_the_table_or_has_no_number() -> None:
    kinds = set(TypeAdapter(Rule).json_schema()["discriminator"]["mapping"])
    assert kinds - set(KNOBS) == {"cost", "manual", "never", "any", "all", "at_least", "not"}
    assert set(STARTS) == set(KNOBS)
    fields = {
        get_args(rule.model_fields["kind"].annotation)[0]: rule.model_fields for rule in get_args(get_args(Rule)[0])
    }
    assert not [(kind, knob) for kind, knobs in KNOBS.items() for knob in knobs if knob.field not in fields[kind]]


@pytest.mark.parametrize("kind", STARTS)
@settings(max_examples=20)
@given(data=st.data())
def test_every_value_that_is_searched_makes_a_policy(kind: str, data: st.DataObject) -> None:
    start = start_of(kind, policy("never"))
    values = {}
    for one in knobs_of(start):
        whole = isinstance(one.knob.low, int) and isinstance(one.knob.high, int)
        among = st.integers if whole else st.floats
        values[one.place] = data.draw(among(one.knob.low, one.knob.high))
    found = turned(start, values)
    assert [one.value for one in knobs_of(found)] == list(values.values())
    assert found.min_labelled == start.min_labelled


def test_only_the_numbers_that_matter_are_searched() -> None:
    quantile = knobs_of(policy("adaptive", min_values=9))
    assert [one.name for one in quantile] == ["when.quantile", "when.window"]
    assert quantile[1].knob.low == 9, "a shorter window would never hold enough values"
    mean = knobs_of(policy("adaptive", method="rolling_mean"))
    assert [one.name for one in mean] == ["when.deviation", "when.window"]
    two = policy("at_least", k=1, of=[{"kind": "drift"}, {"kind": "not", "of": {"kind": "change_point"}}])
    assert [one.name for one in knobs_of(two)] == ["when.k", "when.of[0].share", "when.of[1].of[0].confidence"]
