from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.domain.records import History, Quantity, Trigger, Verdict
from ml.policies import decide
from ml.specs.policy import PolicySpec
from tests.builders import (
    START,
    WEEK,
    decision,
    history,
    labelled,
    metric,
    observation,
    promotion,
    version,
    week,
)

RETRAIN, KEEP, CANNOT_TELL = Verdict.RETRAIN, Verdict.KEEP, Verdict.CANNOT_TELL
DEFAULT = PolicySpec()
SCHEDULE = PolicySpec.model_validate({"when": {"kind": "schedule", "every": 3}})


def answer(past: History, policy: PolicySpec = DEFAULT, number: int = 3, **changes: Any) -> Any:
    return decide(past, policy, window=week(number), bounded=True, **changes)


# --- the sentence of a person's morning


def test_the_default_retrains_on_a_drop_and_says_so() -> None:
    said = answer(history(4, observations=[metric(3, 0.84)]))
    assert said.verdict is RETRAIN
    assert "accuracy was 0.9 at promotion and is 0.84" in said.sentence


def test_keeping_says_what_would_have_been_enough() -> None:
    said = answer(history(4, observations=[metric(3, 0.876)]))
    assert said.verdict is KEEP
    assert "a loss of 0.024; would retrain at a loss of 0.05" in said.sentence
    assert "3 of 10 batches" in said.sentence


def test_exactly_the_limit_is_enough() -> None:
    past = history(4, observations=[metric(3, 0.90)], promotions=[promotion(baseline={"accuracy": 0.95})])
    assert answer(past, PolicySpec.model_validate({"when": {"kind": "performance", "drop": 0.05}})).verdict is RETRAIN


def test_errors_are_compared_by_share() -> None:
    past = history(
        4,
        metric="mean_absolute_error",
        higher_is_better=False,
        observations=[metric(3, 104.0, name="mean_absolute_error")],
        promotions=[promotion(baseline={"mean_absolute_error": 100.0})],
    )
    policy = PolicySpec.model_validate({"when": {"kind": "performance", "drop": 0.05}})
    assert decide(past, policy, window=week(3), bounded=False).verdict is KEEP
    worse = replace(past, observations=(*labelled(4), metric(3, 105.0, name="mean_absolute_error")))
    said = decide(worse, policy, window=week(3), bounded=False)
    assert said.verdict is RETRAIN
    assert said.result.value == pytest.approx(5.0)
    assert said.result.threshold == pytest.approx(5.0)


def test_a_batch_with_few_labels_is_taken_together_with_the_one_before() -> None:
    policy = PolicySpec.model_validate({"when": {"kind": "performance", "drop": 0.05}})
    past = history(4, observations=[metric(2, 0.9, rows=90), metric(3, 0.0, rows=2)])
    said = answer(past, policy)
    assert said.verdict is KEEP
    assert said.result.evidence["rows"] == 92


def test_batches_that_the_champion_was_trained_on_say_nothing() -> None:
    policy = PolicySpec.model_validate({"when": {"kind": "performance", "drop": 0.05}})
    assert answer(history(4, observations=[metric(0, 0.1)]), policy).verdict is CANNOT_TELL


def test_drift_of_an_earlier_batch_is_not_looked_at_again() -> None:
    policy = PolicySpec.model_validate({"when": {"kind": "drift"}})
    past = history(4, observations=[observation(2, Quantity.DRIFT_SHARE, 1.0)])
    assert answer(past, policy).verdict is CANNOT_TELL


def test_the_last_word_on_a_batch_counts() -> None:
    policy = PolicySpec.model_validate({"when": {"kind": "performance"}})
    past = history(4, observations=[metric(2, 0.5, seen=3), metric(2, 0.95, seen=2)])
    assert answer(past, policy).verdict is RETRAIN


# --- a person's word


@pytest.mark.parametrize(("force", "verdict"), [(True, RETRAIN), (False, KEEP)])
def test_a_person_overrules_the_policy_on_the_record(force: bool, verdict: Verdict) -> None:
    said = answer(history(4, observations=[metric(3, 0.5)]), force=force, reason="new tariff", actor="anna")
    assert (said.verdict, said.trigger, said.reason, said.actor) == (verdict, Trigger.MANUAL, "new tariff", "anna")
    assert said.sentence.startswith(f"{verdict.value.capitalize()}: anna asked for")
    assert said.result.verdict is RETRAIN
    assert "By the policy alone: Retrain" in said.sentence


def test_the_manual_rule_waits_for_a_person() -> None:
    manual = PolicySpec.model_validate({"when": {"kind": "manual"}})
    assert answer(history(4), manual).verdict is KEEP
    assert answer(history(4), manual, trigger=Trigger.MANUAL).verdict is KEEP
    assert answer(history(4), manual, force=True).verdict is RETRAIN


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
    ],
    ids=str,
)
def test_another_question_has_another_id(other: dict[str, Any]) -> None:
    usual: dict[str, Any] = {"history": history(4), "policy": DEFAULT, "window": week(3), "bounded": True}
    ids = {decide(**usual).id, decide(**(usual | other)).id}
    assert len(ids) == 2


def test_what_follows_from_a_decision_does_not_change_it() -> None:
    past = history(4, observations=[metric(3, 0.5)])
    first = answer(past)
    after = replace(
        past,
        decisions=(first,),
        versions=(*past.versions, version(2, weeks_seen=4)),
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


later = st.builds(
    lambda number, late, quantity, value: observation(
        number, quantity, value, as_of=week(3).end + timedelta(seconds=late), subject="accuracy", version=1
    ),
    st.integers(0, 6),
    st.integers(1, 10**7),
    st.sampled_from(Quantity),
    st.floats(0, 1000),
)


@given(unseen=st.lists(later, max_size=8), seed=st.randoms(use_true_random=False))
def test_labels_that_have_not_arrived_change_nothing(unseen: list[Any], seed: Any) -> None:
    past = history(4, observations=[metric(2, 0.9), metric(3, 0.85)])
    observations = [*past.observations, *unseen]
    seed.shuffle(observations)
    future = replace(
        past,
        windows=(*past.windows, week(4), week(5)),
        observations=tuple(observations),
        decisions=(decision(4),),
        versions=(*past.versions, version(2, weeks_seen=5)),
        promotions=(*past.promotions, promotion(2, week_number=4)),
    )
    assert answer(future) == answer(past)
