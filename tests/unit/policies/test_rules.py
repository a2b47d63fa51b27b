"""What single rules count, compare and say."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from ml.domain.records import Quantity, Verdict
from tests.builders import gate, history, labelled, metric, observation, promotion, version, week
from tests.unit.policies.asking import answer, policy_of, rule

RETRAIN, KEEP, CANNOT_TELL = Verdict.RETRAIN, Verdict.KEEP, Verdict.CANNOT_TELL
EVERY_3 = {"kind": "schedule", "every": 3}


def verdict(past: Any, when: dict[str, Any], number: int = 3, **around: Any) -> Verdict:
    return rule(past, when, number, **around).verdict


# --- schedule and amounts


def test_the_calendar_counts_from_the_last_training_even_a_rejected_one() -> None:
    past = history(4, versions=[version(), version(2, weeks_seen=3)])
    assert verdict(history(4), EVERY_3) is RETRAIN
    assert verdict(past, EVERY_3) is KEEP


def test_the_calendar_is_not_hurried_by_late_labels() -> None:
    late = version(2, weeks_seen=4, trained_until=week(0).end)
    past = history(6, versions=[version(), late], promotions=[promotion(), promotion(2, week_number=3)])
    assert verdict(past, EVERY_3, 5) is KEEP


# The builders' weeks begin and end on Mondays at 00:00; version 1 was trained on Monday the 12th.
@pytest.mark.parametrize(
    ("cron", "weeks", "expected"),
    [
        ("0 0 * * 1", 2, RETRAIN),  # due now, on the minute
        ("1 0 * * 1", 2, RETRAIN),  # due a minute after the last training
        ("0 0 1 * *", 3, KEEP),  # the first of February is not yet
        ("0 0 1 * *", 4, RETRAIN),
        ("0 0 12 1 *", 4, KEEP),  # came true at the last training, not after it
        ("0 0 29 2 *", 60, KEEP),  # there is none in 2027
    ],
)
def test_a_cron_expression_is_due_once_it_came_true_after_the_last_training(
    cron: str, weeks: int, expected: Verdict
) -> None:
    result = rule(history(weeks), {"kind": "schedule", "cron": cron}, weeks - 1)
    assert result.verdict is expected
    assert f"by the cron expression {cron}" in result.sentence


def test_a_rejected_training_at_its_time_is_not_repeated_by_cron() -> None:
    past = history(5, versions=[version(), version(2, weeks_seen=4)])
    monthly = {"kind": "schedule", "cron": "0 0 1 * *"}
    assert verdict(past, monthly, 4) is KEEP
    assert verdict(history(5), monthly, 4) is RETRAIN


@pytest.mark.parametrize(("rows", "expected"), [(300, RETRAIN), (301, KEEP)])
def test_new_rows_are_those_after_the_champions_data(rows: int, expected: Verdict) -> None:
    assert verdict(history(4), {"kind": "new_rows", "rows": rows}) is expected


@pytest.mark.parametrize(("share", "expected"), [(3.0, RETRAIN), (3.01, KEEP)])
def test_new_rows_as_a_share_of_the_training_rows(share: float, expected: Verdict) -> None:
    assert verdict(history(4), {"kind": "new_rows", "share": share}) is expected


# --- drift


def columns(number: int = 3, **scores: float | None) -> list[Any]:
    return [
        observation(number, Quantity.COLUMN_DRIFT, score, subject=name, detail={"drifted": (score or 0) >= 0.1})
        for name, score in scores.items()
    ]


def test_drift_of_an_earlier_batch_is_not_looked_at_again() -> None:
    past = history(4, observations=[observation(2, Quantity.DRIFT_SHARE, 1.0)])
    assert verdict(past, {"kind": "drift"}) is CANNOT_TELL


@pytest.mark.parametrize(
    ("weights", "share"), [({"a": 3.0, "b": 1.0}, 0.75), ({"b": 1.0}, 0.0), ({"a": 1.0, "c": 0.0}, 1.0), (None, 1 / 3)]
)
def test_columns_count_by_their_weight(weights: dict[str, float] | None, share: float) -> None:
    past = history(4, observations=columns(a=0.3, b=0.05, c=0.01))
    result = rule(past, {"kind": "drift", "weights": weights, "distance": None if weights else 0.1})
    assert result.value == pytest.approx(share)


def test_a_distance_is_held_against_every_column() -> None:
    past = history(4, observations=columns(a=0.3, b=0.2, c=0.01))
    assert rule(past, {"kind": "drift", "distance": 0.3, "share": 0.3}).verdict is RETRAIN
    assert rule(past, {"kind": "drift", "distance": 0.31, "share": 0.3}).verdict is KEEP


def test_columns_that_could_not_be_tested_do_not_count() -> None:
    past = history(4, observations=columns(a=0.3, b=None))
    both = rule(past, {"kind": "drift", "weights": {"a": 1.0, "b": 9.0}})
    assert (both.verdict, both.value, both.evidence["not_testable"]) == (RETRAIN, 1.0, ["b"])
    assert verdict(past, {"kind": "drift", "weights": {"b": 1.0}}) is CANNOT_TELL


@pytest.mark.parametrize(("distance", "expected"), [(None, KEEP), (0.05, RETRAIN), (0.06, KEEP)])
def test_predictions_drift_by_the_distance_asked_for(distance: float | None, expected: Verdict) -> None:
    drifted = observation(
        3, Quantity.PREDICTION_DRIFT, 0.05, subject="prediction", version=1, detail={"drifted": False}
    )
    when = {"kind": "drift", "of": "predictions", "distance": distance}
    assert verdict(history(4, observations=[drifted]), when) is expected


# --- performance


def test_exactly_the_limit_is_enough() -> None:
    past = history(4, observations=[metric(3, 0.90)], promotions=[promotion(baseline={"accuracy": 0.95})])
    assert verdict(past, {"kind": "performance", "drop": 0.05}) is RETRAIN


def test_a_batch_with_few_labels_is_taken_together_with_the_one_before() -> None:
    past = history(4, observations=[metric(2, 0.9, rows=90), metric(3, 0.0, rows=2)])
    result = rule(past, {"kind": "performance"})
    assert (result.verdict, result.evidence["rows"]) == (KEEP, 92)


def test_batches_that_the_champion_was_trained_on_say_nothing() -> None:
    assert verdict(history(4, observations=[metric(0, 0.1)]), {"kind": "performance"}) is CANNOT_TELL


def test_errors_are_compared_by_share() -> None:
    name = "mean_absolute_error"
    past = history(
        4,
        metric=name,
        higher_is_better=False,
        observations=[metric(3, 104.0, name=name)],
        promotions=[promotion(baseline={name: 100.0})],
    )
    assert verdict(past, {"kind": "performance"}, bounded=False) is KEEP
    worse = replace(past, observations=(*labelled(4), metric(3, 105.0, name=name)))
    result = rule(worse, {"kind": "performance"}, bounded=False)
    assert (result.verdict, result.value, result.threshold) == (RETRAIN, pytest.approx(5.0), pytest.approx(5.0))


SURE = {"kind": "performance", "drop": 0.01, "confidence": 0.95}


@pytest.mark.parametrize(("rows", "expected"), [(50, KEEP), (5000, RETRAIN)])
def test_a_fall_must_be_beyond_chance_on_the_rows_at_hand(rows: int, expected: Verdict) -> None:
    """0.05 on 50 rows is one standard error, on 5,000 ten."""
    result = rule(history(4, observations=[metric(3, 0.85, rows=rows)]), SURE)
    assert result.verdict is expected
    assert result.threshold == pytest.approx(max(0.01, 1.645 * (0.85 * 0.15 / rows) ** 0.5), rel=1e-3)
    assert ("The champion may hold" in result.sentence) is (expected is KEEP)


def test_chance_was_at_work_at_promotion_too() -> None:
    """Judged on ten rows, a champion's accuracy of 0.9 may have been luck."""
    past = history(4, observations=[metric(3, 0.8, rows=5000)])
    assert verdict(past, SURE) is RETRAIN
    assert verdict(replace(past, gates=(gate(1, rows=10),)), SURE) is KEEP


