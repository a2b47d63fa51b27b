"""Laws of rules that hold in any history."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.domain.records import Observation, Quantity, Verdict
from tests.builders import history, metric, observation, promotion, version, week
from tests.unit.policies.asking import rule

RETRAIN = Verdict.RETRAIN
shares = st.floats(0.0, 1.0)

# --- more evidence of harm never turns retrain into keep, where harm is what the newest batch shows


def of_metric(record: list[float], newest: float, rows: int) -> list[Observation]:
    past = [metric(number + 1, value) for number, value in enumerate(record)]
    return [*past, metric(len(record) + 1, 1.0 - newest, rows=rows)]


def of_drift(record: list[float], newest: float, rows: int) -> list[Observation]:
    values = [*record, newest]
    found = [observation(number + 1, Quantity.DRIFT_SHARE, value) for number, value in enumerate(values)]
    for number, value in enumerate(values):
        for name in ("x", "y"):
            detail = {"drifted": value >= 0.3}
            found.append(observation(number + 1, Quantity.COLUMN_DRIFT, value, subject=name, rows=rows, detail=detail))
    return found


MONOTONE: list[tuple[dict[str, Any], Callable[..., list[Observation]]]] = [
    ({"kind": "performance"}, of_metric),
    ({"kind": "performance", "drop": 0.02, "confidence": 0.9}, of_metric),
    ({"kind": "change_point", "method": "page_hinkley", "confidence": 0.9}, of_metric),
    ({"kind": "change_point", "method": "adwin", "confidence": 0.9}, of_metric),
    ({"kind": "change_point", "method": "ddm", "confidence": 0.9}, of_metric),
    ({"kind": "change_point", "method": "hddm", "confidence": 0.9}, of_metric),
    ({"kind": "adaptive", "min_values": 3}, of_metric),
    ({"kind": "adaptive", "method": "rolling_mean", "min_values": 3}, of_metric),
    ({"kind": "adaptive", "of": "drift", "min_values": 3}, of_drift),
    ({"kind": "drift"}, of_drift),
    ({"kind": "drift", "weights": {"x": 1.0}}, of_drift),
    ({"kind": "drift", "distance": 0.4}, of_drift),
    ({"kind": "any", "of": [{"kind": "performance"}, {"kind": "change_point"}]}, of_metric),
    ({"kind": "all", "of": [{"kind": "performance"}, {"kind": "adaptive", "min_values": 3}]}, of_metric),
]


@pytest.mark.parametrize(("when", "observed"), MONOTONE, ids=lambda one: str(one) if isinstance(one, dict) else "")
@pytest.mark.parametrize("bounded", [True, False], ids=["bounded", "unbounded"])
@given(record=st.lists(shares, min_size=2, max_size=7), one=shares, other=shares, rows=st.integers(50, 2000))
def test_more_harm_never_speaks_for_keeping(
    when: dict[str, Any],
    observed: Callable[..., list[Observation]],
    *,
    bounded: bool,
    record: list[float],
    one: float,
    other: float,
    rows: int,
) -> None:
    number = len(record) + 1

    def verdict(harm: float) -> Verdict:
        past = history(number + 1, observations=observed(record, harm, rows))
        return rule(past, when, number, bounded=bounded).verdict

    if verdict(min(one, other)) is RETRAIN:
        assert verdict(max(one, other)) is RETRAIN


@given(before=shares, one=shares, other=shares, drop=st.floats(0.001, 1), relative=st.booleans(), sure=st.booleans())
def test_a_worse_metric_never_speaks_for_keeping(
    *, before: float, one: float, other: float, drop: float, relative: bool, sure: bool
) -> None:
    when = {"kind": "performance", "drop": drop, "relative": relative, "confidence": 0.95 if sure else None}

    def verdict(accuracy: float) -> Verdict:
        past = history(4, observations=[metric(3, accuracy)], promotions=[promotion(baseline={"accuracy": before})])
        return rule(past, when).verdict

    if verdict(max(one, other)) is RETRAIN:
        assert verdict(min(one, other)) is RETRAIN


# --- a batch from before the champion's rows changes nothing, for every rule that looks at the champion's record only.
# `cost` learns from older champions and their batches, by design: it is not among them.

RULES: list[dict[str, Any]] = [
    {"kind": "schedule", "every": 3},
    {"kind": "schedule", "cron": "0 0 * * 3"},
    {"kind": "new_rows", "rows": 200},
    {"kind": "new_rows", "share": 1.5},
    {"kind": "drift"},
    {"kind": "drift", "of": "target"},
    {"kind": "manual"},
    {"kind": "never"},
    *[when for when, _ in MONOTONE],
]


@pytest.mark.parametrize("when", RULES, ids=str)
@given(value=shares, rows=st.integers(0, 500), record=st.lists(shares, min_size=3, max_size=6))
def test_an_unrelated_older_batch_changes_nothing(
    when: dict[str, Any], value: float, rows: int, record: list[float]
) -> None:
    newest = 2 + len(record)
    champion = version(2, weeks_seen=3, trained_from=week(2).start)
    measured = [(number + 3, seen) for number, seen in enumerate(record)]
    observations = [metric(number, seen, version=2) for number, seen in measured]
    for quantity, name in ((Quantity.DRIFT_SHARE, ""), (Quantity.COLUMN_DRIFT, "x"), (Quantity.TARGET_DRIFT, "")):
        observations += [observation(number, quantity, seen, subject=name) for number, seen in measured]
    past = history(
        newest + 1,
        observations=observations,
        versions=[champion],
        promotions=[promotion(2, week_number=2)],
    )
    without = replace(
        past,
        windows=past.windows[1:],
        observations=tuple(one for one in past.observations if one.window != week(0)),
    )
    older = [
        observation(0, Quantity.LABELLED, float(rows)),
        metric(0, value, version=2),
        observation(0, Quantity.DRIFT_SHARE, value),
        observation(0, Quantity.COLUMN_DRIFT, value, subject="x"),
        observation(0, Quantity.TARGET_DRIFT, value),
    ]
    with_it = replace(without, windows=past.windows, observations=(*older, *without.observations))
    assert rule(with_it, when, newest) == rule(without, when, newest)
