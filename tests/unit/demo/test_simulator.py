"""The simulated year is the same for everybody, and what its documentation promises happens in it."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from demo import simulator
from demo.simulator import START, STORY, WEEK, WEEKS, Week, simulate, story_of, write


@pytest.fixture(scope="module")
def weeks() -> tuple[Week, ...]:
    return tuple(simulate())


def digest(folder: Path) -> str:
    files = sorted(folder.rglob("*.*"))
    return hashlib.sha256(b"".join(path.name.encode() + path.read_bytes() for path in files)).hexdigest()


def test_the_same_seed_gives_the_same_files(tmp_path: Path) -> None:
    write(tmp_path / "a", weeks=3)
    write(tmp_path / "b", weeks=3)
    write(tmp_path / "c", weeks=3, seed=8)
    assert digest(tmp_path / "a") == digest(tmp_path / "b") != digest(tmp_path / "c")


def test_a_shorter_year_is_the_beginning_of_a_longer_one(weeks: tuple[Week, ...]) -> None:
    for short, long in zip(simulate(weeks=2), weeks[:2], strict=True):
        assert all((short.orders[name] == long.orders[name]).all() for name in long.orders)


def test_a_year_has_weeks_of_some_hundred_orders(weeks: tuple[Week, ...]) -> None:
    assert len(weeks) == WEEKS
    for week in weeks:
        placed = week.orders["placed_at"]
        start = np.datetime64(week.start.replace(tzinfo=None))
        assert 400 <= len(placed) <= 800
        assert week.start == START + week.number * WEEK
        assert placed.min() >= start
        assert placed.max() < start + np.timedelta64(7, "D")
        assert len(set(week.orders["order_id"])) == len(placed)


def test_files_hold_every_order_and_every_answer_once(tmp_path: Path) -> None:
    write(tmp_path, weeks=4)
    orders = pd.concat([pd.read_parquet(path) for path in sorted((tmp_path / "orders").glob("*.parquet"))])
    labels = pd.concat([pd.read_csv(path) for path in sorted((tmp_path / "labels").glob("*.csv"))])
    assert sorted(orders["order_id"]) == sorted(labels["order_id"])
    assert list(labels.columns) == ["order_id", "late", "recorded_at"]
    assert str(orders["placed_at"].dt.tz) == "UTC"
    for path in (tmp_path / "labels").glob("*.csv"):
        recorded = pd.to_datetime(pd.read_csv(path)["recorded_at"])
        first = pd.Timestamp(path.stem, tz="UTC")
        assert recorded.between(first, first + WEEK, inclusive="left").all()


def test_answers_come_after_their_orders_and_some_very_late(weeks: tuple[Week, ...]) -> None:
    days = np.concatenate(
        [(week.labels["recorded_at"] - week.orders["placed_at"]) / np.timedelta64(1, "D") for week in weeks]
    )
    assert days.min() >= 6
    assert days.max() <= 35
    assert 0.05 < (days > 14).mean() < 0.09


def test_few_rows_are_bad_but_in_the_outage_and_in_the_corrupted_week(weeks: tuple[Week, ...]) -> None:
    bad = [
        float(
            (
                (week.orders["distance_km"] < 0)
                | (week.orders["distance_km"] > 100)
                | (week.orders["items"] > 100)
                | (week.orders["vehicle"] == "drone")
            ).mean()
        )
        for week in weeks
    ]
    assert bad[simulator.UNIT_ERROR.first] > 0.9
    assert 0.01 < bad[simulator.NAVIGATION_OUTAGE.first] < 0.05
    spared = {simulator.UNIT_ERROR.first, simulator.NAVIGATION_OUTAGE.first}
    others = [share for number, share in enumerate(bad) if number not in spared]
    assert max(others) < 0.02
    assert np.mean(others) > 0.001


def late_share(week: Week, *, zones: tuple[str, ...], vehicle: str) -> float:
    chosen = np.isin(week.orders["zone"], zones) & (week.orders["vehicle"] == vehicle)
    return float((week.labels["late"][chosen] == "yes").mean())


def test_the_harmless_drift_moves_features_and_not_lateness(weeks: tuple[Week, ...]) -> None:
    first = simulator.PRICE_RISE.first
    before, after = weeks[first - 4 : first], weeks[first : first + 4]

    def mean(part: tuple[Week, ...], name: str) -> float:
        return float(np.concatenate([week.orders[name] for week in part]).mean())

    def wallets(part: tuple[Week, ...]) -> float:
        return float(np.mean([(week.orders["payment"] == "wallet").mean() for week in part]))

    def lateness(part: tuple[Week, ...]) -> float:
        return float(np.mean([(week.labels["late"] == "yes").mean() for week in part]))

    assert mean(after, "basket_eur") > 1.3 * mean(before, "basket_eur")
    assert wallets(after) > wallets(before) + 0.3
    assert lateness(after) == pytest.approx(lateness(before), abs=0.03)


def test_the_bridge_changes_who_is_late_at_once(weeks: tuple[Week, ...]) -> None:
    first = simulator.BRIDGE_CLOSED.first
    across = ("north", "harbour")
    assert late_share(weeks[first - 1], zones=across, vehicle="van") < 0.6
    assert late_share(weeks[first], zones=across, vehicle="van") > 0.9
    assert late_share(weeks[first], zones=across, vehicle="bike") < 0.3


def test_poisoned_labels_are_swapped_for_four_weeks(weeks: tuple[Week, ...]) -> None:
    poison = simulator.SWAPPED_LABELS
    centre = ("centre", "south")
    sound = [late_share(weeks[number], zones=centre, vehicle="bike") for number in (poison.first - 1, poison.last + 1)]
    swapped = [
        late_share(weeks[number], zones=centre, vehicle="bike") for number in range(poison.first, poison.last + 1)
    ]
    assert min(sound) > 0.5 > max(swapped)


def test_road_works_grow_week_by_week(weeks: tuple[Week, ...]) -> None:
    works = simulator.ROAD_WORKS
    here = ("centre", "south", "west")
    vans = [late_share(weeks[number], zones=here, vehicle="van") for number in (works.first - 1, 36, works.last)]
    scooters = [late_share(weeks[number], zones=here, vehicle="scooter") for number in (works.first - 1, works.last)]
    assert vans == sorted(vans)
    assert vans[-1] > vans[0] + 0.3
    assert scooters[-1] < scooters[0] - 0.15


def test_the_story_is_told_in_the_docs_and_in_the_module() -> None:
    root = Path(simulator.__file__).parent.parent
    docs = (root / "docs" / "demo.md").read_text(encoding="utf-8")
    for episode in STORY:
        assert episode.name in (simulator.__doc__ or "")
        assert episode.name in docs
        assert f"{episode.first}" in docs
        assert episode.sentence in story_of(episode.first)
    assert story_of(1) == ""
