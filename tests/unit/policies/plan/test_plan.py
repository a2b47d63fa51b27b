"""The learned plan by itself: what it must say whatever its constants, and laws that hold for any evidence."""

from __future__ import annotations

from dataclasses import replace
from math import ceil, inf, isclose, sqrt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.policies.plan import Comparison, Evidence, Fitted, Loss, Losses, Plan, PlanVerdict, Reason, make_plan

LOOK, KEEP, RETRAIN = PlanVerdict.LOOK, PlanVerdict.KEEP, PlanVerdict.RETRAIN
FIRST = Fitted(1, 0, 5)
ROWS = 1000


def served(*losses: float, fitted: Fitted = FIRST, rows: int = ROWS) -> Evidence:
    """A champion fitted on the batches before, with what it lost on each batch since."""
    found = tuple(Loss(fitted, fitted.until + place, loss, rows) for place, loss in enumerate(losses))
    now = fitted.until + len(losses)
    return Evidence(fitted, now, now, found, (), (), price=0.02, rows=rows)


def compared(gain: float, *, until: int, promoted: bool = False) -> Comparison:
    """A look whose challenger had learnt all but the newest batch."""
    challenger = Fitted(9, 0, until - 1)
    return Comparison(FIRST, challenger, until - 1, until, gain, gain - 0.01, gain + 0.01, ROWS, promoted)


# --- what it must say


def test_without_new_labels_there_is_nothing_to_learn() -> None:
    plan = make_plan(replace(served(0.2, 0.2), labelled=5))
    assert (plan.verdict, plan.reason) == (KEEP, Reason.TOO_LITTLE_NEW)


def test_labels_of_batches_that_nobody_scored_are_no_failed_measurement() -> None:
    """With late labels the first ones are of batches from before the champion served."""
    late = replace(served(*[0.2] * 5), losses=(), arrived=15)
    assert make_plan(late).reason is Reason.TOO_LITTLE_NEW


@pytest.mark.parametrize("price", [0.002, 0.02, 0.2])
def test_where_nothing_was_measured_it_is_the_calendar_of_the_price(price: float) -> None:
    every = ceil(sqrt(2 * price / 0.003))
    blind = replace(served(*[0.2] * every), losses=(), price=price)
    plan = make_plan(blind)
    assert (plan.verdict, plan.reason) == (RETRAIN, Reason.CALENDAR)
    assert f"every {every} batches" in plan.sentence
    early = make_plan(replace(blind, asked=(blind.arrived - every + 1,)))
    assert (early.verdict, early.reason) == (KEEP, Reason.NOT_DUE)


def test_a_champion_that_hardly_errs_is_left_alone() -> None:
    """What a perfect model could save in twenty batches is less than the price: the trap of calendars."""
    plan = make_plan(served(*[0.0003] * 30))
    assert (plan.verdict, plan.reason) == (KEEP, Reason.NOTHING_TO_GAIN)


def test_a_sudden_loss_is_answered_at_once() -> None:
    calm = [0.10, 0.11, 0.10, 0.09, 0.10, 0.11, 0.10]
    before, after = make_plan(served(*calm)), make_plan(served(*calm, 0.35, 0.36))
    assert after.sudden > 0.5 > before.sudden
    assert after.staleness > before.staleness
    assert after.verdict in {LOOK, RETRAIN}


def test_a_sudden_loss_is_answered_even_if_the_last_look_was_just_before() -> None:
    calm = [0.10, 0.11, 0.10, 0.09, 0.10, 0.11, 0.10]
    evidence = replace(served(*calm, 0.5, 0.5), price=0.1, asked=(12,))
    assert make_plan(evidence).verdict in {LOOK, RETRAIN}
    still = replace(served(*calm, 0.1, 0.1), price=0.1, asked=(12,))
    assert make_plan(still).reason is Reason.TOO_SOON


CALM = [0.10, 0.11, 0.10, 0.09, 0.10, 0.11, 0.10]


def test_a_larger_loss_is_believed_to_gain_more() -> None:
    small, large = (make_plan(served(*CALM, after, after)) for after in (0.25, 0.6))
    assert large.staleness > 2 * small.staleness > 0


