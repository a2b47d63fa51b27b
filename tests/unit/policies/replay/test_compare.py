"""Comparing policies, and which one to use."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ml.domain.errors import DataError
from ml.policies.replay import Account, advise, front
from ml.policies.replay.advice import LEAST_BATCHES
from tests.unit.policies.replay.worlds import PRICES, ToyWorld, abrupt, ageing, compared, policy


def bill(costs: object) -> Account:
    values = np.asarray(costs, dtype=np.float64)
    return Account(0, values, np.zeros_like(values), 0, 0, 0, 0, 0, 0.0)


NOISE = np.random.default_rng(4)
PRESENT = 10.0 + NOISE.normal(size=60)


def test_too_short_a_past_is_no_reason_to_change() -> None:
    short = LEAST_BATCHES - 1
    advice = advise({"present": bill([10.0] * short), "other": bill([1.0] * short)}, present="present", seed=0)
    assert (advice.policy, advice.change) == ("present", False)
    assert "19 batches are too few" in advice.sentence


def test_a_clear_win_is_a_reason_to_change() -> None:
    advice = advise({"present": bill(PRESENT), "better": bill(PRESENT - 2.0)}, present="present", seed=0)
    assert (advice.policy, advice.change) == ("better", True)
    assert advice.confidence == 1.0
    assert advice.saves == pytest.approx(2.0 * 24)
    assert advice.interval == (pytest.approx(48.0), pytest.approx(48.0))
    assert "on the 24 after them" in advice.sentence


def test_noise_is_no_reason_to_change() -> None:
    noise = np.random.default_rng(5).normal(scale=3.0, size=60)
    other = PRESENT + noise - noise[36:].mean() - 0.2
    other[:36] -= 3.0
    advice = advise({"present": bill(PRESENT), "lucky": bill(other)}, present="present", seed=0)
    assert (advice.policy, advice.change) == ("present", False)
    assert advice.interval[0] < 0 < advice.interval[1]
    assert "lucky" in advice.sentence
    assert advice.sentence.endswith("which may be chance.")


def test_what_was_good_only_before_is_not_chosen() -> None:
    turned = np.concatenate([PRESENT[:36] - 5.0, PRESENT[36:] + 5.0])
    advice = advise({"present": bill(PRESENT), "turned": bill(turned)}, present="present", seed=0)
    assert (advice.policy, advice.change) == ("present", False)


def test_where_all_finalists_have_become_dearer_it_says_so() -> None:
    turned = np.concatenate([PRESENT[:36] - 5.0, PRESENT[36:] + 5.0])
    names = {f"turned {number}": bill(turned) for number in range(3)}
    advice = advise({"present": bill(PRESENT), **names}, present="present", seed=0)
    assert not advice.change
    assert "would have cost 120 more" in advice.sentence


def test_what_is_best_later_but_was_not_before_is_no_finalist() -> None:
    late = np.concatenate([PRESENT[:36] + 5.0, PRESENT[36:] - 9.0])
    others = {str(number): bill(PRESENT - number / 100) for number in range(3)}
    advice = advise({"present": bill(PRESENT), "late": bill(late), **others}, present="present", seed=0)
    assert "late" not in advice.finalists


def test_among_equals_the_present_policy_stays() -> None:
    advice = advise({"a": bill(PRESENT), "present": bill(PRESENT)}, present="present", seed=0)
    assert advice.sentence.startswith("Stay with present: it was among the best")


def test_the_more_finalists_the_surer_one_must_be() -> None:
    """The best of several is chosen on the batches that prove it."""
    rng = np.random.default_rng(11)
    changes = 0
    for seed in range(60):
        accounts = {"present": bill(10 + rng.normal(size=50))}
        accounts |= {str(number): bill(10 + rng.normal(size=50)) for number in range(6)}
        changes += advise(accounts, present="present", seed=seed).change
    assert changes <= 6, "where nothing is better, changing is rare"


def test_the_front_holds_what_no_other_beats_in_both() -> None:
    points = {
        "never": (100.0, 0.0),
        "calm": (50.0, 20.0),
        "silly": (60.0, 30.0),
        "twin": (50.0, 20.0),
        "busy": (40, 90),
    }
    assert front(points) == ("never", "calm", "busy")
    assert front({}) == ()


def test_policies_are_ranked_by_what_they_cost() -> None:
    found = compared(ToyWorld(loss=abrupt(15)), drop=policy("performance", drop=0.1))
    totals = [one.total for one in found.outcomes]
    assert totals == sorted(totals)
    assert {one.name for one in found.outcomes} == {"present", "drop", "never", "always", "schedule"}
    by_name = {one.name: one for one in found.outcomes}
    assert by_name["never"].errors == pytest.approx(13 * 10 + 15 * 40)
    assert by_name["drop"].promoted == (15,)
    assert by_name["drop"].against["never"] == pytest.approx(by_name["never"].total - by_name["drop"].total)
    assert by_name["always"].trainings == pytest.approx(28 * 20.0)
    assert found.front[0] == "never", "nothing is cheaper to run"


def test_hindsight_is_beaten_by_nobody_and_its_retrainings_are_places_of_batches() -> None:
    found = compared(ToyWorld(loss=abrupt(15), delay=1), drop=policy("performance", drop=0.1))
    assert found.best is not None
    assert found.best.switches == ((16, 14),), "the first model that has seen the new concept, as soon as it can serve"
    assert all(one.regret is not None and one.regret >= -1e-9 for one in found.outcomes)
    assert found.outcomes[0].regret == pytest.approx(found.outcomes[0].total / found.best.cost - 1)


def test_the_first_batch_that_counts_is_the_first_that_all_could_score() -> None:
    slow = policy("schedule", every=4).model_copy(update={"min_labelled": 450})
    found = compared(ToyWorld(loss=ageing(0.01)), slow=slow)
    assert found.first == 5
    assert all(len(one.costs) == 25 for one in found.outcomes)
    assert all(min(one.retrained, default=5) >= 5 for one in found.outcomes)


def test_a_policy_that_never_has_a_champion_is_no_bargain() -> None:
    with pytest.raises(DataError, match="Under slow there never was a champion"):
        compared(slow=policy("never").model_copy(update={"min_labelled": 10**6}))


def test_where_nobody_ever_had_a_champion_there_is_nothing_to_pay() -> None:
    found = compared(ToyWorld(batches=4, delay=9))
    assert found.first == 4
    assert {one.total for one in found.outcomes} == {0.0}
    assert found.best is None
    assert not found.advice.change


def test_the_plain_policies_start_when_the_present_one_does() -> None:
    present = policy("schedule", every=4).model_copy(update={"min_labelled": 450})
    assert compared(present=present).first == 5


def test_all_are_told_the_same_costs() -> None:
    found = compared()
    assert {one.policy["costs"]["training"] for one in found.outcomes} >= {None}, (
        "what is stored is the policy as given"
    )
    assert found.prices == PRICES


def test_it_tells_how_far_it_is() -> None:
    from ml.policies.replay import compare
    from tests.unit.policies.replay.worlds import COSTS, SETTING

    world, told = ToyWorld(), []
    found = compare(
        world,
        {"present": policy("never")},
        replace(SETTING, shadows=0),
        present="present",
        costs=COSTS,
        prices=PRICES,
        loss_of=world.cost,
        metric_of=world.last_metric,
        table=None,
        seed=0,
        on_policy=lambda done, of: told.append((done, of)),
    )
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert found.best is None
    assert {one.regret for one in found.outcomes} == {None}
