"""The facts that rules and guards may look at.

Rules never see the history itself, only these facts, and of them only what they declare to need; the digest of a
decision's history is the digest of the facts. So what cannot matter cannot change a decision's id: rows of a later day,
labels that have not arrived, database ids, wall clocks, model bytes, or metrics that no rule of the policy compares.
"""

from __future__ import annotations

import sys
from array import array
from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from hashlib import sha256
from operator import attrgetter
from typing import Any, NamedTuple

from ml.domain.digests import digest_of
from ml.domain.records import Quantity, Verdict
from ml.domain.windows import Window

_START, _END = attrgetter("start"), attrgetter("end")


class Need(StrEnum):
    """What a rule or guard must declare to be given; labelled rows, versions and retrainings are given to all."""

    METRIC = "metric"  # the champion's primary metric on every labelled batch that it scored
    SHADOWS = "shadows"  # with METRIC: the same of all other versions, the former champions that score along
    ESTIMATE = "estimate"  # the champion's primary metric, estimated without labels
    FEATURE_DRIFT = "feature_drift"
    COLUMN_DRIFT = "column_drift"
    PREDICTION_DRIFT = "prediction_drift"
    TARGET_DRIFT = "target_drift"
    QUARANTINE = "quarantine"
    ROWS = "rows"
    CHECKS = "checks"  # decisions to keep as well, not only those to retrain
    SECONDS = "seconds"  # how long trainings took: not the same on another machine


@dataclass(frozen=True, slots=True)
class Champion:
    """The version that served when the decision was taken, and what it showed when it was promoted."""

    version: int
    trained_from: datetime
    seen_until: datetime
    baseline: float | None


class Measured(NamedTuple):
    """One number measured on one batch.

    For drift, ``drifted`` is what the check concluded from it, ``significant`` whether it is more than chance, and
    ``weight`` how much the champion uses the feature; None where the check did not say.
    """

    window: Window
    subject: str
    value: float
    rows: int
    drifted: bool | None = None
    significant: bool | None = None
    weight: float | None = None


class Ending(StrEnum):
    """What became of a training."""

    PROMOTED = "promoted"
    REJECTED = "rejected"  # by the gate: worse, or unfit; by a person; or by the watch, after it had gone live
    WAITING = "waiting"  # it passed, and waits: in the shadow, or for a person
    NOT_WORTH_IT = "not_worth_it"  # sound, but it gained less than the decision asked for
    SUPERSEDED = "superseded"  # another retraining or another champion came while it was held in the shadow
    NONE = "none"  # never judged


@dataclass(frozen=True, slots=True)
class Training:
    """One version and how it was judged.

    ``against`` is the version it was compared with on ``rows`` held-out rows, ``gain`` how much better it was in the
    primary metric (positive is better), between ``low`` and ``high``. ``look`` says that it was trained only to see.
    ``settled`` is when its hold ended, a person answered, or the watch rolled it back, else None. ``windows`` is how
    many candidate windows were fitted, ``fewest_rows`` how many rows the shortest held. ``seconds`` is 0 unless needed.
    """

    version: int
    as_of: datetime
    trained_from: datetime
    trained_until: datetime
    seen_until: datetime
    ending: Ending = Ending.NONE
    settled: datetime | None = None
    against: int | None = None
    gain: float | None = None
    low: float | None = None
    high: float | None = None
    rows: int = 0
    look: bool = False
    windows: int = 1
    fewest_rows: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Held:
    """A challenger in the shadow: since when, and for how many labelled batches."""

    version: int
    since: datetime
    batches: int


@dataclass(frozen=True, slots=True)
class Check:
    """One earlier decision: what the rules alone said (``asked``), and what was decided."""

    as_of: datetime
    window: Window
    asked: bool
    verdict: Verdict
    look: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """All that a rule may know about a model at one moment; everything is in time order.

    ``labelled`` maps a batch to its labelled rows, ``rows`` to all its rows. ``metrics`` are the values of the primary
    metric by version: those of the champion and, if needed, those of the earlier champions that scored along.
    ``checks`` are the decisions to retrain and, if needed, those to keep. ``constant`` is the value that a constant
    prediction had at the first gate. ``last_trained`` is when the newest version was trained, whatever became of it;
    ``last_retraining`` when a retraining was last decided or the champion last changed. ``held`` is the challenger that
    is held in the shadow.
    """

    model: str
    as_of: datetime
    metric: str
    higher_is_better: bool
    champion: Champion | None
    windows: tuple[Window, ...]
    labelled: dict[Window, int]
    rows: dict[Window, int]
    metrics: dict[int, tuple[Measured, ...]]
    estimates: tuple[Measured, ...]
    drift: dict[Quantity, tuple[Measured, ...]]
    quarantined: dict[Window, float]
    trainings: tuple[Training, ...]
    checks: tuple[Check, ...]
    constant: float | None
    last_trained: datetime | None
    last_retraining: datetime | None
    held: Held | None = None

    @property
    def metric_values(self) -> tuple[Measured, ...]:
        """The champion's primary metric on the labelled batches that it scored."""
        return () if self.champion is None else self.metrics.get(self.champion.version, ())

    @property
    def champion_data_end(self) -> datetime | None:
        """Exclusive end of the rows that the champion was fitted on."""
        return None if self.champion is None else self.champion.seen_until

    def arrived_since(self, moment: datetime) -> int:
        """Count the batches that start at ``moment`` or later."""
        return len(self.windows) - bisect_left(self.windows, moment, key=_START)

    def labelled_since(self, moment: datetime | None) -> int:
        """Count the labelled rows of the batches that start at ``moment`` or later; of all batches if it is None."""
        if moment is None:
            return sum(self.labelled.values())
        found = 0
        for window, rows in reversed(self.labelled.items()):
            if window.start < moment:
                break
            found += rows
        return found

    def digest(self) -> str:
        """Return the SHA-256 of all facts: equal facts give equal digests on every machine."""
        said = {name: _plain(getattr(self, name)) for name in _FIELDS[Facts]}
        if self.held is None:  # as before there were any: older ids stay
            said.pop("held")
        return digest_of(said)