def test_the_drop_counts_however_sure_it_is() -> None:
    past = history(4, observations=[metric(3, 0.895, rows=10**6)])
    result = rule(past, SURE)
    assert (result.verdict, result.threshold) == (KEEP, 0.01)


def errors(*values: float) -> Any:
    observations = [metric(number + 1, value, name="error") for number, value in enumerate(values)]
    fields: dict[str, Any] = {"metric": "error", "higher_is_better": False}
    return history(
        len(values) + 1, observations=observations, promotions=[promotion(baseline={"error": 10.0})], **fields
    )


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ((10.0, 10.1, 9.9, 10.0, 14.0), RETRAIN),  # steady until now
        ((10.0, 14.0, 6.0, 13.0, 14.0), KEEP),  # as restless as ever
        ((10.0, 14.0), CANNOT_TELL),  # one earlier batch shows no scatter
        ((14.0, 10.0), KEEP),  # nor is any needed where there is no fall
    ],
)
def test_metrics_without_a_bound_are_held_against_their_own_scatter(
    values: tuple[float, ...], expected: Verdict
) -> None:
    assert verdict(errors(*values), SURE, len(values), bounded=False) is expected


def test_an_estimate_is_compared_like_the_metric_itself() -> None:
    estimate = observation(3, Quantity.ESTIMATED_METRIC, 0.7, subject="accuracy", version=1)
    when = {"kind": "estimated_performance"}
    assert verdict(history(4), when) is CANNOT_TELL
    assert verdict(history(4, observations=[estimate]), when) is RETRAIN
    assert verdict(history(4, observations=[replace(estimate, value=0.89)]), when) is KEEP
    assert verdict(history(4, observations=[replace(estimate, window=week(2))]), when) is CANNOT_TELL


