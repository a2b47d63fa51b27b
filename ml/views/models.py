"""Where models stand: a line a model, a model's whole history, its versions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from ml.domain.findings import Severity
from ml.domain.holds import ShadowVerdict, is_held
from ml.domain.records import GateResult, Promotion, Stage, Verdict, Version
from ml.domain.windows import Window
from ml.views.timeline import BatchRow, EventKind, primary_metric, timeline

if TYPE_CHECKING:
    from ml.registry import Reader


@dataclass(frozen=True, slots=True)
class StatusRow:
    """Where one model stands today.

    ``metric`` and ``baseline`` are of the newest batch whose labels have arrived. ``warnings`` counts the findings of
    the newest batch that are more than information. ``held`` is the challenger in the shadow.
    """

    model: str
    problem: str
    metric_name: str
    champion: int | None
    champion_since: datetime | None
    champion_seen_until: datetime | None
    last_batch: Window | None
    stopped: bool
    rows: int
    metric: float | None
    baseline: float | None
    metric_window: Window | None
    decision_id: str | None
    verdict: Verdict | None
    sentence: str
    warnings: int
    batches: int
    retrainings: int
    promotions: int
    rejections: int
    held: int | None = None


@dataclass(frozen=True, slots=True)
class VersionRow:
    """One version: what it is, what it saw, how it was judged, by the gate and in the shadow; ``held``: it is there."""

    version: int
    stage: Stage
    as_of: datetime
    estimator: str
    trained_from: datetime
    seen_until: datetime
    refitted: bool
    metrics: Mapping[str, float]
    difference: float | None
    sentence: str
    decision_id: str
    held: bool = False


@dataclass(frozen=True, slots=True)
class ModelHistory:
    """All that happened to one model."""

    model: str
    metric: str
    rows: tuple[BatchRow, ...]
    versions: tuple[VersionRow, ...]
    promotions: tuple[Promotion, ...]


def status(reader: Reader) -> tuple[StatusRow, ...]:
    """Return a line for each model of the records, by name."""
    return tuple(_status(reader, model) for model in sorted(reader.models()))


def history(reader: Reader, model: str, *, start: datetime | None = None, end: datetime | None = None) -> ModelHistory:
    """Return a model's batches in ``[start, end)`` with all of its versions and promotions.

    Raises:
        NotFoundError: the records do not know the model.
    """
    return ModelHistory(
        model=model,
        metric=primary_metric(reader, model),
        rows=timeline(reader, model, start=start, end=end),
        versions=versions(reader, model),
        promotions=tuple(reader.promotions(model)),
    )


def versions(reader: Reader, model: str) -> tuple[VersionRow, ...]:
    """Return a row for each version, oldest first."""
    gates = {gate.challenger: gate for gate in reader.gate_results(model)}
    shadows = {one.version: one for one in reader.shadow_verdicts(model)}
    return tuple(_version(item, gates.get(item.version), shadows.get(item.version)) for item in reader.versions(model))


def _version(version: Version, gate: GateResult | None, shadow: ShadowVerdict | None) -> VersionRow:
    said = [one.sentence for one in (gate, shadow) if one is not None]
    return VersionRow(
        version=version.version,
        stage=version.stage,
        as_of=version.as_of,
        estimator=str(version.manifest.get("estimator", "")),
        trained_from=version.trained_from,
        seen_until=version.seen_until,
        refitted=version.refit_sha256 is not None,
        metrics=dict(gate.metrics.get("challenger", {})) if gate is not None else {},
        difference=None if gate is None else gate.difference,
        sentence=" ".join(said) or "not judged yet",
        decision_id=version.run_key,
        held=is_held(gate, shadow),
    )


def _status(reader: Reader, model: str) -> StatusRow:
    spec = reader.spec_of(model) or {}
    rows = timeline(reader, model)
    champion = reader.champion(model)
    promotions, held = reader.promotions(model), reader.held_at(model)
    newest = rows[-1] if rows else None
    measured = [row for row in rows if row.metric is not None]
    decided = [row.decision for row in rows if row.decision is not None]
    return StatusRow(
        model=model,
        problem=str(spec["problem"]["kind"]),
        metric_name=str(spec["problem"]["metric"]),
        champion=None if champion is None else champion.version,
        champion_since=promotions[-1].as_of if promotions else None,
        champion_seen_until=None if champion is None else champion.seen_until,
        last_batch=None if newest is None else newest.window,
        stopped=newest is not None and newest.stopped,
        rows=0 if newest is None else newest.rows,
        metric=measured[-1].metric if measured else None,
        baseline=measured[-1].baseline if measured else None,
        metric_window=measured[-1].window if measured else None,
        decision_id=decided[-1].id if decided else None,
        verdict=decided[-1].verdict if decided else None,
        sentence=decided[-1].sentence if decided else "nothing decided yet",
        warnings=0 if newest is None else sum(item.severity is not Severity.INFO for item in newest.findings),
        batches=len(rows),
        retrainings=sum(row.retrained for row in rows),
        promotions=_count(rows, EventKind.PROMOTED),
        rejections=_count(rows, EventKind.REJECTED),
        held=None if held is None else held[0].version,
    )


def _count(rows: tuple[BatchRow, ...], kind: EventKind) -> int:
    return sum(event.kind is kind for row in rows for event in row.events)
