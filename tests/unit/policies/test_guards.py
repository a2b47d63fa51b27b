"""What stands around the rules: each guard by itself, and that what they promise holds in any history."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.domain.codes_pg import PAYS
from ml.domain.findings import Finding, Outcome, Severity
from ml.domain.history import History
from ml.domain.records import Decision, Quantity, RuleResult, Verdict
from tests.builders import WEEK, decision, gate, history, labelled, metric, observation, promotion, version, week
from tests.unit.policies.asking import answer, policy_of

RETRAIN, KEEP = Verdict.RETRAIN, Verdict.KEEP
ALWAYS = {"kind": "schedule", "every": 1}
CALM: dict[str, Any] = {"min_labelled": 0, "back_off": None}


def guard(said: Decision, kind: str) -> RuleResult:
    return next(one for one in said.guards if one.kind == kind)


def test_guards_that_nobody_asked_for_are_not_asked() -> None:
    kinds = [one.kind for one in answer(history(4), policy_of(ALWAYS, **CALM)).guards]
    assert kinds == ["one_at_a_time", "in_order", "cooldown", "min_labelled"]


# --- the first version, order, labelled rows


def test_the_first_version_waits_for_labelled_rows_only() -> None:
    never = policy_of({"kind": "never"}, min_labelled=250, confirm={}, budget={"period": "30d", "retrainings": 0})
    empty: dict[str, Any] = {"versions": [], "promotions": []}
    early = answer(history(2, **empty), never, 1)
    assert early.verdict is KEEP
    assert "200 labelled rows, 250 are needed" in early.sentence
    assert answer(history(3, **empty), never, 2).verdict is RETRAIN


def test_a_first_version_that_is_rejected_is_not_tried_forever() -> None:
    empty: dict[str, Any] = {"promotions": [], "versions": [version(n, weeks_seen=n + 1) for n in (1, 2, 3)]}
    past = replace(history(5, **empty), gates=tuple(gate(n, week_number=n, passed=False) for n in (1, 2, 3)))
    said = answer(past, policy_of(min_labelled=0), 4)
    assert (said.verdict, guard(said, "back_off").verdict) == (KEEP, KEEP)


def test_too_few_new_labels_hold_a_retraining_back() -> None:
    said = answer(replace(history(4), observations=labelled(1)), policy_of(ALWAYS))
    assert (said.verdict, said.result.verdict) == (KEEP, RETRAIN)
    assert "0 labelled rows newer than the champion's data, 50 are needed" in said.sentence


@pytest.mark.parametrize("number", [0, 1, 2, 4])
def test_a_batch_that_is_not_the_newest_or_not_over_holds_a_retraining_back(number: int) -> None:
    assert answer(history(4), policy_of(ALWAYS), number).verdict is KEEP


# --- cooldown


def test_a_rejected_challenger_counts_for_the_cooldown() -> None:
    policy = policy_of(ALWAYS, cooldown="2w")
    past = history(4, decisions=[decision(2)])
    said = answer(past, policy)
    assert said.verdict is KEEP
    assert "1w have passed" in said.sentence
    assert answer(replace(past, decisions=(decision(1),)), policy).verdict is RETRAIN


# --- confirm


def checks(*asked: bool, first: int = 1) -> list[Decision]:
    """Earlier decisions, one a week; where the rules asked, a guard held back."""
    said = [RETRAIN if one else KEEP for one in asked]
    return [
        decision(first + place, KEEP, id=f"c{place}", result=RuleResult("any", one, "So it is."))
        for place, one in enumerate(said)
    ]


@pytest.mark.parametrize(
    ("asked", "verdict"),
    [((False, False), KEEP), ((True, False), RETRAIN), ((False, True), RETRAIN), ((True, False, False), KEEP)],
)
def test_two_of_three_checks_must_ask(asked: tuple[bool, ...], verdict: Verdict) -> None:
    number = 1 + len(asked)
    past = history(number + 1, decisions=checks(*asked))
    said = answer(past, policy_of(ALWAYS, **CALM, confirm={"checks": 2, "of": 3}), number)
    assert said.verdict is verdict


def test_asking_twice_about_one_batch_confirms_nothing() -> None:
    past = history(4, decisions=[*checks(True, True, first=2)])
    same = [replace(one, window=week(2), as_of=week(2).end) for one in past.decisions]
    said = answer(replace(past, decisions=tuple(same)), policy_of(ALWAYS, **CALM, confirm={"checks": 3, "of": 3}))
    assert guard(said, "confirm").value == 2


# --- budget


@pytest.mark.parametrize(("period", "verdict"), [("1w", RETRAIN), ("2w", RETRAIN), ("3w", KEEP)])
def test_a_budget_counts_what_was_decided_in_its_period(period: str, verdict: Verdict) -> None:
    past = history(6, decisions=[decision(3), decision(4, KEEP)])
    said = answer(past, policy_of(ALWAYS, **CALM, budget={"period": period, "retrainings": 1}), 5)
    assert said.verdict is verdict


@pytest.mark.parametrize(("cost", "verdict"), [(6.0, KEEP), (12.0, RETRAIN)])
def test_a_budget_may_be_in_the_users_units(cost: float, verdict: Verdict) -> None:
    """A retraining costs 6 % of the 100 rows of a batch, this is the second."""
    past = history(6, decisions=[decision(3)])
    said = answer(past, policy_of(ALWAYS, **CALM, budget={"period": "9w", "cost": cost}), 5)
    assert said.verdict is verdict
    assert guard(said, "budget").value == pytest.approx(12.0)


# --- back-off


def rejected(*verdicts: bool | None, price: bool = False) -> History:
    """A challenger a week from the second on, each with the gate's verdict (None: none); then one more week."""
    count = len(verdicts)
    versions = [version(), *(version(n + 2, weeks_seen=n + 2) for n in range(count))]
    past = history(count + 2, versions=versions)
    code = PAYS if price else "PG002"
    failed = Finding(code, Severity.INFO, "accuracy", "less", "more", "", Outcome.FAILED)
    gates = [
        gate(n + 2, week_number=n + 1, passed=one, champion=1, findings=() if one else (failed,))
        for n, one in enumerate(verdicts)
        if one is not None
    ]
    promotions = [promotion(), *(promotion(n + 2, week_number=n + 1) for n, one in enumerate(verdicts) if one)]
    return replace(past, gates=tuple(gates), promotions=tuple(promotions))


