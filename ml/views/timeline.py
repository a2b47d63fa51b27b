"""What happened to each batch of a model: one frozen row a window, from the records alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar

from ml.domain.approvals import Answer, Approval
from ml.domain.errors import NotFoundError
from ml.domain.findings import Finding, Severity
from ml.domain.holds import ShadowEnding, ShadowVerdict, hold_asked
from ml.domain.records import (
    Act,
    Decision,
    GateResult,
    Observation,
    Promotion,
    Quantity,
    ScoringRole,
    Snapshot,
    SnapshotRole,
    Validation,
    Verdict,
)
from ml.domain.windows import Window

if TYPE_CHECKING:
    from ml.registry import Reader

END_OF_TIME = datetime(9999, 12, 31, tzinfo=UTC)
"""An ``as_of`` at which everything is known."""


class EventKind(StrEnum):
    """How a model changed, or did not."""

    HELD = "held"
    PROMOTED = "promoted"
    REJECTED = "rejected"
    ROLLED_BACK = "rolled back"


@dataclass(frozen=True, slots=True)
class Event:
    """One change of champion, or one challenger that was refused, or held in the shadow."""

    kind: EventKind
    version: int
    sentence: str


@dataclass(frozen=True, slots=True)
class BatchRow:
    """One batch.

    ``metric`` is the primary metric of the version that served the batch (``served_by``) on the labels that have
    arrived (``labelled`` of ``rows``), ``baseline`` that version's value at its promotion; both None where there is
    none. ``drifted`` names the drifted features, the strongest first. ``champion`` is the champion at the end of the
    window, all events included.
    """

    window: Window
    rows: int
    quarantined: int
    stopped: bool
    findings: tuple[Finding, ...]
    labelled: int
    drift_share: float | None
    drifted: tuple[tuple[str, float], ...]
    prediction_drift: float | None
    target_drift: float | None
    metric: float | None
    baseline: float | None
    served_by: int | None
    decision: Decision | None
    champion: int | None
    events: tuple[Event, ...]

    @property
    def labelled_share(self) -> float:
        """Part of the rows whose label has arrived, 0 to 1."""
        return min(1.0, self.labelled / self.rows) if self.rows else 0.0

    @property
    def retrained(self) -> bool:
        """Whether the decision was to retrain."""
        return self.decision is not None and self.decision.verdict is Verdict.RETRAIN

    @property
    def codes(self) -> tuple[str, ...]:
        """Codes of the findings that are more than information, each once, in order."""
        return tuple(dict.fromkeys(item.code for item in self.findings if item.severity is not Severity.INFO))


@dataclass(frozen=True, slots=True)
class _Records:
    """All records of one model, by window."""

    metric: str
    snapshots: Mapping[Window, Snapshot]
    validations: Mapping[Window, Validation]
    findings: Mapping[Window, Sequence[Finding]]
    observations: Mapping[Window, Sequence[Observation]]
    served_by: Mapping[Window, int]
    decisions: Mapping[Window, Sequence[Decision]]
    gates: Mapping[str, GateResult]
    promotions: Sequence[Promotion]
    refused: Sequence[Approval]
    shadows: Sequence[ShadowVerdict]

    def windows(self) -> list[Window]:
        """Every window of which anything is known, oldest first."""
        return sorted({*self.snapshots, *self.findings, *self.decisions})


def primary_metric(reader: Reader, model: str) -> str:
    """Return the name of the model's primary metric.

    Raises:
        NotFoundError: the records do not know the model.
    """
    spec = reader.spec_of(model)
    if spec is None:
        known = ", ".join(reader.models()) or "no model"
        raise NotFoundError(
            f"The records do not know a model {model!r}; they know {known}.",
            remedy="check the name, or ingest a first batch.",
        )
    return str(spec["problem"]["metric"])


def timeline(
    reader: Reader, model: str, *, start: datetime | None = None, end: datetime | None = None
) -> tuple[BatchRow, ...]:
    """Return a row for each batch whose window begins in ``[start, end)``, oldest first.

    Raises:
        NotFoundError: the records do not know the model.
    """
    records = _gather(reader, model)
    windows = records.windows()
    events = _events(records, windows)
    rows = [_row(records, window, events.get(window, ())) for window in windows]
    return tuple(
        row for row in rows if (start is None or row.window.start >= start) and (end is None or row.window.start < end)
    )


def _gather(reader: Reader, model: str) -> _Records:
    metric = primary_metric(reader, model)
    snapshots = {item.window: item for item in reader.snapshots(model, SnapshotRole.ROWS, as_of=END_OF_TIME)}
    current = {item.id for item in snapshots.values()}
    champions = [item for item in reader.scorings(model) if item.role is ScoringRole.CHAMPION]
    run_keys = {version.version: version.run_key for version in reader.versions(model)}
    return _Records(
        metric=metric,
        snapshots=snapshots,
        validations={
            batch.window: batch.validation for batch in reader.batches(model, as_of=END_OF_TIME, passed=False)
        },
        findings=_findings(reader, model),
        observations=_by_window(reader.observations(model)),
        served_by={item.window: item.version for item in champions if item.snapshot_id in current},
        decisions=_by_window(reader.decisions(model)),
        gates={run_keys[gate.challenger]: gate for gate in reader.gate_results(model)},
        promotions=reader.promotions(model),
        refused=[one for one in reader.approvals(model) if one.answer is not Answer.APPROVED],
        shadows=[one for one in reader.shadow_verdicts(model) if one.ending is not ShadowEnding.PASSED],
    )


def _findings(reader: Reader, model: str) -> dict[Window, list[Finding]]:
    grouped: dict[Window, list[Finding]] = defaultdict(list)
    for item in reader.recorded_findings(model):
        grouped[item.window].append(item.finding)
    return grouped


_Dated = TypeVar("_Dated", Observation, Decision)


def _by_window(items: Iterable[_Dated]) -> dict[Window, list[_Dated]]:
    grouped: dict[Window, list[_Dated]] = defaultdict(list)
    for item in items:
        grouped[item.window].append(item)
    return grouped


def _row(records: _Records, window: Window, events: Sequence[Event]) -> BatchRow:
    snapshot, validation = records.snapshots.get(window), records.validations.get(window)
    measured = _Measured(records.observations.get(window, ()))
    version = records.served_by.get(window)
    decisions = records.decisions.get(window, ())
    findings = tuple(records.findings.get(window, ()))
    return BatchRow(
        window=window,
        rows=validation.rows_kept if validation is not None else snapshot.rows if snapshot is not None else 0,
        quarantined=validation.rows_quarantined if validation is not None else 0,
        stopped=not validation.passed if validation is not None else snapshot is None,
        findings=findings,
        labelled=int(measured.value(Quantity.LABELLED) or 0),
        drift_share=measured.value(Quantity.DRIFT_SHARE),
        drifted=measured.drifted_columns(),
        prediction_drift=measured.value(Quantity.PREDICTION_DRIFT),
        target_drift=measured.value(Quantity.TARGET_DRIFT),
        metric=None if version is None else measured.value(Quantity.METRIC, records.metric, version),
        baseline=_baseline(records, version),
        served_by=version,
        decision=decisions[-1] if decisions else None,
        champion=_champion(records.promotions, window.end),
        events=tuple(events),
    )


class _Measured:
    """The newest observation of each quantity of one batch."""

    def __init__(self, observations: Sequence[Observation]) -> None:
        self._newest = {
            (item.quantity, item.subject, item.version): item
            for item in sorted(observations, key=lambda item: item.as_of)
        }

    def value(self, quantity: Quantity, subject: str | None = None, version: int | None = None) -> float | None:
        """The newest value of a quantity; of any subject and version where none is named."""
        found = [
            item.value
            for (kind, about, of), item in self._newest.items()
            if kind is quantity and subject in (None, about) and version in (None, of)
        ]
        return found[-1] if found else None

    def drifted_columns(self) -> tuple[tuple[str, float], ...]:
        """Names and distances of the drifted features, the strongest first, measured against each one's threshold."""
        over = [
            item
            for (kind, _, _), item in self._newest.items()
            if kind is Quantity.COLUMN_DRIFT and item.value is not None and item.detail.get("drifted")
        ]
        over.sort(key=lambda item: (-_strength(item), item.subject))
        return tuple((item.subject, float(item.value or 0.0)) for item in over)


