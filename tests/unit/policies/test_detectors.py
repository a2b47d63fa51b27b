"""Change detectors on batch means: published bounds, no alarm without change, and river beside them."""

from __future__ import annotations

from math import exp, log, sqrt
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.policies.detectors import DETECTORS, Alarm, Point, adwin, ddm, hddm

ROWS = 500
CONFIDENCE = 0.99
SURE = 0.999


def errors(rng: np.random.Generator, rates: list[float], rows: int = ROWS) -> list[Point]:
    """Batches of independent errors with these rates."""
    return [Point(float(rng.binomial(rows, rate)) / rows, rows) for rate in rates]


def first_alarm(name: str, points: list[Point], confidence: float = CONFIDENCE) -> int | None:
    """The first batch after which the detector gives alarm, asked after each as the loop does."""
    for count in range(2, len(points) + 1):
        alarm = DETECTORS[name](points[:count], confidence)
        if alarm.value >= alarm.limit:
            return count - 1
    return None


@pytest.mark.parametrize("name", DETECTORS)
def test_a_clear_rise_is_found_within_three_batches(name: str) -> None:
    rng = np.random.default_rng(1)
    found = [first_alarm(name, errors(rng, [0.1] * 15 + [0.25] * 5)) for _ in range(20)]
    assert sum(place is not None and 15 <= place < 18 for place in found) >= 16


@pytest.mark.parametrize("name", DETECTORS)
def test_a_fall_is_no_alarm(name: str) -> None:
    rng = np.random.default_rng(2)
    assert first_alarm(name, errors(rng, [0.3] * 8 + [0.1] * 8), 0.999) is None


@pytest.mark.parametrize(("name", "most"), [("page_hinkley", 14), ("adwin", 1), ("ddm", 20), ("hddm", 2)])
def test_without_change_alarms_are_as_rare_as_is_said(name: str, most: int) -> None:
    """Of 60 records of 20 batches; Page-Hinkley's run length of 100 batches means 11, DDM promises nothing."""
    rng = np.random.default_rng(3)
    assert sum(first_alarm(name, errors(rng, [0.2] * 20)) is not None for _ in range(60)) <= most


def test_only_page_hinkley_forgives_batches_of_different_difficulty() -> None:
    rng = np.random.default_rng(4)
    records = [errors(rng, rng.normal(0.3, 0.04, size=20).tolist()) for _ in range(40)]
    alarms = {name: sum(first_alarm(name, record) is not None for record in records) for name in DETECTORS}
    assert alarms["page_hinkley"] <= 10
    assert alarms["ddm"] >= 30


@pytest.mark.parametrize("name", DETECTORS)
def test_the_first_errors_of_a_nearly_perfect_model_are_no_alarm(name: str) -> None:
    assert first_alarm(name, [Point(0.0, ROWS)] * 6 + [Point(1 / ROWS, ROWS)] + [Point(0.0, ROWS)] * 3) is None


def test_the_run_length_of_page_hinkley_is_the_one_asked_for() -> None:
    """Self-starting, so longer at first: the mean of runs, cut at 150 batches, must lie near 50."""
    rng = np.random.default_rng(5)
    runs = [first_alarm("page_hinkley", errors(rng, [0.2] * 150), 0.98) or 150 for _ in range(60)]
    assert 35 <= float(np.mean(runs)) <= 80


def test_adwins_bound_is_that_of_the_paper() -> None:
    points = [Point(0.1, 300), Point(0.3, 200)]
    variance, delta = 0.18 * 0.82, 0.01 / 500
    inverse = 1 / 300 + 1 / 200
    bound = sqrt(2 * inverse * variance * log(2 / delta)) + 2 / 3 * inverse * log(2 / delta)
    alarm = adwin(points, CONFIDENCE)
    assert (alarm.value, alarm.limit) == (pytest.approx(0.2), pytest.approx(bound))


def test_hddms_bound_is_hoeffdings() -> None:
    alarm = hddm([Point(0.1, 300), Point(0.3, 200)], CONFIDENCE)
    assert alarm.value == pytest.approx(0.18 - 0.1)
    assert exp(-2 * alarm.limit**2 * 300 * 500 / 200) == pytest.approx(1 - CONFIDENCE)