@pytest.mark.parametrize(
    ("verdicts", "wait"),
    [
        ((False,), 1),
        ((False, False), 2),
        ((False, False, False), 4),
        ((False, False, False, False, False, False), 16),
        ((False, False, True, False), 1),
        ((False, None, False), 2),
        ((False, True), None),
        ((True,), None),
        ((None,), None),
    ],
    ids=str,
)
def test_the_wait_doubles_with_each_rejection_in_a_row(verdicts: tuple[bool | None, ...], wait: int | None) -> None:
    said = answer(rejected(*verdicts), policy_of(ALWAYS, min_labelled=0), len(verdicts) + 1)
    assert guard(said, "back_off").threshold == wait


def test_a_sound_challenger_that_does_not_pay_is_not_a_rejected_one() -> None:
    said = answer(rejected(False, False, price=True), policy_of(ALWAYS, min_labelled=0), 3)
    assert guard(said, "back_off").threshold is None


@pytest.mark.parametrize("batches", [1, 2, 3, 4, 5])
def test_after_the_wait_it_is_tried_again(batches: int) -> None:
    past = rejected(False, False, False)
    newest = 3 + batches
    past = replace(past, as_of=week(newest).end, windows=tuple(week(number) for number in range(newest + 1)))
    held = guard(answer(past, policy_of(ALWAYS, min_labelled=0), newest), "back_off").verdict is KEEP
    assert held is (batches < 4)


def test_endless_rejection_waits_no_longer_than_the_longest() -> None:
    policy = policy_of(ALWAYS, min_labelled=0, back_off={"first": 1, "factor": 1e300, "most": 7})
    said = answer(rejected(*[False] * 40), policy, 41)
    assert guard(said, "back_off").threshold == 7


# --- veto


@pytest.mark.parametrize(("share", "verdict"), [(0.19, RETRAIN), (0.2, KEEP), (None, RETRAIN)])
def test_a_batch_in_quarantine_vetoes(share: float | None, verdict: Verdict) -> None:
    past = history(
        4, observations=[observation(3, Quantity.QUARANTINED, share), observation(2, Quantity.QUARANTINED, 1.0)]
    )
    assert answer(past, policy_of(ALWAYS, **CALM, veto={"quarantined": 0.2})).verdict is verdict


