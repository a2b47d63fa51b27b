"""A model's story on one time axis: its last batches with what was measured, decided and done on each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ml.domain.codes import CODES
from ml.domain.records import Act, Verdict
from ml.registry.convert import AnyRow
from ml.views.console import statements
from ml.views.console.bounds import ALWAYS, HIGHEST, NEVER
from ml.views.timeline import EventKind

if TYPE_CHECKING:
    from ml.registry import Reader

MOST_BATCHES = 500
MOST_EVENTS = 500
_MOST_ROWS = 20_000

Key = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class StoryBatch:
    """One batch. ``metric`` is of the version that served it; None where labels or measurements are missing.

    ``interval`` is where the metric of rows like these lies with 95 %, ``estimated`` what was estimated without labels;
    None where they are not on record.

    ``findings`` counts by severity what is more than information, ``codes`` names them.
    """

    start: datetime
    end: datetime
    rows: int
    quarantined: int
    stopped: bool
    metric: float | None
    interval: tuple[float, float] | None
    estimated: float | None
    labelled: int | None
    served_by: int | None
    drift_share: float | None
    findings: Mapping[str, int]
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StoryDecision:
    """One decision, by its batch."""

    id: str
    start: datetime
    end: datetime
    as_of: datetime
    verdict: Verdict
    sentence: str
    trigger: str
    reason: str
    actor: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class StoryEvent:
    """A change of champion, or a challenger that was refused. ``baseline`` is the primary metric at a promotion."""

    kind: EventKind
    as_of: datetime
    version: int
    sentence: str
    actor: str
    baseline: float | None


@dataclass(frozen=True, slots=True)
class Story:
    """The last batches of a model, oldest first, and what happened in their time.

    ``earlier`` is where the batches before begin to be asked for, None if there are none; ``meanings`` says in a few
    words what each code of a finding means.
    """

    model: str
    metric: str
    batches: tuple[StoryBatch, ...]
    decisions: tuple[StoryDecision, ...]
    events: tuple[StoryEvent, ...]
    earlier: datetime | None
    meanings: Mapping[str, str]


def story(reader: Reader, model: str, metric: str, *, limit: int, before: datetime | None = None) -> Story:
    """Return the story of up to ``limit`` batches before a moment, by default the last ones."""
    most, end = min(limit, MOST_BATCHES), before or NEVER
    windows = _newest_of_window(reader.ask(statements.WINDOWS, model=model, before=end, limit=2 * most + 1))
    shown = windows[:most]
    start = shown[-1].window_start if shown else ALWAYS
    span = {"model": model, "start": start, "before": end, "limit": _MOST_ROWS}
    measured = _measured(reader.ask(statements.SERVED_METRICS, model=model, metric=metric, before=end, limit=6 * most))
    shares = {(row.window_start, row.window_end, row.quantity): row for row in reader.ask(statements.SHARES, **span)}
    estimated = {_key(row): row.value for row in reader.ask(statements.ESTIMATES, metric=metric, **span)}
    found = _findings(reader.ask(statements.FINDINGS, **span))
    batches = [_batch(row, measured, shares, estimated, found.pop(_key(row), ())) for row in reversed(shown)]
    batches += [_without_rows(key, codes) for key, codes in found.items()]
    codes = sorted({code for batch in batches for code in batch.codes})
    return Story(
        model=model,
        metric=metric,
        batches=tuple(sorted(batches, key=lambda batch: (batch.start, batch.end))),
        decisions=decisions(reader, model, start=start, before=end, limit=most),
        events=_events(reader, model, metric, start=start, before=end),
        earlier=start if len(windows) > most else None,
        meanings={code: CODES[code].title for code in codes if code in CODES},
    )


def decisions(
    reader: Reader,
    model: str,
    *,
    start: datetime | None = None,
    before: datetime | None = None,
    limit: int = MOST_BATCHES,
) -> tuple[StoryDecision, ...]:
    """Return decisions on batches from ``start`` on, taken before a moment, oldest first."""
    found = reader.ask(
        statements.DECISIONS,
        model=model,
        start=start or ALWAYS,
        before=before or NEVER,
        number=0,
        limit=min(limit, MOST_BATCHES),
    )
    return tuple(_decision(row) for row in reversed(found))


def _decision(row: AnyRow) -> StoryDecision:
    return StoryDecision(
        id=row.id,
        start=row.window_start,
        end=row.window_end,
        as_of=row.as_of,
        verdict=Verdict(row.verdict),
        sentence=row.sentence,
        trigger=row.trigger,
        reason=row.reason,
        actor=row.actor,
        created_at=row.created_at,
    )


def _newest_of_window(found: Iterable[AnyRow]) -> list[AnyRow]:
    """One row a window, the newest first: later snapshots come first in the answer."""
    newest: dict[Key, AnyRow] = {}
    for row in found:
        newest.setdefault(_key(row), row)
    return list(newest.values())


def _measured(found: Iterable[AnyRow]) -> dict[Key, AnyRow]:
    newest: dict[Key, AnyRow] = {}
    for row in found:
        newest.setdefault(_key(row), row)
    return newest


def _findings(found: Iterable[AnyRow]) -> dict[Key, list[tuple[str, str]]]:
    """Codes and severities by batch; of one step on one batch the newest set holds, also one that found nothing."""
    sets: dict[tuple[Any, ...], tuple[int, list[tuple[str, str]]]] = {}
    for row in found:
        place = (_key(row), row.as_of, row.step, row.key)
        if place not in sets or sets[place][0] != row.set_id:
            sets[place] = (row.set_id, [])
        if row.code is not None:
            sets[place][1].append((row.code, row.severity))
    held: dict[Key, list[tuple[str, str]]] = {}
    for place, (_, codes) in sets.items():
        held.setdefault(place[0], []).extend(codes)
    return held


def _batch(
    row: AnyRow,
    measured: Mapping[Key, AnyRow],
    shares: Mapping[tuple[datetime, datetime, str], AnyRow],
    estimated: Mapping[Key, float | None],
    found: Sequence[tuple[str, str]],
) -> StoryBatch:
    value, key = measured.get(_key(row)), _key(row)
    drift, labelled = shares.get((*key, "drift_share")), shares.get((*key, "labelled"))
    return StoryBatch(
        start=row.window_start,
        end=row.window_end,
        rows=int(row.rows if row.rows_kept is None else row.rows_kept),
        quarantined=int(row.rows_quarantined or 0),
        stopped=row.passed is False,
        metric=None if value is None else value.value,
        interval=None if value is None else interval_of(value.detail),
        estimated=estimated.get(key),
        labelled=None if labelled is None else int(labelled.value or 0),
        served_by=None if value is None else value.version,
        drift_share=None if drift is None else drift.value,
        **_said(found),
    )


def interval_of(detail: Mapping[str, Any]) -> tuple[float, float] | None:
    """Return the interval that was recorded with a value, None if there was none."""
    found = detail.get("interval")
    return None if found is None else (float(found[0]), float(found[1]))


def _without_rows(key: Key, found: Sequence[tuple[str, str]]) -> StoryBatch:
    """A batch that failed before it had a snapshot: only its findings are on record."""
    return StoryBatch(
        *key,
        rows=0,
        quarantined=0,
        stopped=True,
        metric=None,
        interval=None,
        estimated=None,
        labelled=None,
        served_by=None,
        drift_share=None,
        **_said(found),
    )


def _said(found: Sequence[tuple[str, str]]) -> dict[str, Any]:
    return {
        "findings": dict(Counter(severity for _, severity in found)),
        "codes": tuple(dict.fromkeys(code for code, _ in found)),
    }


def _events(reader: Reader, model: str, metric: str, *, start: datetime, before: datetime) -> tuple[StoryEvent, ...]:
    promotions = reader.ask(statements.PROMOTIONS, model=model, limit=MOST_EVENTS)
    promoted = {row.run_key for row in promotions}
    events = [_change(row, metric) for row in reversed(promotions)]
    events += [
        _refused(row)
        for row in reader.ask(statements.VERSIONS, model=model, below=HIGHEST, limit=MOST_EVENTS)
        if row.stage == "rejected" and row.run_key not in promoted
    ]
    return tuple(sorted((one for one in events if start <= one.as_of < before), key=lambda one: one.as_of))


def _refused(row: AnyRow) -> StoryEvent:
    moment, said = row.judged_at or row.as_of, row.sentence or "rejected by hand"
    return StoryEvent(EventKind.REJECTED, moment, row.version, said, "", None)


def _change(row: AnyRow, metric: str) -> StoryEvent:
    kind = EventKind.ROLLED_BACK if row.act == Act.ROLLBACK.value else EventKind.PROMOTED
    return StoryEvent(kind, row.as_of, row.to_version, row.reason, row.actor, row.baseline.get(metric))


def _key(row: AnyRow) -> Key:
    return row.window_start, row.window_end