# --- adaptive and change points


def record(*values: float, rows: int = 100) -> Any:
    return history(len(values) + 1, observations=[metric(i + 1, value, rows=rows) for i, value in enumerate(values)])


@pytest.mark.parametrize(("newest", "expected"), [(0.851, KEEP), (0.84, RETRAIN)])
def test_a_quantile_is_that_of_the_models_own_past(newest: float, expected: Verdict) -> None:
    past = record(0.9, 0.88, 0.92, 0.85, 0.91, newest)
    assert verdict(past, {"kind": "adaptive", "quantile": 0.999}, 6) is expected


@pytest.mark.parametrize(("newest", "expected"), [(0.881, KEEP), (0.879, RETRAIN)])
def test_a_rolling_mean_allows_a_share_more(newest: float, expected: Verdict) -> None:
    when = {"kind": "adaptive", "method": "rolling_mean", "deviation": 0.2}
    assert verdict(record(0.9, 0.9, 0.9, 0.9, 0.9, newest), when, 6) is expected


def test_a_signal_that_never_moved_is_no_alarm() -> None:
    still = history(8, observations=[observation(number, Quantity.DRIFT_SHARE, 0.0) for number in range(1, 8)])
    assert verdict(still, {"kind": "adaptive", "of": "drift"}, 7) is KEEP
    assert verdict(record(*[0.9] * 7), {"kind": "adaptive"}, 7) is KEEP


def test_only_the_newest_values_are_the_past() -> None:
    when = {"kind": "adaptive", "window": 5, "quantile": 0.99}
    assert verdict(record(0.1, 0.1, 0.1, 0.9, 0.9, 0.9, 0.9, 0.9, 0.8), when, 9) is RETRAIN


def test_a_batch_with_hardly_any_labels_is_no_signal_yet() -> None:
    past = record(0.9, 0.9, 0.9, 0.9, 0.9, 0.9)
    few = replace(past, observations=(*past.observations[:-1], metric(6, 0.0, rows=3)))
    assert verdict(few, {"kind": "adaptive", "min_values": 4}, 6) is KEEP


def test_a_change_point_needs_two_batches() -> None:
    result = rule(record(0.9), {"kind": "change_point"}, 1)
    assert result.verdict is CANNOT_TELL
    assert "Page-Hinkley needs 2" in result.sentence


def test_a_new_champion_starts_a_new_record() -> None:
    past = record(*[0.9] * 6, 0.4)
    again = replace(
        past, versions=(version(), version(2, weeks_seen=7)), promotions=(promotion(), promotion(2, week_number=6))
    )
    assert verdict(past, {"kind": "change_point"}, 7) is RETRAIN
    assert verdict(again, {"kind": "change_point"}, 7) is CANNOT_TELL


def test_the_manual_rule_waits_for_a_person() -> None:
    manual = policy_of({"kind": "manual"})
    assert answer(history(4), manual).verdict is KEEP
    assert answer(history(4), manual, force=True).verdict is RETRAIN
    assert answer(history(4), manual, force=True).result.verdict is RETRAIN


def test_cron_is_asked_as_of_the_decision() -> None:
    past = replace(history(4), as_of=week(3).end + timedelta(days=1))
    assert verdict(past, {"kind": "schedule", "cron": "0 12 2 2 *"}) is RETRAIN
    assert verdict(history(4), {"kind": "schedule", "cron": "0 12 2 2 *"}) is KEEP