def test_ddm_remembers_its_best_moment() -> None:
    calm, worse = Point(0.1, 1000), Point(0.2, 1000)
    low, high = ddm([calm, calm, calm], CONFIDENCE), ddm([calm, calm, worse], CONFIDENCE)
    assert low.limit == high.limit
    assert low.value < low.limit < high.value
    assert high.limit == pytest.approx(0.1 + 2.326 * sqrt(0.09 / 2000), rel=0.02)


def test_one_batch_says_nothing() -> None:
    for detector in DETECTORS.values():
        alarm = detector([Point(0.9, 100)], CONFIDENCE)
        assert alarm.value < alarm.limit


records = st.lists(st.builds(Point, st.floats(0, 1), st.integers(1, 2000)), min_size=2, max_size=12)


def strength(alarm: Alarm) -> float:
    return alarm.value / alarm.limit


@pytest.mark.parametrize("name", DETECTORS)
@given(record=records, more=st.floats(0, 1), confidence=st.floats(0.6, 0.9999))
def test_a_worse_newest_batch_never_lowers_the_alarm(
    name: str, record: list[Point], more: float, confidence: float
) -> None:
    newest = record[-1]
    worse = [*record[:-1], Point(newest.loss + more * (1 - newest.loss), newest.rows)]
    before, after = (strength(DETECTORS[name](one, confidence)) for one in (record, worse))
    assert after >= before - 1e-9 * max(abs(before), 1)


# Not a law of HDDM: the confidence also moves its best cut, and with it the difference that is held against the bound.
@pytest.mark.parametrize("name", sorted(DETECTORS.keys() - {"hddm"}))
@given(record=records, confidence=st.floats(0.6, 0.98))
def test_more_confidence_never_gives_more_alarms(name: str, record: list[Point], confidence: float) -> None:
    loose, strict = (DETECTORS[name](record, one) for one in (confidence, confidence + 0.015))
    assert strict.value < strict.limit or loose.value >= loose.limit


@given(st.lists(st.builds(Point, st.floats(0, 50), st.integers(1, 10**6)), min_size=1, max_size=8))
def test_losses_without_a_bound_are_taken_too(record: list[Point]) -> None:
    for detector in DETECTORS.values():
        alarm = detector(record, CONFIDENCE)
        assert np.isfinite(alarm.value)
        assert alarm.limit > 0


# --- river, row by row


def rows_of(points: list[Point], rng: np.random.Generator) -> list[int]:
    """Rows that would have given these batches, in some order: which, nobody has on record."""
    found: list[int] = []
    for point in points:
        wrong = round(point.loss * point.rows)
        found += rng.permutation([1] * wrong + [0] * (point.rows - wrong)).tolist()
    return found


def rivers(kind: str) -> Any:
    binary, drift = pytest.importorskip("river.drift.binary"), pytest.importorskip("river.drift")
    if kind == "adwin":
        return drift.ADWIN(delta=1 - SURE)
    return binary.HDDMA(drift_confidence=1 - SURE)


@pytest.mark.parametrize(("rates", "change"), [([0.1] * 10 + [0.25] * 10, 10), ([0.02] * 12 + [0.08] * 8, 12)])
@pytest.mark.parametrize("name", ["adwin", "hddm"])
def test_river_fed_with_rows_finds_what_we_find_on_means(name: str, rates: list[float], change: int) -> None:
    """Rows allow more cuts than batches: river is about as early, and its HDDM gives false alarms."""
    rng = np.random.default_rng(6)
    points = errors(rng, rates)
    peer, places = rivers(name), []
    for number, row in enumerate(rows_of(points, rng)):
        peer.update(row)
        if peer.drift_detected:
            places.append(number // ROWS)
    ours = first_alarm(name, points, SURE)
    theirs = next(place for place in places if place >= change)
    assert ours is not None
    assert abs(ours - theirs) <= 2
    assert name == "hddm" or places[0] == theirs