@pytest.mark.parametrize(("rows", "verdict"), [(111.0, RETRAIN), (112.0, KEEP)])
def test_labels_that_are_still_coming_veto(rows: float, verdict: Verdict) -> None:
    past = history(4, observations=[observation(number, Quantity.ROWS, rows) for number in range(4)])
    said = answer(past, policy_of(ALWAYS, **CALM, veto={"labelled": 0.9}))
    assert said.verdict is verdict


# --- in any history


def played(policy: Any, passes: list[bool], accuracies: list[float]) -> list[tuple[int, Decision]]:
    """Play weeks as the loop does, and return every decision with its week."""
    past, said_at = history(1, versions=[], promotions=[]), []
    for number, (passed, accuracy) in enumerate(zip(passes, accuracies, strict=True)):
        champion = past.promotions[-1].to_version if past.promotions else 0
        seen = (*past.observations, *labelled(number + 1, first=number), metric(number, accuracy, version=champion))
        past = replace(past, as_of=week(number).end, windows=(*past.windows, week(number)), observations=seen)
        said = answer(past, policy, number)
        said_at.append((number, said))
        past = replace(past, decisions=(*past.decisions, said))
        if said.verdict is RETRAIN:
            new = version(len(past.versions) + 1, weeks_seen=number + 1, run_key=said.id)
            verdict = gate(new.version, week_number=number, passed=passed, champion=champion or None)
            past = replace(past, versions=(*past.versions, new), gates=(*past.gates, verdict))
            if passed:
                past = replace(past, promotions=(*past.promotions, promotion(new.version, week_number=number)))
    return said_at


WEEKS = 12
passings = st.lists(st.booleans(), min_size=WEEKS, max_size=WEEKS)
qualities = st.lists(st.floats(0.0, 1.0), min_size=WEEKS, max_size=WEEKS)


@settings(max_examples=40)
@given(cooldown=st.integers(0, 5), every=st.integers(1, 3), passes=passings, accuracies=qualities)
def test_the_cooldown_is_never_broken(cooldown: int, every: int, passes: list[bool], accuracies: list[float]) -> None:
    rules = [{"kind": "schedule", "every": every}, {"kind": "performance"}]
    policy = policy_of({"kind": "any", "of": rules}, cooldown=f"{cooldown}w", back_off=None)
    retrained = [number for number, said in played(policy, passes, accuracies) if said.verdict is RETRAIN]
    assert retrained
    assert all(later - earlier >= max(cooldown, 1) for earlier, later in pairwise(retrained))


@settings(max_examples=40)
@given(
    retrainings=st.integers(1, 3),
    weeks=st.integers(1, 6),
    price=st.floats(0.5, 3.0),
    passes=passings,
    accuracies=qualities,
)
def test_the_budget_is_never_exceeded(
    retrainings: int, weeks: int, price: float, passes: list[bool], accuracies: list[float]
) -> None:
    budget = {"period": f"{weeks}w", "retrainings": retrainings, "cost": 4.0}
    policy = policy_of(ALWAYS, **CALM, budget=budget, costs={"training": price})
    decided = [said for _, said in played(policy, passes, accuracies) if said.verdict is RETRAIN]
    assert decided
    for last in decided:
        within = [one for one in decided if last.as_of - weeks * WEEK < one.as_of <= last.as_of]
        assert len(within) <= retrainings
        assert len(within) * price <= 4.0 or len(within) == 1


@settings(max_examples=40)
@given(passes=passings, accuracies=qualities)
def test_rejections_in_a_row_come_ever_more_seldom(passes: list[bool], accuracies: list[float]) -> None:
    tried = [number for number, said in played(policy_of(ALWAYS), passes, accuracies) if said.verdict is RETRAIN]
    row = 0
    for earlier, later in pairwise(tried):
        row = 0 if passes[earlier] else row + 1
        assert later - earlier >= (2 ** (row - 1) if row else 1)


@settings(max_examples=40)
@given(confirmed=st.integers(1, 3), accuracies=qualities)
def test_nothing_is_retrained_that_was_not_confirmed(confirmed: int, accuracies: list[float]) -> None:
    policy = policy_of({"kind": "performance"}, **CALM, confirm={"checks": confirmed, "of": 3})
    said = played(policy, [True] * WEEKS, accuracies)
    for place, (_, one) in enumerate(said):
        if one.verdict is RETRAIN and one.result.kind != "first_version":
            last = [other.result.verdict is RETRAIN for _, other in said[max(0, place - 2) : place + 1]]
            assert sum(last) >= confirmed
