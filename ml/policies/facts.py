"""The facts that rules and guards may look at, drawn from a model's history.

Rules never see the history itself, only these facts; the digest of a decision's history is the digest of the facts. So
what cannot matter cannot change a decision's id: rows of a later day, labels that have not arrived, database ids, wall
clocks, model bytes, or metrics of versions that no rule compares.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from ml.domain.digests import digest_of
from ml.domain.records import History, Observation, Promotion, Quantity, Verdict, Version
from ml.domain.windows import Window


@dataclass(frozen=True, slots=True)
class Champion:
    """The version that served when the decision was taken, and what it showed when it was promoted."""

    version: int
    trained_from: datetime
    seen_until: datetime
    baseline: float | None


@dataclass(frozen=True, slots=True)
class Measured:
    """One number measured on one batch; for drift, ``drifted`` is what the check concluded from it."""

    window: Window
    subject: str
    value: float
    rows: int
    drifted: bool | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """All that a rule may know about a model at one moment; everything is in time order.

    ``labelled`` maps a batch to its labelled rows, ``metric_values`` are the champion's primary metric.
    ``last_trained`` is when the newest version was trained, whatever became of it; ``last_retraining`` when a
    retraining was last decided or the champion last changed.
    """

    model: str
    as_of: datetime
    metric: str
    higher_is_better: bool
    champion: Champion | None
    windows: tuple[Window, ...]
    labelled: Mapping[Window, int]
    metric_values: tuple[Measured, ...]
    drift: Mapping[Quantity, tuple[Measured, ...]]
    last_trained: datetime | None
    last_retraining: datetime | None

    @property
    def champion_data_end(self) -> datetime | None:
        """Exclusive end of the rows that the champion was fitted on."""
        return None if self.champion is None else self.champion.seen_until

    def labelled_since(self, moment: datetime | None) -> int:
        """Count the labelled rows of the batches that start at ``moment`` or later; of all batches if it is None."""
        return sum(rows for window, rows in self.labelled.items() if moment is None or window.start >= moment)

    def digest(self) -> str:
        """Return the SHA-256 of all facts: equal facts give equal digests on every machine."""
        champion = self.champion
        return digest_of(
            {
                "model": self.model,
                "as_of": _stamp(self.as_of),
                "metric": [self.metric, self.higher_is_better],
                "champion": champion
                and [
                    champion.version,
                    _stamp(champion.trained_from),
                    _stamp(champion.seen_until),
                    champion.baseline,
                ],
                "windows": [_bounds(window) for window in self.windows],
                "labelled": [[*_bounds(window), rows] for window, rows in self.labelled.items()],
                "metric_values": [_plain(value) for value in self.metric_values],
                "drift": {
                    quantity.value: [_plain(value) for value in values] for quantity, values in self.drift.items()
                },
                "last_trained": self.last_trained and _stamp(self.last_trained),
                "last_retraining": self.last_retraining and _stamp(self.last_retraining),
            }
        )


DRIFT_QUANTITIES = (Quantity.DRIFT_SHARE, Quantity.PREDICTION_DRIFT, Quantity.TARGET_DRIFT)


def facts_of(history: History) -> Facts:
    """Draw the facts from a history, leaving out whatever was not known at ``history.as_of``.

    Observations count up to and including that moment. Decisions, versions and promotions count strictly before it:
    those of the moment itself follow from the decision that is being taken, and deciding again must not see them.
    """
    now = history.as_of
    promotions = sorted((one for one in history.promotions if one.as_of < now), key=lambda one: one.generation)
    versions = [one for one in history.versions if one.as_of < now]
    retrainings = [one.as_of for one in history.decisions if one.as_of < now and one.verdict is Verdict.RETRAIN]
    champion = _champion(history.metric, versions, promotions)
    number = None if champion is None else champion.version
    newest = _newest(history, number)
    return Facts(
        model=history.model,
        as_of=now,
        metric=history.metric,
        higher_is_better=history.higher_is_better,
        champion=champion,
        windows=tuple(sorted({window for window in history.windows if window.end <= now})),
        labelled={one.window: round(one.value) for one in _measured(newest[Quantity.LABELLED])},
        metric_values=_measured(newest[Quantity.METRIC]),
        drift={quantity: _measured(newest[quantity]) for quantity in DRIFT_QUANTITIES},
        last_trained=max((one.as_of for one in versions), default=None),
        last_retraining=max([*retrainings, *(one.as_of for one in promotions)], default=None),
    )


def _champion(metric: str, versions: Iterable[Version], promotions: list[Promotion]) -> Champion | None:
    if not promotions:
        return None
    last = promotions[-1]
    for version in versions:
        if version.version == last.to_version:
            return Champion(
                version.version, version.trained_from, version.seen_until, _finite(last.baseline.get(metric))
            )
    return None


def _newest(history: History, champion: int | None) -> dict[Quantity, list[Observation]]:
    """Keep what rules look at, and of it the last word on each batch, subject and version; batches in time order."""
    now, metric = history.as_of, history.metric
    last: dict[Quantity, dict[tuple[datetime, datetime, str, int], Observation]] = {
        quantity: {} for quantity in (Quantity.LABELLED, Quantity.METRIC, *DRIFT_QUANTITIES)
    }
    for one in history.observations:
        found = last.get(one.quantity)
        if found is None or one.as_of > now or one.window.end > now:
            continue
        is_metric = one.quantity is Quantity.METRIC
        if is_metric and one.subject != metric:
            continue
        if one.version != champion and (is_metric or one.version is not None):
            continue
        key = (one.window.start, one.window.end, one.subject, one.version or 0)
        if key not in found or found[key].as_of <= one.as_of:
            found[key] = one
    return {quantity: [found[key] for key in sorted(found)] for quantity, found in last.items()}


def _measured(observations: Iterable[Observation]) -> tuple[Measured, ...]:
    found = []
    for one in observations:
        value = _finite(one.value)
        if value is not None:
            drifted = one.detail.get("drifted")
            found.append(Measured(one.window, one.subject, value, one.rows, None if drifted is None else bool(drifted)))
    return tuple(found)


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


@lru_cache(maxsize=16384)
def _stamp(moment: datetime) -> int:
    """Microseconds since 1970, exact."""
    return round(moment.timestamp() * 1_000_000)


def _bounds(window: Window) -> list[int]:
    return [_stamp(window.start), _stamp(window.end)]


def _plain(measured: Measured) -> list[Any]:
    return [*_bounds(measured.window), measured.subject, measured.value, measured.rows, measured.drifted]
