"""What a decision costs: asking the policy over a long history, beside the query that gathers it.

A made-up model with so many batches of records: labels, the metric of the champion and of three former champions, drift
of every feature, and a retraining every ten batches. Printed are milliseconds of CPU for one decision (facts, digest,
rules, guards, id), by policy, and the limit. Peers have no such step to compare with: Airflow and Evidently alone
keep no
history of decisions; the bare fold over the same records is printed beside it.

    python benchmarks/decide.py [--batches 1000] [--repeats 5]
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from ml.domain.history import History
from ml.domain.records import (
    Act,
    Decision,
    GateResult,
    Observation,
    Promotion,
    Quantity,
    RuleResult,
    Stage,
    Trigger,
    Verdict,
    Version,
)
from ml.domain.windows import Window
from ml.policies import decide, facts_of, needs_of
from ml.specs.policy import PolicySpec

LIMIT_MS = 50.0
START = datetime(2020, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
EVERY, FEATURES, SHADOWS, ROWS = 10, 10, 3, 1000
ALL = {
    "kind": "any",
    "of": [
        {"kind": "performance", "confidence": 0.95},
        {"kind": "change_point"},
        {"kind": "adaptive"},
        {"kind": "drift", "distance": 0.5},
        {"kind": "schedule", "cron": "0 0 1 * *"},
        {"kind": "cost"},
    ],
}
POLICIES = {
    "the default": {},
    "cost": {"when": {"kind": "cost"}},
    "any of six rules, all guards": {
        "when": ALL,
        "confirm": {"checks": 2, "of": 3},
        "budget": {"period": "90d", "retrainings": 50, "cost": 1e6},
        "veto": {"quarantined": 0.5, "labelled": 0.5},
    },
}


def day(number: int) -> Window:
    return Window(START + number * DAY, START + (number + 1) * DAY)


def measured(number: int) -> list[Observation]:
    window, champion = day(number), 1 + number // EVERY
    wave = 0.01 * ((7 * number) % 5)

    def seen(quantity: Quantity, value: float, subject: str = "", version: int | None = None) -> Observation:
        return Observation(window, window.end, quantity, subject, version, value, ROWS, {"drifted": False})

    found = [seen(Quantity.ROWS, ROWS), seen(Quantity.LABELLED, ROWS), seen(Quantity.QUARANTINED, 0.0)]
    found += [
        seen(Quantity.METRIC, 0.8 + wave - 0.004 * (number - EVERY * (version - 1)) / EVERY, "accuracy", version)
        for version in range(max(1, champion - SHADOWS), champion + 1)
    ]
    found += [seen(Quantity.COLUMN_DRIFT, 0.02, f"x{place}") for place in range(FEATURES)]
    return [*found, seen(Quantity.DRIFT_SHARE, 0.1), seen(Quantity.PREDICTION_DRIFT, 0.02, "y", champion)]


def retrained(number: int, place: int) -> tuple[Decision, Version, GateResult, Promotion]:
    """All that follows from the decision to train version ``number`` at the end of batch ``place - 1``."""
    window = day(place - 1)
    key = f"made-up-{number}"
    said = RuleResult("schedule", Verdict.RETRAIN, "So it is.")
    asked = Decision(
        key, "made_up", window, window.end, Verdict.RETRAIN, "", Trigger.SCHEDULE, said, (), "p", "h", least_gain=0.001
    )
    trained = Version(
        "made_up", number, Stage.RETIRED, key, window.end, START, day(max(place - 3, 0)).end, "0" * 64, {},
        "1" * 64, window.end,
    )  # fmt: skip
    against = number - 1 or None
    gate = GateResult(
        "made_up", number, against, window.end, True, "", {}, 0.01, (-0.01, 0.03), 2 * ROWS, "", True, 0, ()
    )
    change = Promotion(
        "made_up", number, Act.PROMOTE, against, number, key, window.end, {"accuracy": 0.8}, "", "", START
    )
    return asked, trained, gate, change


def history(batches: int) -> History:
    changes = [retrained(1 + place // EVERY, place) for place in range(EVERY, batches, EVERY)]
    first = retrained(1, 1)
    decided = {change[0].window: change[0] for change in changes}
    kept = RuleResult("any", Verdict.KEEP, "So it is.")
    decisions = [
        decided.get(day(place))
        or Decision(
            f"k{place}", "made_up", day(place), day(place).end, Verdict.KEEP, "", Trigger.SCHEDULE, kept, (), "p", "h"
        )
        for place in range(batches - 1)
    ]
    return History(
        model="made_up",
        as_of=day(batches - 1).end,
        metric="accuracy",
        higher_is_better=True,
        windows=tuple(day(place) for place in range(batches)),
        observations=tuple(one for place in range(batches) for one in measured(place)),
        decisions=tuple(decisions),
        versions=(first[1], *(change[1] for change in changes)),
        gates=(first[2], *(change[2] for change in changes)),
        promotions=(first[3], *(change[3] for change in changes)),
    )


def milliseconds(act: Callable[[], object], repeats: int) -> float:
    act()
    times = []
    for _ in range(repeats):
        started = time.process_time()
        act()
        times.append(1000 * (time.process_time() - started))
    return statistics.median(times)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batches", type=int, default=1000)
    parser.add_argument("--repeats", type=int, default=5)
    asked = parser.parse_args()
    past, window = history(asked.batches), day(asked.batches - 1)
    print(
        f"one decision over {asked.batches} batches, {len(past.observations):,} observations; median CPU milliseconds"
    )
    print(f"{'policy':<32}{'decision':>10}{'of it facts':>13}{'limit':>8}")
    slow = False
    for name, body in POLICIES.items():
        policy = PolicySpec.model_validate(body)
        needs = needs_of(policy)
        whole = milliseconds(lambda policy=policy: decide(past, policy, window=window, bounded=True), asked.repeats)
        facts = milliseconds(lambda needs=needs: facts_of(past, needs), asked.repeats)
        slow = slow or whole > LIMIT_MS
        print(f"{name:<32}{whole:>10.1f}{facts:>13.1f}{LIMIT_MS:>8.0f}")
    return int(slow)


if __name__ == "__main__":
    sys.exit(main())