@lru_cache(maxsize=16384)
def _stamp(moment: datetime) -> int:
    """Microseconds since 1970, exact."""
    return round(moment.timestamp() * 1_000_000)


def _bounds(window: Window) -> tuple[int, int]:
    return _stamp(window.start), _stamp(window.end)  # moments are hashed faster than windows: only those are kept


def _packed(kind: str, numbers: Iterable[float]) -> str:
    """Return the SHA-256 of a column of numbers, 64 bits each, the lowest byte first."""
    column = array(kind, numbers)
    if sys.byteorder == "big":
        column.byteswap()
    return sha256(column.tobytes()).hexdigest()


def _spans(windows: Collection[Window]) -> list[Any]:
    starts, ends = map(_stamp, map(_START, windows)), map(_stamp, map(_END, windows))
    return [len(windows), _packed("q", starts), _packed("q", ends)]


def _series(ones: tuple[Measured, ...]) -> list[Any]:
    """Write measured numbers by column: nearly all facts are of this kind, and there are thousands."""
    windows, subjects, values, rows, drifted, significant, weights = zip(*ones, strict=True)
    if weights.count(None) < len(weights):
        weights = tuple(None if one is None else one + 0.0 for one in weights)
    return [
        _spans(windows),
        _packed("d", [one + 0.0 for one in values]),
        _packed("q", rows),
        *map(_alike, (subjects, drifted, significant, weights)),
    ]


def _alike(values: tuple[Any, ...]) -> tuple[Any, ...]:
    """Write one value for all where they are the same, as they mostly are."""
    return values[:1] if values.count(values[0]) == len(values) else values


def _by_batch(numbers: dict[Window, Any]) -> list[Any]:
    whole = all(type(one) is int for one in numbers.values())
    return [_spans(numbers), _packed("q" if whole else "d", [one + 0 for one in numbers.values()])]


def _listed(value: Any) -> list[Any]:
    """A record in the order of its fields."""
    return [_plain(part) for part in _PARTS[type(value)](value)]


_FIELDS = {kind: tuple(field.name for field in fields(kind)) for kind in (Facts, Champion, Training, Held, Check)}
_PARTS = {kind: attrgetter(*names) for kind, names in _FIELDS.items()}


def _kind(values: Iterable[Any]) -> type:
    """What the values are, by the first; those of one fact are all of a kind."""
    return type(next(iter(values), None))


def _each(values: tuple[Any, ...]) -> list[Any]:
    return [_plain(one) for one in values]


_COLUMNS: dict[type, Callable[[Any], list[Any]]] = {Measured: _series, Window: _spans}


def _itself(value: Any) -> Any:
    return value


def _several(values: tuple[Any, ...]) -> list[Any]:
    by_kind: Callable[[Any], list[Any]] = _COLUMNS.get(_kind(values), _each)
    return by_kind(values)


def _mapped(values: dict[Any, Any]) -> list[Any]:
    by_batch = _kind(values) is Window
    return _by_batch(values) if by_batch else [[_plain(key), _plain(part)] for key, part in values.items()]


def _number(value: float) -> float:
    return value + 0.0  # a zero has lost its sign when it comes back from some databases, and not from others


_WRITE: dict[type, Callable[[Any], Any]] = {
    **dict.fromkeys((bool, int, str, type(None)), _itself),
    float: _number,
    datetime: _stamp,
    tuple: _several,
    dict: _mapped,
    Window: _bounds,
    **dict.fromkeys((Champion, Training, Held, Check), _listed),
}


def _plain(value: Any) -> Any:
    """Write a fact in what JSON knows."""
    write = _WRITE.get(type(value))
    if write is not None:
        return write(value)
    if isinstance(value, StrEnum):
        return value.value
    return _number(value) if isinstance(value, float) else value  # a library's own kind of number
