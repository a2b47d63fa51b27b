"""A decision: its sentence, a person's word, its identity, and that a model is retrained by one at a time."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.domain.records import Quantity, Trigger, Verdict
from ml.policies import decide
from ml.specs.policy import Confirm, PolicySpec
from tests.builders import START, WEEK, decision, gate, history, metric, observation, promotion, version, week
from tests.unit.policies.asking import CLASSICAL, answer, policy_of

RETRAIN, KEEP, CANNOT_TELL = Verdict.RETRAIN, Verdict.KEEP, Verdict.CANNOT_TELL
SCHEDULE = policy_of({"kind": "schedule", "every": 3})


# --- the sentence of a person's morning


def test_a_drop_retrains_and_the_sentence_says_so() -> None:
    said = answer(history(4, observations=[metric(3, 0.84)]))
    assert said.verdict is RETRAIN
    assert "accuracy was 0.9 at promotion and is 0.84" in said.sentence


def test_keeping_says_what_would_have_been_enough() -> None:
    said = answer(history(4, observations=[metric(3, 0.876)]))
    assert said.verdict is KEEP
    assert "a loss of 0.024; would retrain at a loss of 0.05" in said.sentence
    assert "3 of 10 batches" in said.sentence


def test_the_last_word_on_a_batch_counts() -> None:
    policy = policy_of({"kind": "performance"})
    past = history(4, observations=[metric(2, 0.5, seen=3), metric(2, 0.95, seen=2)])
    assert answer(past, policy).verdict is RETRAIN


def test_a_failed_training_is_tried_again_with_the_next_batch() -> None:
    assert answer(history(5, decisions=[decision(3)]), SCHEDULE, 4).verdict is RETRAIN


# --- a person's word


@pytest.mark.parametrize(("force", "verdict"), [(True, RETRAIN), (False, KEEP)])
def test_a_person_overrules_the_policy_on_the_record(force: bool, verdict: Verdict) -> None:
    said = answer(history(4, observations=[metric(3, 0.5)]), force=force, reason="new tariff", actor="anna")
    assert (said.verdict, said.trigger, said.reason, said.actor) == (verdict, Trigger.MANUAL, "new tariff", "anna")
    assert said.sentence.startswith(f"{verdict.value.capitalize()}: anna asked for")
    assert said.result.verdict is RETRAIN
    assert "By the policy alone: Retrain" in said.sentence


def test_a_persons_word_asks_for_no_gain() -> None:
    policy = policy_of({"kind": "cost"}, min_labelled=0)
    past = history(12)
    assert (answer(past, policy, 11).least_gain is None) is (answer(past, policy, 11).result.least_gain is None)
    assert answer(past, policy, 11, force=True).least_gain is None


# --- one at a time


def test_while_another_decision_retrains_the_answer_is_no() -> None:
    past = replace(history(4, observations=[metric(3, 0.5)]), retraining="power-other")
    said = answer(past)
    assert (said.verdict, said.result.verdict) == (KEEP, RETRAIN)
    assert "The retraining of decision power-other is under way" in said.sentence
    assert said.id != answer(replace(past, retraining=None)).id
    assert said == answer(past)


def test_a_second_alarm_of_the_same_moment_is_told_of_the_first() -> None:
    past = history(4, observations=[metric(3, 0.5)])
    first = answer(past, reason="the first alarm")
    done = replace(past, decisions=(first,))
    second = answer(done, reason="the second alarm")
    assert (first.verdict, second.verdict) == (RETRAIN, KEEP)
    assert first.id in second.sentence
    assert answer(done, reason="the first alarm") == first
    assert answer(replace(done, retraining=first.id), reason="the first alarm") == first


def test_a_no_of_the_same_moment_stands_in_nobodys_way() -> None:
    past = history(4, observations=[metric(3, 0.5)])
    kept = answer(past, force=False, reason="wait for anna")
    assert answer(replace(past, decisions=(kept,))).verdict is RETRAIN


def test_who_does_not_ask_is_not_told_of_rivals() -> None:
    past = replace(history(4, observations=[metric(3, 0.95)]), retraining="power-other")
    assert answer(past) == answer(replace(past, retraining=None))


def test_a_persons_word_is_recorded_beside_a_rival() -> None:
    past = replace(history(4, observations=[metric(3, 0.5)]), retraining="power-other")
    said = answer(past, force=True, reason="now", actor="anna")
    assert said.verdict is RETRAIN
    assert "power-other is under way" in said.sentence


# --- identity


def test_the_id_can_be_a_run_id() -> None:
    said = answer(history(4))
    assert re.fullmatch(r"power-20260202T0000-[0-9a-f]{12}", said.id)


@pytest.mark.parametrize(
    "other",
    [
        {"force": True},
        {"force": False},
        {"force": True, "reason": "new tariff"},
        {"bounded": False},
        {"policy": SCHEDULE},
        {"history": history(4, observations=[metric(3, 0.89)])},
        {"history": history(4, promotions=[promotion(baseline={"accuracy": 0.91})])},
        {"history": history(4, versions=[version(trained_from=START + timedelta(hours=1))])},
        {"history": replace(history(4), gates=(gate(1),))},
        {"history": history(4, decisions=[decision(2)])},
    ],
    ids=str,
)
def test_another_question_has_another_id(other: dict[str, Any]) -> None:
    usual: dict[str, Any] = {"history": history(4), "policy": CLASSICAL, "window": week(3), "bounded": True}
    ids = {decide(**usual).id, decide(**(usual | other)).id}
    assert len(ids) == 2


def test_what_follows_from_a_decision_does_not_change_it() -> None:
    past = history(4, observations=[metric(3, 0.5)])
    first = answer(past)
    after = replace(
        past,
        decisions=(first,),
        versions=(*past.versions, version(2, weeks_seen=4)),
        gates=(gate(2, week_number=3),),
        promotions=(*past.promotions, promotion(2, week_number=3)),
        observations=(*past.observations, metric(3, 0.99, version=2)),
    )
    assert answer(after) == first


def test_ids_clocks_and_bytes_do_not_matter() -> None:
    past = history(4)
    other = history(
        4,
        versions=[version(run_key="elsewhere", model_sha256="f" * 64, manifest={"seconds": 3.2})],
        promotions=[promotion(created_at=START + 99 * WEEK, reason="gate", actor="ci", run_key="elsewhere")],
        observations=[metric(3, 0.3, version=9), metric(3, 0.3, name="f1"), observation(3, Quantity.ROWS, 5.0)],
        decisions=[decision(2, KEEP)],
    )
    assert answer(other) == answer(past)


def test_only_who_needs_it_is_told() -> None:
    """Seconds differ from machine to machine, the scores of former champions matter to `cost`, a no to `confirm`."""
    past = history(6)
    slow = replace(past, versions=(version(manifest={"seconds": 9.0}),))
    shadowed = replace(past, observations=(*past.observations, metric(3, 0.3, version=9)))
    kept = replace(past, decisions=(decision(2, KEEP),))
    cost = policy_of({"kind": "cost"})
    dear = policy_of({"kind": "cost"}, costs={"per_hour": 1.0})
    confirmed = CLASSICAL.model_copy(update={"confirm": Confirm(checks=2, of=3)})
    for policy, sees in ((CLASSICAL, ()), (cost, (shadowed,)), (dear, (shadowed, slow)), (confirmed, (kept,))):
        for other in (slow, shadowed, kept):
            assert (answer(other, policy, 5).id != answer(past, policy, 5).id) is any(other is one for one in sees)


later = st.builds(
    lambda number, late, quantity, value: observation(
        number, quantity, value, as_of=week(3).end + timedelta(seconds=late), subject="accuracy", version=1
    ),
    st.integers(0, 6),
    st.integers(1, 10**7),
    st.sampled_from(Quantity),
    st.floats(0, 1000),
)
POLICIES = [
    CLASSICAL,
    policy_of({"kind": "cost"}),
    policy_of({"kind": "any", "of": [{"kind": "change_point"}, {"kind": "adaptive", "min_values": 3}]}),
    policy_of({"kind": "drift", "of": "target"}, confirm={}, veto={"labelled": 0.5, "quarantined": 0.5}),
]


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.when.kind)
@given(unseen=st.lists(later, max_size=8), seed=st.randoms(use_true_random=False))
def test_labels_that_have_not_arrived_change_nothing(policy: PolicySpec, unseen: list[Any], seed: Any) -> None:
    past = history(4, observations=[metric(1, 0.9), metric(2, 0.9), metric(3, 0.85)])
    observations = [*past.observations, *unseen]
    seed.shuffle(observations)
    future = replace(
        past,
        windows=(*past.windows, week(4), week(5)),
        observations=tuple(observations),
        decisions=(decision(4),),
        versions=(*past.versions, version(2, weeks_seen=5)),
        gates=(gate(2, week_number=4),),
        promotions=(*past.promotions, promotion(2, week_number=4)),
    )
    assert answer(future, policy) == answer(past, policy)
