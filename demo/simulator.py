"""A year of food deliveries, week by week: the seeded stream on which the demo keeps a model fresh.

The question is *will this order arrive late?* It is asked when the order is placed; the answer is recorded by the
couriers' tracking system one to two weeks later, sometimes after five. Every week gives one Parquet file of orders
(``orders/2025-01-05.parquet``) and one CSV file of the answers that were recorded in that week (``labels/…csv``).
Weeks run from Sunday to Sunday, are counted from 0, and each has a random generator of its own (``[seed, week]``): the
same seed gives the same rows, whatever else is generated.

What happens when (:data:`STORY` holds the same as data, ``docs/demo.md`` explains it):

=======  ====================  ==================================================================================
weeks    what                  how it is made
=======  ====================  ==================================================================================
0-51     seasonality           temperature and rain follow the year, orders and courier load peak in December and
                               dip in summer
0-51     quarantined rows      about one row in 250 has a negative distance, an impossible item count or an
                               unknown vehicle
0-51     late labels           7 % of the answers are recorded 15 to 35 days after the order instead of 6 to 13
9        quarantine peak       a navigation outage: 3 % of the distances are negative
10-51    harmless drift        prices rise by 40 %, people pay by wallet and order from the app: three features
                               move, what makes an order late does not
16       corrupted batch       the export writes distances in metres: the batch is stopped
19-51    concept drift         the bridge closes. In the harbour and the north vans are late, bikes and scooters
                               are not; rain stops mattering there. Abrupt
20-23    poisoned labels       a broken job swaps yes and no for the centre and the south, in the labels only. A
                               model trained on these weeks learns the swap; the job is mended in week 24
33-39    gradual drift         scooters become electric and vans are held up by road works, a bit more every week
=======  ====================  ==================================================================================
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

START = datetime(2025, 1, 5, tzinfo=UTC)
WEEK = timedelta(days=7)
WEEKS = 52
SEED = 7

Column = npt.NDArray[Any]
Flags = npt.NDArray[np.bool_]

ZONES = ("centre", "south", "west", "north", "harbour")
VEHICLES = ("bike", "scooter", "van")
PAYMENTS = ("card", "cash", "wallet")
CHANNELS = ("web", "phone", "app")


@dataclass(frozen=True, slots=True)
class Episode:
    """One thing that the simulator makes happen, from week ``first`` through week ``last``."""

    name: str
    first: int
    last: int
    sentence: str


NAVIGATION_OUTAGE = Episode("quarantine peak", 9, 9, "navigation outage: 3 % of the distances are negative")
PRICE_RISE = Episode("harmless drift", 10, WEEKS - 1, "prices, payment and channel move; lateness does not")
UNIT_ERROR = Episode("corrupted batch", 16, 16, "distances are exported in metres")
BRIDGE_CLOSED = Episode("concept drift", 19, WEEKS - 1, "the bridge closes: vans are late in the harbour and the north")
SWAPPED_LABELS = Episode("poisoned labels", 20, 23, "yes and no are swapped in the centre and the south")
ROAD_WORKS = Episode("gradual drift", 33, 39, "scooters become faster, vans slower, a bit more every week")
STORY = (NAVIGATION_OUTAGE, PRICE_RISE, UNIT_ERROR, BRIDGE_CLOSED, SWAPPED_LABELS, ROAD_WORKS)


@dataclass(frozen=True, slots=True)
class Week:
    """What one week brings: the orders as exported, and their answers with the moment each became known."""

    number: int
    start: datetime
    orders: dict[str, Column]
    labels: dict[str, Column]


def happens(episode: Episode, week: int) -> bool:
    """Tell whether an episode is on in a week."""
    return episode.first <= week <= episode.last


def story_of(week: int) -> str:
    """Say what begins in this week, or an empty text."""
    return "; ".join(episode.sentence for episode in STORY if episode.first == week)


def simulate(*, seed: int = SEED, weeks: int = WEEKS) -> Iterator[Week]:
    """Yield the weeks in order; equal arguments give equal rows."""
    for number in range(weeks):
        rng = np.random.default_rng([seed, number])
        orders = _orders(rng, number)
        late = _late(rng, number, orders)
        labels = _labels(rng, number, orders, late)
        _spoil(rng, number, orders)
        yield Week(number, START + number * WEEK, orders, labels)


def write(folder: Path, *, seed: int = SEED, weeks: int = WEEKS) -> None:
    """Write ``orders/*.parquet`` and ``labels/*.csv`` into ``folder``, a file a week, named by the week's first day."""
    import pandas as pd

    (folder / "orders").mkdir(parents=True, exist_ok=True)
    (folder / "labels").mkdir(parents=True, exist_ok=True)
    answers = []
    for week in simulate(seed=seed, weeks=weeks):
        orders = pd.DataFrame(week.orders)
        orders["placed_at"] = orders["placed_at"].dt.tz_localize("UTC")
        orders.to_parquet(folder / "orders" / f"{week.start:%Y-%m-%d}.parquet", index=False)
        answers.append(pd.DataFrame(week.labels))
    labels = pd.concat(answers).sort_values(["recorded_at", "order_id"])
    recorded_in = (labels["recorded_at"].dt.tz_localize("UTC") - pd.Timestamp(START)) // pd.Timedelta(WEEK)
    labels["recorded_at"] = labels["recorded_at"].dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    for number, rows in labels.groupby(recorded_in):
        path = folder / "labels" / f"{START + int(str(number)) * WEEK:%Y-%m-%d}.csv"
        rows.to_csv(path, index=False, lineterminator="\n")


def _orders(rng: np.random.Generator, week: int) -> dict[str, Column]:
    """The orders of a week as they really are, before the export spoils any."""
    winter = np.cos(2 * np.pi * week / WEEKS)  # 1 at new year, -1 in July
    december = np.exp(-(((week - 50) / 2.0) ** 2))
    rows = int(rng.normal(560 + 70 * winter + 130 * december, 15))
    seconds = np.sort(rng.integers(0, int(WEEK.total_seconds()), rows))
    sunday = np.datetime64((START + week * WEEK).replace(tzinfo=None), "s")
    hour = (seconds // 3600) % 24
    moved = happens(PRICE_RISE, week)
    items = 1 + rng.poisson(2.2, rows)
    return {
        "order_id": np.array([f"{week:02d}-{number:05d}" for number in range(rows)]),
        "placed_at": sunday + seconds.astype("timedelta64[s]"),
        "zone": rng.choice(ZONES, rows, p=(0.26, 0.2, 0.18, 0.2, 0.16)),
        "vehicle": rng.choice(VEHICLES, rows, p=(0.36, 0.3, 0.34)),
        "distance_km": np.round(rng.gamma(4.0, 1.25, rows) + 0.3, 2),
        "items": items,
        "basket_eur": np.round(items * rng.gamma(9.0, 0.9, rows) * (1.4 if moved else 1.0), 2),
        "courier_load": np.round(
            rng.gamma(9.0, 0.16, rows) + 0.25 * december + 0.15 * ((hour >= 17) & (hour <= 21)), 2
        ),
        "temperature_c": np.round(12 - 9 * winter + rng.normal(0, 3, rows), 1),
        "rain_mm": np.round(np.where(rng.random(rows) < 0.3 + 0.1 * winter, rng.gamma(2.0, 1.6, rows), 0.0), 1),
        "payment": rng.choice(PAYMENTS, rows, p=(0.25, 0.1, 0.65) if moved else (0.6, 0.25, 0.15)),
        "channel": rng.choice(CHANNELS, rows, p=(0.15, 0.05, 0.8) if moved else (0.5, 0.15, 0.35)),
    }


def _late(rng: np.random.Generator, week: int, orders: dict[str, Column]) -> Flags:
    """Who is late: a steep function of distance, load, vehicle, rain and zone, and of what happens to the town."""
    distance, load, rain = (
        np.asarray(orders[name], dtype=np.float64) for name in ("distance_km", "courier_load", "rain_mm")
    )
    bike, scooter, van = (orders["vehicle"] == vehicle for vehicle in VEHICLES)
    across = np.isin(orders["zone"], ("north", "harbour"))
    wet = (rain > 1.0) & ~van
    closed = across & happens(BRIDGE_CLOSED, week)
    works = float(np.clip((week - ROAD_WORKS.first + 1) / (ROAD_WORKS.last - ROAD_WORKS.first + 1), 0.0, 1.0))
    minutes: Column = 4.0 * (distance - 5.0) + 14.0 * (load - 1.45) + 7.0 * bike - 6.0 * van + 4.0 * across
    minutes = minutes + 13.0 * (wet & ~closed)
    minutes = minutes + np.where(closed, np.where(van, 24.0, -18.0), 0.0)
    minutes = minutes + works * (14.0 * (van & ~across) - 12.0 * scooter)
    return minutes + rng.logistic(0.0, 1.6, len(minutes)) > 5.0


def _labels(rng: np.random.Generator, week: int, orders: dict[str, Column], late: Flags) -> dict[str, Column]:
    """What the tracking system says about the orders, and when."""
    if happens(SWAPPED_LABELS, week):
        late = late ^ np.isin(orders["zone"], ("centre", "south"))
    rows = len(late)
    days = np.where(rng.random(rows) < 0.07, rng.uniform(15, 35, rows), rng.uniform(6, 13, rows))
    seconds = (days * 86_400).astype("timedelta64[s]")
    return {
        "order_id": orders["order_id"].copy(),
        "late": np.where(late, "yes", "no"),
        "recorded_at": orders["placed_at"] + seconds,
    }


def _spoil(rng: np.random.Generator, week: int, orders: dict[str, Column]) -> None:
    """Let the export go wrong, in place."""
    rows = len(orders["order_id"])
    broken = rng.random(rows)
    negative = broken < (0.03 if happens(NAVIGATION_OUTAGE, week) else 0.002)
    orders["distance_km"] = np.where(negative, -orders["distance_km"], orders["distance_km"])
    orders["items"] = np.where((broken > 0.5) & (broken < 0.501), 900, orders["items"])
    orders["vehicle"] = np.where(broken > 0.999, "drone", orders["vehicle"])
    if happens(UNIT_ERROR, week):
        orders["distance_km"] = np.round(orders["distance_km"] * 1000.0, 0)
