"""A made-up past whose every answer is known: what an estimator loses depends on its age and on the concept alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from ml.domain.findings import Finding, Outcome, Severity
from ml.domain.records import GateResult, Observation
from ml.domain.windows import Window
from ml.policies.facts import Need
from ml.policies.replay import Challenge, Comparison, Prices, Setting, Stand, Step, Table, compare
from ml.specs.policy import Costs, PolicySpec

DAY = timedelta(days=1)
FIRST = datetime(2026, 1, 1, tzinfo=UTC)
ROWS = 100
SETTING = Setting("orders", "accuracy", higher_is_better=True, bounded=True, shadows=1)
COSTS = Costs(error=1.0, training=20.0)
PRICES = Prices(training=20.0, per_hour=0.0, look=0.1)


def window(place: int) -> Window:
    return Window(FIRST + place * DAY, FIRST + (place + 1) * DAY)


def abrupt(turn: int, *, low: float = 0.1, high: float = 0.4) -> Callable[[int, int], float]:
    """The concept turns with the batch ``turn``: who has not seen a later batch loses ``high``."""
    return lambda trained_through, place: high if trained_through < turn <= place else low


def ageing(rate: float, *, low: float = 0.1) -> Callable[[int, int], float]:
    """Each batch of age loses ``rate`` more."""
    return lambda trained_through, place: min(0.9, low + rate * max(0, place - trained_through - 1))


@dataclass
class ToyWorld:
    """Batches of a day; labels come ``delay`` batches late. ``m7`` is the estimator that has seen the batches up to 7.

    A challenger has seen all labelled batches but the newest, on which it is judged, and then that one too. The gate
    lets everything pass that does not lose ``margin`` more than the champion.
    """

    batches: int = 30
    delay: int = 0
    loss: Callable[[int, int], float] = field(default_factory=lambda: abrupt(15))
    margin: float = 0.05
    noise: float = 0.0
    windows: int = 1
    seconds: float = 36.0
    asked: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._noise = np.random.default_rng(3).normal(scale=self.noise, size=self.batches)

    @property
    def steps(self) -> tuple[Step, ...]:
        return tuple(
            Step(window(place), ROWS, 0.0, ((place - self.delay, ROWS),) if place >= self.delay else ())
            for place in range(self.batches)
        )

    def lost(self, key: str, place: int) -> float:
        """Share of the rows of a batch that an estimator gets wrong."""
        return float(np.clip(self.loss(int(key[1:]), place) + self._noise[place], 0.0, 1.0))

    def cost(self, key: str, place: int) -> float:
        return ROWS * self.lost(key, place) if place < self.batches - self.delay else float("nan")

    def last_metric(self, key: str, place: int) -> float | None:
        return 1.0 - self.lost(key, place) if place < self.batches - self.delay else None

    def metric(self, key: str, place: int, step: int) -> float | None:
        assert step == place + self.delay
        return 1.0 - self.lost(key, place)

    def drift(self, champion: Challenge, step: int, needs: frozenset[Need]) -> Iterable[Observation]:
        return ()

    def surely_worse(self, champion: Challenge, beaten: Challenge, places: Sequence[int], step: int) -> bool:
        return False

    def stands(self, challenger: Challenge, champion: Challenge, places: Sequence[int], step: int) -> Stand:
        stands = all(self.lost(challenger.serving, one) <= self.lost(champion.serving, one) for one in places)
        return Stand(stands, compared=bool(places))

    def challenge(
        self, step: int, champion: Challenge | None, least_gain: float | None, earlier: Sequence[Challenge]
    ) -> Challenge | None:
        self.asked.append(step)
        newest = step - self.delay
        if newest < 1:
            return None
        challenger, served = f"m{newest - 1}", f"m{newest}"
        gain = 0.4 if champion is None else self.lost(champion.serving, newest) - self.lost(challenger, newest)
        pays = least_gain is None or champion is None or gain >= least_gain
        passed = gain >= -self.margin and pays
        return Challenge(
            challenger=challenger,
            serving=served if passed else challenger,
            trained_from=FIRST,
            trained_until=window(newest - 1).end,
            refit_until=window(newest).end if passed else None,
            windows=self.windows,
            seconds=self.seconds,
            gate=_gate(gain, 1.0 - self.lost(challenger, newest), passed=passed, sound=gain >= -self.margin),
        )

    def table(self) -> Table:
        """All estimators that could have served."""
        keys = tuple(f"m{place}" for place in range(1, self.batches))
        losses = np.array([[self.cost(key, place) for place in range(self.batches)] for key in keys])
        seen = np.array([int(key[1:]) for key in keys])
        losses[np.arange(self.batches)[None, :] <= seen[:, None]] = np.nan
        return Table(keys, losses, seen + 1 + self.delay, np.full(len(keys), self.seconds))


def _gate(gain: float, metric: float, *, passed: bool, sound: bool) -> GateResult:
    findings = () if passed else (finding("PG007" if sound else "PG003"),)
    return GateResult(
        model="orders",
        challenger=0,
        champion=None,
        as_of=FIRST,
        passed=passed,
        sentence="",
        metrics={"challenger": {"accuracy": metric}, "dummy": {"accuracy": 0.5}},
        difference=gain,
        interval=(gain - 0.01, gain + 0.01),
        rows=ROWS,
        rows_sha256="rows",
        refitted=passed,
        generation=0,
        findings=findings,
    )


def finding(code: str) -> Finding:
    return Finding(code, Severity.ERROR, "accuracy", "", "", "", outcome=Outcome.FAILED)


def policy(kind: str, **fields: Any) -> PolicySpec:
    """A policy of one rule, without patience."""
    return PolicySpec.model_validate({"when": {"kind": kind, **fields}, "min_labelled": 10, "back_off": None})


def compared(world: ToyWorld | None = None, present: PolicySpec | None = None, **policies: PolicySpec) -> Comparison:
    """Some policies on a made-up past; the present one retrains every 4 batches unless another is given."""
    found = world or ToyWorld()
    return compare(
        found,
        {"present": present or policy("schedule", every=4), **policies},
        SETTING,
        present="present",
        costs=COSTS,
        prices=PRICES,
        loss_of=found.cost,
        metric_of=found.last_metric,
        table=found.table(),
        seed=0,
    )
