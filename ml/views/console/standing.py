"""How all models stand: a question a table, whatever their number, and each judged by what it answered."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from ml.domain.findings import Finding, Severity
from ml.domain.windows import Window, parse_duration
from ml.registry.convert import AnyRow
from ml.views.console import list_statements as statements
from ml.views.console.bounds import ALWAYS
from ml.views.console.findings import finding_of_row
from ml.views.console.health import Facts, Health, judge

if TYPE_CHECKING:
    from ml.registry import Reader

_SPARK = 30
_NOTHING: tuple[()] = ()


@dataclass(frozen=True, slots=True)
class Measured:
    """The primary metric on one batch."""

    start: datetime
    end: datetime
    value: float | None


def value_of(row: AnyRow) -> Measured:
    """Read the primary metric on one batch."""
    return Measured(row.window_start, row.window_end, row.value)


@dataclass(slots=True)
class Standing:
    """One model: what its spec says of it, its health, and the rows that say so. Hundreds are made for a page of tens.

    ``spark`` are the last values of the primary metric, None until they were asked for.
    """

    model: str
    description: str
    problem: str
    metric: str
    owner: str
    tags: tuple[str, ...]
    schedule: str | None
    health: Health
    champion: AnyRow | None
    newest: Window | None
    measured: AnyRow | None
    decision: AnyRow | None
    spark: tuple[Measured, ...] | None = None


class Known:
    """Where models stood when they were last asked about, with the digest of their newest event of then.

    A model with the same digest stands there still. Threads may share one: what one of them replaces is the same.
    """

    def __init__(self) -> None:
        self._standings: dict[str, tuple[str | None, Standing]] = {}

    def of(self, model: str, stamp: str | None) -> Standing | None:
        """Return where a model stands, None if that is not known."""
        found = self._standings.get(model)
        return found[1] if found is not None and stamp is not None and found[0] == stamp else None

    def keep(self, standing: Standing, stamp: str | None) -> None:
        """Remember where a model stands."""
        self._standings[standing.model] = (stamp, standing)


def standings(reader: Reader, visible: Collection[str], known: Known) -> list[Standing]:
    """Return how each of the models stands, in no order; only those are looked at of which something is new."""
    if not visible:
        return []
    # Before the rows: where a record comes in between, they are newer than their stamp, and are read again.
    stamps = {row.name: row.stamp for row in reader.ask(statements.STAMPS, names=sorted(visible))}
    found = {model: known.of(model, stamp) for model, stamp in stamps.items()}
    for standing in _looked_at(reader, [model for model, one in found.items() if one is None]):
        found[standing.model] = standing
        known.keep(standing, stamps[standing.model])
    return [one for one in found.values() if one is not None]


def _looked_at(reader: Reader, names: Sequence[str]) -> list[Standing]:
    """Ask about models: one question a table, whatever their number."""
    if not names:
        return []
    specs = {row.model: row.spec for row in reader.ask(statements.SPECS, names=names)}
    champions = _by_model(reader.ask(statements.CHAMPIONS, names=names))
    batches = _by_model(reader.ask(statements.NEWEST_BATCHES, names=names))
    findings = _grouped(reader.ask(statements.NEWEST_FINDINGS, names=names))
    decisions = _by_model(reader.ask(statements.LAST_DECISIONS, names=names))
    measured = _measured(reader, specs)
    return [
        _standing(
            model,
            spec,
            champion=champions.get(model),
            batch=batches.get(model),
            found=findings.get(model, _NOTHING),
            decision=decisions.get(model),
            measured=measured.get(model, _NOTHING),
        )
        for model, spec in specs.items()
    ]


def _standing(
    model: str,
    spec: Mapping[str, Any],
    *,
    champion: AnyRow | None,
    batch: AnyRow | None,
    found: Sequence[AnyRow],
    decision: AnyRow | None,
    measured: Sequence[AnyRow],
) -> Standing:
    metric = str(spec["problem"]["metric"])
    newest, stopped, findings = _newest(batch, found)
    facts = Facts(
        champion=None if champion is None else champion.version,
        champion_since=None if champion is None else champion.since,
        metric=metric,
        newest=newest,
        stopped=stopped,
        found=findings,
        measured=Window(measured[0].window_start, measured[0].window_end) if measured else None,
        fell=_fell(champion, measured),
        due=_due(spec),
    )
    return Standing(
        model=model,
        description=str(spec.get("description", "")),
        problem=str(spec["problem"]["kind"]),
        metric=metric,
        owner=str(spec.get("owner", "")),
        tags=tuple(spec.get("tags", ())),
        schedule=spec.get("schedule"),
        health=judge(facts),
        champion=champion,
        newest=newest,
        measured=measured[0] if measured else None,
        decision=decision,
    )


def _newest(batch: AnyRow | None, found: Sequence[AnyRow]) -> tuple[Window | None, bool, Sequence[Finding]]:
    """The newest batch, whether it could not be used, and what was found; it may have failed before it had rows."""
    window = None if batch is None else Window(batch.window_start, batch.window_end)
    stopped = batch is not None and batch.passed is False
    if not found or (window is not None and found[0].window_start < window.start):
        return window, stopped, ()
    findings = _held(found)
    if window is None or found[0].window_start > window.start:
        broken = any(finding.severity is Severity.ERROR for finding in findings)
        return Window(found[-1].window_start, found[-1].window_end), broken, findings
    return window, stopped, findings


def _held(found: Iterable[AnyRow]) -> list[Finding]:
    """The findings that hold: of one step the newest set, which may have none."""
    sets: dict[tuple[Any, ...], tuple[int, list[Finding]]] = {}
    for row in found:
        place = (row.window_end, row.as_of, row.step, row.key)
        if place not in sets or sets[place][0] != row.set_id:
            sets[place] = (row.set_id, [])
        if row.code is not None:
            sets[place][1].append(finding_of_row(row))
    return [finding for _, held in sets.values() for finding in held]


def _measured(reader: Reader, specs: Mapping[str, Mapping[str, Any]]) -> dict[str, list[AnyRow]]:
    """The newest value of each model's primary metric, a row for each finding of the run that measured it."""
    by_metric: dict[str, list[str]] = {}
    for model, spec in specs.items():
        by_metric.setdefault(str(spec["problem"]["metric"]), []).append(model)
    found: dict[str, list[AnyRow]] = {}
    for metric, names in by_metric.items():
        found |= _grouped(reader.ask(statements.MEASURED, metric=metric, names=names))
    return found


