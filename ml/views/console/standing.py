"""How all models stand: a question a table, whatever their number, and each judged by what it answered."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from ml.domain.findings import Finding, Severity
from ml.domain.windows import Window, parse_duration
from ml.registry.convert import AnyRow
from ml.views.console import list_statements as statements
from ml.views.console.findings import finding_of_row
from ml.views.console.health import Facts, Health, judge

if TYPE_CHECKING:
    from ml.registry import Reader

_NOTHING: tuple[()] = ()


@dataclass(slots=True)
class Standing:
    """One model: its health and the rows that say so. Hundreds are made for a page that shows some tens of them."""

    model: str
    spec: Mapping[str, Any]
    metric: str
    owner: str
    tags: tuple[str, ...]
    health: Health
    champion: AnyRow | None
    newest: Window | None
    measured: AnyRow | None
    decision: AnyRow | None


def standings(reader: Reader, visible: Collection[str]) -> list[Standing]:
    """Return how each of the models stands, in no order."""
    if not visible:
        return []
    only = next(iter(visible)) if len(visible) == 1 else ""
    wanted = frozenset(visible)
    specs = {row.model: row.spec for row in reader.ask(statements.SPECS, only=only) if row.model in wanted}
    champions = _by_model(reader.ask(statements.CHAMPIONS, only=only))
    batches = _by_model(reader.ask(statements.NEWEST_BATCHES, only=only))
    findings = _grouped(reader.ask(statements.NEWEST_FINDINGS, only=only))
    decisions = _by_model(reader.ask(statements.LAST_DECISIONS, only=only))
    measured = _measured(reader, specs, only)
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
        spec=spec,
        metric=metric,
        owner=str(spec.get("owner", "")),
        tags=tuple(spec.get("tags", ())),
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


def _measured(reader: Reader, specs: Mapping[str, Mapping[str, Any]], only: str) -> dict[str, list[AnyRow]]:
    """The newest value of each model's primary metric, a row for each finding of the run that measured it."""
    wanted = {model: str(spec["problem"]["metric"]) for model, spec in specs.items()}
    found: dict[str, list[AnyRow]] = {}
    for metric in sorted(set(wanted.values())):
        for row in reader.ask(statements.MEASURED, metric=metric, only=only):
            if wanted.get(row.model) == metric:
                found.setdefault(row.model, []).append(row)
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
