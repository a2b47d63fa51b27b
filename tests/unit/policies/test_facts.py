"""Facts: a fold over the records that gives the same batch by batch, at once, in any order, and again later."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ml.domain.history import History
from ml.domain.records import Act, Observation, Promotion, Quantity, Verdict
from ml.policies import Facts, Ledger, Need, decide, facts_of, needs_of
from ml.policies.known import check_of, training_of
from tests.builders import decision, gate, history, labelled, observation, promotion, version, week
from tests.unit.policies.asking import policy_of

RETRAIN, KEEP = Verdict.RETRAIN, Verdict.KEEP

COUNT = 8
values = st.none() | st.floats(0.0, 1.0)


@st.composite
def measurements(draw: st.DrawFn) -> tuple[Observation, ...]:
    """Eight weeks with late labels, corrections, and what could not be measured."""
    found: list[Observation] = []
    for number in range(COUNT):
        seen = min(number + draw(st.integers(0, 3)), COUNT)
        found += [replace(one, as_of=week(seen).end) for one in labelled(number + 1, first=number)]
        for who in (1, 2, 3):
            found.append(observed(number, Quantity.METRIC, draw(values), "accuracy", version=who, seen=seen))
        if draw(st.booleans()):
            found.append(observed(number, Quantity.METRIC, draw(values), "accuracy", version=1, seen=seen + 1))
        for quantity in (Quantity.ROWS, Quantity.QUARANTINED, Quantity.DRIFT_SHARE):
            found.append(observed(number, quantity, draw(values)))
        for name in ("b", "a"):
            found.append(observed(number, Quantity.COLUMN_DRIFT, draw(values), name, detail={"drifted": True}))
        found.append(observed(number, Quantity.PREDICTION_DRIFT, draw(values), version=draw(st.integers(1, 3))))
        found.append(observed(number, Quantity.ESTIMATED_METRIC, draw(values), "accuracy", version=1))
    return tuple(found)


def observed(number: int, quantity: Quantity, value: float | None, subject: str = "", **changes: Any) -> Observation:
    return observation(number, quantity, value, subject=subject, **changes)


@st.composite
def whole_records(draw: st.DrawFn) -> History:
    """The same, with looks, failed trainings, rejections and rollbacks."""
    decisions, versions, gates = [], [], []
    promotions: list[Promotion] = []
    for number in range(COUNT):
        said = draw(st.sampled_from([RETRAIN, KEEP, KEEP]))
        gain = draw(st.none() | st.just(0.01)) if said is RETRAIN else None
        decisions.append(decision(number, said, least_gain=gain))
        if said is not RETRAIN or draw(st.integers(0, 4)) == 0:
            continue
        new = version(len(versions) + 1, weeks_seen=number + 1, run_key=decisions[-1].id)
        versions.append(new)
        if draw(st.integers(0, 4)) == 0:
            continue
        passed = draw(st.booleans())
        gates.append(gate(new.version, week_number=number, passed=passed, metrics={"dummy": {"accuracy": 0.5}}))
        to, act = (new.version, Act.PROMOTE) if passed else (draw(st.sampled_from([None, 1])), Act.ROLLBACK)
        if to is not None:
            promotions.append(promotion(to, week_number=number, generation=len(promotions) + 1, act=act))
    return replace(
        history(COUNT),
        observations=draw(measurements()),
        decisions=tuple(decisions),
        versions=tuple(versions),
        gates=tuple(gates),
        promotions=tuple(promotions),
    )


def batch_by_batch(past: History, needs: frozenset[Need]) -> list[Facts]:
    """Feed a ledger as time goes by, and ask it at the end of every week before what follows from the answer."""
    ledger = Ledger(past.model, past.metric, higher_is_better=past.higher_is_better, needs=needs)
    looks = {one.id for one in past.decisions if one.least_gain is not None}
    following: list[tuple[tuple[Any, ...], Any]] = [
        (past.decisions, lambda one: ledger.decide(check_of(one))),
        (past.versions, lambda one: ledger.train(training_of(one, look=one.run_key in looks))),
        (past.gates, ledger.judge),
        (past.promotions, ledger.promote),
    ]
    found = []
    for window in past.windows:
        ledger.add_windows([window])
        ledger.observe(one for one in past.observations if one.as_of == window.end)
        found.append(ledger.facts(window.end))
        for records, feed in following:
            for record in records:
                if record.as_of == window.end:
                    feed(record)
    return found


@settings(max_examples=50)
@given(past=whole_records(), needs=st.frozensets(st.sampled_from(Need)))
def test_facts_fed_batch_by_batch_are_those_of_the_whole_record(past: History, needs: frozenset[Need]) -> None:
    for window, fed in zip(past.windows, batch_by_batch(past, needs), strict=True):
        gathered = facts_of(replace(past, as_of=window.end), needs)
        assert fed == gathered
        assert fed.digest() == gathered.digest()


@settings(max_examples=50)
@given(past=whole_records(), seed=st.randoms(use_true_random=False), needs=st.frozensets(st.sampled_from(Need)))
def test_the_order_of_what_was_measured_does_not_matter(past: History, seed: Any, needs: frozenset[Need]) -> None:
    shuffled, windows = list(past.observations), list(past.windows)
    seed.shuffle(shuffled)
    seed.shuffle(windows)
    other = replace(past, observations=tuple(shuffled), windows=tuple(windows))
    assert facts_of(other, needs).digest() == facts_of(past, needs).digest()


def test_the_sign_of_a_zero_is_no_fact() -> None:
    """SQLite gives a stored -0.0 back as 0.0, PostgreSQL as it was: the decision's id must not tell."""
    one = version(1, weeks_seen=1)
    verdict = gate(1, week_number=0, passed=True, metrics={"dummy": {"accuracy": 0.5}})
    past = replace(history(COUNT), versions=(one,))
    found = [
        facts_of(replace(past, gates=(replace(verdict, difference=gain, interval=(gain, gain)),)), frozenset(Need))
        for gain in (0.0, -0.0)
    ]
    assert found[0].trainings[0].gain == 0.0
    assert found[0].digest() == found[1].digest()