def _fell(champion: AnyRow | None, measured: Sequence[AnyRow]) -> list[Finding]:
    """What the run found that measured the champion last. A former champion's values say nothing about today's."""
    if champion is None or not measured or measured[0].version != champion.version:
        return []
    return [finding_of_row(row) for row in measured if row.code is not None]


def _due(spec: Mapping[str, Any]) -> timedelta:
    """How long labels may take, as the spec on record says."""
    return parse_duration(str(spec.get("labels", {}).get("delay", "0s")))


def _by_model(found: Iterable[AnyRow]) -> dict[str, AnyRow]:
    return {row.model: row for row in found}


def _grouped(found: Iterable[AnyRow]) -> dict[str, list[AnyRow]]:
    grouped: dict[str, list[AnyRow]] = {}
    for row in found:
        grouped.setdefault(row.model, []).append(row)
    return grouped


def add_sparks(reader: Reader, shown: Iterable[Standing]) -> None:
    """Add the last values of the primary metric, oldest first, where they are not known: one question a metric."""
    wanted = {one.model: one for one in shown if one.spark is None}
    by_metric: dict[str, list[str]] = {}
    for one in wanted.values():
        by_metric.setdefault(one.metric, []).append(one.model)
    newest: dict[str, dict[datetime, Measured]] = {model: {} for model in wanted}
    for metric, names in by_metric.items():
        for row in reader.ask(statements.SPARKS, names=names, metric=metric, most=2 * _SPARK, always=ALWAYS):
            newest[row.model][row.window_start] = value_of(row)  # of one batch the newest value comes last
    for model, one in wanted.items():
        one.spark = tuple(newest[model].values())[-_SPARK:]