def test_the_broken_batches_are_not_taken_for_noise() -> None:
    """Half of the record is from after a change, and still what differs within each half is all that is chance."""
    later = Fitted(2, 0, 17)
    losses = [Loss(FIRST, 5 + place, loss, ROWS) for place, loss in enumerate([*CALM, *[0.5] * 5])]
    losses += [Loss(later, 17 + place, loss, ROWS) for place, loss in enumerate([*CALM[:4], 0.5])]
    plan = make_plan(Evidence(later, 22, 22, tuple(losses), (), (17,), price=0.02, rows=ROWS))
    assert plan.sudden > 0.3


def unfinished(loss: float, **tried: int | float) -> Plan:
    """A champion that has seen one batch of a new concept among twelve of the old one, and what it lost since."""
    champion = Fitted(2, 0, 13)
    losses = [Loss(FIRST, 5 + place, one, ROWS) for place, one in enumerate([*CALM, 0.5])]
    losses += [Loss(champion, 13, loss, ROWS), Loss(champion, 14, loss, ROWS)]
    return make_plan(Evidence(champion, 15, 15, tuple(losses), (), (13,), price=0.02, rows=ROWS, **tried))


@pytest.mark.parametrize("tried", [{}, {"windows": 3, "shortest": 3, "look": 0.3}])
def test_a_champion_fitted_too_soon_after_a_change_is_unfinished(tried: dict[str, float]) -> None:
    plan = unfinished(0.4, **tried)
    assert plan.verdict in {LOOK, RETRAIN}
    assert plan.staleness > 1.5 * unfinished(0.1, **tried).staleness


def test_where_several_windows_are_tried_nothing_goes_live_unseen() -> None:
    """Their trainings are paid anyway: what they show comes for nothing."""
    assert unfinished(0.4).verdict is RETRAIN
    assert unfinished(0.4, windows=3, look=0.3).verdict is LOOK


def test_a_short_window_forgets_sooner() -> None:
    """So a retraining that tries one gains more after a change than one on all history."""
    broken = served(*CALM * 3, 0.5, 0.5)
    assert make_plan(replace(broken, windows=2, shortest=3)).staleness > 1.5 * make_plan(broken).staleness


def test_a_champion_that_wins_every_look_is_believed() -> None:
    evidence = served(*[0.2] * 20)
    lost = tuple(compared(-0.002, until=until) for until in range(8, 26, 3))
    assert make_plan(replace(evidence, comparisons=lost)).staleness < make_plan(evidence).staleness


def test_a_look_that_gained_much_speaks_for_retraining() -> None:
    evidence = served(*[0.2] * 20)
    little, much = (
        make_plan(replace(evidence, comparisons=(compared(gain, until=24),))).staleness for gain in (0.0, 0.05)
    )
    assert much > little


def test_older_champions_on_the_same_rows_tell_how_fast_a_model_ages() -> None:
    old, new = Fitted(1, 0, 5), Fitted(2, 0, 15)
    batches = range(16, 26)

    def plan(older: float) -> Plan:
        losses = [Loss(new, batch, 0.2, ROWS) for batch in batches]
        losses += [Loss(old, batch, older, ROWS) for batch in batches]
        return make_plan(Evidence(new, 26, 26, tuple(losses), (), (15,), price=0.02, rows=ROWS))

    assert plan(0.3).speed > plan(0.2).speed
    assert plan(0.3).staleness > plan(0.2).staleness


# --- laws

losses = st.lists(st.floats(0.0, 0.6), min_size=1, max_size=25)
prices = st.floats(0.001, 1.0)
gains = st.lists(st.floats(-0.05, 0.3), max_size=3)


def evidence_of(values: list[float], price: float, looks: list[float]) -> Evidence:
    found = replace(served(*values), price=price)
    untils = [6 + 2 * place for place in range(len(looks)) if 6 + 2 * place <= found.labelled]
    seen = tuple(compared(gain, until=until) for gain, until in zip(looks, untils, strict=False))
    return replace(found, comparisons=seen, asked=tuple(one.until for one in seen))