EVERYTHING = policy_of(
    {
        "kind": "any",
        "of": [
            {
                "kind": "at_least",
                "k": 2,
                "of": [{"kind": "change_point"}, {"kind": "adaptive"}, {"kind": "performance"}],
            },
            {"kind": "all", "of": [{"kind": "drift", "distance": 0.3}, {"kind": "not", "of": {"kind": "cost"}}]},
            {"kind": "drift", "of": "predictions"},
            {"kind": "estimated_performance"},
        ],
    },
    min_labelled=0,
    confirm={},
    budget={"period": "4w", "retrainings": 2, "cost": 9.0},
    veto={"quarantined": 0.5, "labelled": 0.5},
)


@settings(max_examples=50)
@given(past=whole_records())
def test_deciding_again_once_all_is_known_gives_the_same(past: History) -> None:
    """As it was decided then, and today, when the record goes on: verdict, sentence, evidence and id."""
    for number, window in enumerate(past.windows):
        today = replace(past, as_of=window.end, decisions=past.decisions[:number])
        then = replace(
            today,
            windows=past.windows[: number + 1],
            observations=tuple(one for one in past.observations if one.as_of <= window.end),
            versions=tuple(one for one in past.versions if one.as_of < window.end),
            gates=tuple(one for one in past.gates if one.as_of < window.end),
            promotions=tuple(one for one in past.promotions if one.as_of < window.end),
        )
        first, again = (decide(one, EVERYTHING, window=window, bounded=True) for one in (then, today))
        assert first == again


def test_every_need_has_somebody_who_needs_it() -> None:
    found = needs_of(EVERYTHING) | needs_of(policy_of({"kind": "cost"}, costs={"per_hour": 1.0}))
    found |= needs_of(policy_of({"kind": "drift"})) | needs_of(policy_of({"kind": "drift", "of": "target"}))
    assert found == set(Need)


def test_every_part_of_what_was_measured_is_in_the_digest() -> None:
    past = replace(history(3), observations=tuple(observed(place, Quantity.DRIFT_SHARE, 0.5) for place in range(3)))
    facts = facts_of(past, frozenset({Need.FEATURE_DRIFT}))
    *earlier, newest = facts.drift[Quantity.DRIFT_SHARE]
    others = [
        newest._replace(value=0.25),
        newest._replace(rows=newest.rows + 1),
        newest._replace(subject="region"),
        newest._replace(drifted=True),
        newest._replace(drifted=False),
        newest._replace(significant=True),
        newest._replace(weight=0.5),
        newest._replace(window=week(7)),
    ]
    told = [(*earlier, newest), tuple(earlier), (), *((*earlier, one) for one in others)]
    digests = {replace(facts, drift={Quantity.DRIFT_SHARE: values}).digest() for values in told}
    assert len(digests) == len(told)


def test_drift_of_columns_is_a_fact_for_the_decision_on_its_own_batch_alone() -> None:
    drifts = tuple(observed(place, Quantity.COLUMN_DRIFT, 0.5, "a") for place in range(2))
    needs = frozenset({Need.COLUMN_DRIFT})
    on_it, after_it = (facts_of(replace(history(weeks), observations=drifts), needs) for weeks in (2, 3))
    assert [one.window for one in on_it.drift[Quantity.COLUMN_DRIFT]] == [week(1)]
    assert after_it.drift[Quantity.COLUMN_DRIFT] == ()


def test_a_no_counts_from_when_it_was_said_and_a_question_counts_for_nothing() -> None:
    """Three records of one version: trained, passed with a question, answered No."""
    from ml.domain.approvals import Answer, Approval
    from ml.domain.records import ASKED
    from ml.policies.facts import Ending
    from ml.policies.known import ending_of
    from tests.integration.registry_builders import day, gate_result

    asked = {ASKED: {"users": [], "comment": True, "until": "2026-02-01T00:00:00+00:00"}}
    assert ending_of(gate_result(1)) is Ending.PROMOTED
    assert ending_of(gate_result(1, evidence=asked)) is Ending.WAITING
    assert ending_of(gate_result(1, evidence=asked, passed=False, findings=())) is Ending.REJECTED
    no = Approval("orders", 1, Answer.REJECTED, "no", "ann", "console", day(3), day(100))
    assert "Rejected by ann (console)" in no.sentence()