def _strength(item: Observation) -> float:
    """How far beyond the threshold: a p-value is the stronger the smaller it is."""
    value, threshold = float(item.value or 0.0), float(item.detail.get("threshold") or 1.0)
    if item.detail.get("method") in ("ks", "chisquare"):
        return threshold / max(value, 1e-300)
    return value / threshold


def _baseline(records: _Records, version: int | None) -> float | None:
    """The value at its promotion of the version that served: what it is measured against."""
    for promotion in reversed(records.promotions):
        if promotion.to_version == version:
            return promotion.baseline.get(records.metric)
    return None


def _champion(promotions: Sequence[Promotion], as_of: datetime) -> int | None:
    """The champion after everything that was done as of a moment."""
    done = [promotion for promotion in promotions if promotion.as_of <= as_of]
    return done[-1].to_version if done else None


def _events(records: _Records, windows: Sequence[Window]) -> dict[Window, list[Event]]:
    """Place each promotion, rejection and rollback at the last batch that ended by then."""
    dated: list[tuple[datetime, Event]] = []
    for promotion in records.promotions:
        kind = EventKind.ROLLED_BACK if promotion.act is Act.ROLLBACK else EventKind.PROMOTED
        dated.append((promotion.as_of, Event(kind, promotion.to_version, promotion.reason)))
    promoted = {promotion.run_key for promotion in records.promotions}
    for run_key, gate in records.gates.items():
        if not gate.passed and run_key not in promoted:
            dated.append((gate.as_of, Event(EventKind.REJECTED, gate.challenger, gate.sentence)))
        if hold_asked(gate) is not None:
            dated.append((gate.as_of, Event(EventKind.HELD, gate.challenger, gate.sentence)))
    dated += [(one.as_of, Event(EventKind.REJECTED, one.version, one.sentence())) for one in records.refused]
    dated += [(one.as_of, Event(EventKind.REJECTED, one.version, one.sentence)) for one in records.shadows]
    placed: dict[Window, list[Event]] = defaultdict(list)
    for as_of, event in sorted(dated, key=lambda item: item[0]):
        before = [window for window in windows if window.end <= as_of] or list(windows[:1])
        if before:
            placed[before[-1]].append(event)
    return placed