@settings(max_examples=60, deadline=None)
@given(values=losses, price=prices, looks=gains, seed=st.randoms(use_true_random=False))
def test_the_order_in_which_records_are_read_changes_nothing(
    values: list[float], price: float, looks: list[float], seed: object
) -> None:
    evidence = evidence_of(values, price, looks)
    mixed = list(evidence.losses)
    seed.shuffle(mixed)  # type: ignore[attr-defined]
    assert repr(make_plan(replace(evidence, losses=tuple(mixed)))) == repr(make_plan(evidence))


@settings(max_examples=60, deadline=None)
@given(values=losses, price=prices, looks=gains, later=losses, seed=st.randoms(use_true_random=False))
def test_labels_that_have_not_arrived_change_nothing(
    values: list[float], price: float, looks: list[float], later: list[float], seed: object
) -> None:
    """Whatever they are, and however they are shuffled."""
    evidence = evidence_of(values, price, looks)
    seed.shuffle(later)  # type: ignore[attr-defined]
    unseen = tuple(Loss(FIRST, evidence.labelled + place, loss, ROWS) for place, loss in enumerate(later))
    assert repr(make_plan(replace(evidence, losses=(*evidence.losses, *unseen)))) == repr(make_plan(evidence))


@settings(max_examples=60, deadline=None)
@given(values=losses, price=prices, looks=gains, scale=st.sampled_from([0.25, 4.0, 1024.0]))
def test_the_unit_of_the_loss_does_not_matter(
    values: list[float], price: float, looks: list[float], scale: float
) -> None:
    evidence = evidence_of(values, price, looks)
    other = replace(
        evidence,
        scale=scale,
        losses=tuple(one._replace(loss=one.loss * scale) for one in evidence.losses),
        comparisons=tuple(
            replace(one, gain=one.gain * scale, low=one.low * scale, high=one.high * scale)
            for one in evidence.comparisons
        ),
    )
    here, there = make_plan(evidence, counterfactual=False), make_plan(other, counterfactual=False)
    assert (there.verdict, there.reason) == (here.verdict, here.reason)
    assert isclose(there.staleness, here.staleness, rel_tol=1e-6, abs_tol=1e-9)
    if here.least_gain is not None:
        assert there.least_gain is not None
        assert isclose(there.least_gain, here.least_gain * scale, rel_tol=1e-6, abs_tol=1e-9 * scale)


@settings(max_examples=60, deadline=None)
@given(values=losses, looks=gains)
def test_a_retraining_dearer_than_all_errors_is_never_asked_for(values: list[float], looks: list[float]) -> None:
    assert make_plan(evidence_of(values, 1000.0, looks)).verdict is KEEP


@settings(max_examples=60, deadline=None)
@given(values=losses, price=prices, looks=gains)
def test_it_explains_itself_with_numbers(values: list[float], price: float, looks: list[float]) -> None:
    plan = make_plan(evidence_of(values, price, looks))
    assert plan.sentence.endswith(".")
    assert 0.0 <= plan.sudden <= 1.0
    assert -inf < plan.staleness <= plan.cap + 1e-9
    assert (plan.least_gain is not None) == (plan.verdict is LOOK)


@settings(max_examples=120, deadline=None)
@given(
    values=losses, price=prices, looks=gains, windows=st.sampled_from([1, 3]), share=st.sampled_from([0.0, 0.1, 1.0])
)
def test_a_verdict_is_the_same_whether_or_not_it_is_explained(
    values: list[float], price: float, looks: list[float], windows: int, share: float
) -> None:
    """Bit for bit: what is left out cannot matter."""
    evidence = replace(evidence_of(values, price, looks), windows=windows, look=share)
    whole, short = make_plan(evidence), make_plan(evidence, explained=False)
    assert (short.verdict, short.least_gain) == (whole.verdict, whole.least_gain)


def test_losses_as_columns_are_the_losses() -> None:
    found = served(0.1, 0.2, 0.3).losses
    columns = Losses.of(found)
    assert (tuple(columns), len(columns), columns[1]) == (found, 3, found[1])
    assert Losses.of(columns) is columns
    assert tuple(Losses.of(())) == ()
