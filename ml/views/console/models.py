"""The list of models: how each is, and who needs attention first."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from ml.domain.findings import Finding, Severity
from ml.domain.records import Verdict
from ml.domain.windows import Window, parse_duration
from ml.registry.convert import AnyRow
from ml.views.console import statements
from ml.views.console.bounds import NEVER
from ml.views.console.findings import finding_of_row
from ml.views.console.health import URGENCY, Facts, Health, judge

if TYPE_CHECKING:
    from ml.registry import Reader

MOST_MODELS = 5000
_MOST_LENGTH = 100
_SPARK = 30


@dataclass(frozen=True, slots=True)
class Champion:
    """Who serves: since when, and the end of the rows that it was fitted on."""

    version: int
    since: datetime
    seen_until: datetime


@dataclass(frozen=True, slots=True)
class Measured:
    """The primary metric on one batch."""

    start: datetime
    end: datetime
    value: float | None


@dataclass(frozen=True, slots=True)
class LastDecision:
    """What was decided last."""

    id: str
    verdict: Verdict
    sentence: str
    as_of: datetime


@dataclass(frozen=True, slots=True)
class ModelRow:
    """Where one model stands. ``baseline`` is the primary metric at the champion's promotion."""

    model: str
    description: str
    problem: str
    metric: str
    owner: str
    tags: tuple[str, ...]
    schedule: str | None
    health: Health
    champion: Champion | None
    baseline: float | None
    newest: Window | None
    measured: Measured | None
    decision: LastDecision | None
    spark: tuple[Measured, ...] = ()


@dataclass(frozen=True, slots=True)
class Choice:
    """Which models are asked for; None and empty: all."""

    search: str = ""
    tag: str | None = None
    owner: str | None = None
    health: str | None = None


@dataclass(frozen=True, slots=True)
class ModelPage:
    """One page of the list.

    ``total`` counts all chosen, ``after`` is what the next page begins after (None: this is the last). ``tags``,
    ``owners`` and ``words`` (with counts) are those of all models that may be seen.
    """

    rows: tuple[ModelRow, ...]
    total: int
    after: str | None
    tags: tuple[str, ...]
    owners: tuple[str, ...]
    words: Mapping[str, int]


def names(reader: Reader) -> tuple[str, ...]:
    """Names of all models on record."""
    return tuple(row.name for row in reader.ask(statements.MODELS, limit=MOST_MODELS))


def page(reader: Reader, visible: Collection[str], choice: Choice, *, limit: int, after: str | None) -> ModelPage:
    """Return a page of the visible models, the most urgent first, then by name; ``after`` is the last page's.

    The order is that of now: a model whose health changes between two pages may be on both, or on none.
    """
    found = rows(reader, visible)
    chosen = sorted((row for row in found if _is_chosen(row, choice)), key=_key)
    rest = [row for row in chosen if after is None or _key(row) > after]
    shown = tuple(_with_spark(reader, row) for row in rest[: min(limit, _MOST_LENGTH)])
    words = {word.value: sum(row.health.word is word for row in found) for word in URGENCY}
    return ModelPage(
        rows=shown,
        total=len(chosen),
        after=_key(shown[-1]) if len(rest) > len(shown) else None,
        tags=tuple(sorted({tag for row in found for tag in row.tags})),
        owners=tuple(sorted({row.owner for row in found})),
        words=words,
    )


def one(reader: Reader, model: str) -> ModelRow | None:
    """Return the row of one model, None if the records do not know it."""
    found = rows(reader, (model,))
    return _with_spark(reader, found[0]) if found else None


def rows(reader: Reader, visible: Collection[str]) -> tuple[ModelRow, ...]:
    """Return a row for each of the models, without its curve: one question a table, whatever their number."""
    if not visible:
        return ()
    asked = sorted(visible)
    specs = {row.model: row.spec for row in reader.ask(statements.SPECS, names=asked)}
    champions = _by_model(reader.ask(statements.CHAMPIONS, names=asked))
    batches = _by_model(reader.ask(statements.NEWEST_BATCHES, names=asked))
    findings = _newest_findings(reader.ask(statements.NEWEST_FINDINGS, names=asked))
    decisions = _by_model(reader.ask(statements.LAST_DECISIONS, names=asked))
    metrics = _newest_metrics(reader, specs)
    fallen = _fallen(reader, champions, metrics)
    return tuple(
        _row(
            model,
            spec,
            champion=champions.get(model),
            batch=batches.get(model),
            found=findings.get(model),
            decision=decisions.get(model),
            measured=metrics.get(model),
            fell=fallen.get(model, ()),
        )
        for model, spec in specs.items()
    )


def _row(
    model: str,
    spec: Mapping[str, Any],
    *,
    champion: AnyRow | None,
    batch: AnyRow | None,
    found: tuple[Window, list[Finding]] | None,
    decision: AnyRow | None,
    measured: AnyRow | None,
    fell: Sequence[Finding],
) -> ModelRow:
    metric = str(spec["problem"]["metric"])
    newest, stopped, findings = _newest(batch, found)
    facts = Facts(
        champion=None if champion is None else champion.version,
        champion_since=None if champion is None else champion.since,
        metric=metric,
        newest=newest,
        stopped=stopped,
        found=findings,
        measured=None if measured is None else Window(measured.window_start, measured.window_end),
        fell=fell,
        due=_due(spec),
    )
    return ModelRow(
        model=model,
        description=str(spec.get("description", "")),
        problem=str(spec["problem"]["kind"]),
        metric=metric,
        owner=str(spec.get("owner", "")),
        tags=tuple(spec.get("tags", ())),
        schedule=spec.get("schedule"),
        health=judge(facts),
        champion=None if champion is None else Champion(champion.version, champion.since, champion.seen_until),
        baseline=None if champion is None else champion.baseline.get(metric),
        newest=newest,
        measured=None if measured is None else Measured(measured.window_start, measured.window_end, measured.value),
        decision=None
        if decision is None
        else LastDecision(decision.id, Verdict(decision.verdict), decision.sentence, decision.as_of),
    )


def _newest(
    batch: AnyRow | None, found: tuple[Window, list[Finding]] | None
) -> tuple[Window | None, bool, Sequence[Finding]]:
    """The newest batch, whether it could not be used, and what was found; it may have failed before it had rows."""
    window = None if batch is None else Window(batch.window_start, batch.window_end)
    if found is None or (window is not None and found[0].start < window.start):
        return window, batch is not None and batch.passed is False, ()
    if window is None or found[0].start > window.start:
        broken = any(finding.severity is Severity.ERROR for finding in found[1])
        return found[0], broken, found[1]
    return window, batch is not None and batch.passed is False, found[1]


def _newest_findings(found: Iterable[AnyRow]) -> dict[str, tuple[Window, list[Finding]]]:
    """Findings on the newest batch by model; of one step the newest set holds."""
    held: dict[str, dict[tuple[Any, ...], tuple[int, list[Finding]]]] = {}
    windows: dict[str, Window] = {}
    for row in found:
        windows[row.model] = Window(row.window_start, row.window_end)
        sets = held.setdefault(row.model, {})
        place = (row.window_end, row.as_of, row.step, row.key)
        if place not in sets or sets[place][0] != row.set_id:
            sets[place] = (row.set_id, [])
        if row.code is not None:
            sets[place][1].append(finding_of_row(row))
    return {model: (windows[model], [one for _, some in sets.values() for one in some]) for model, sets in held.items()}


def _newest_metrics(reader: Reader, specs: Mapping[str, Mapping[str, Any]]) -> dict[str, AnyRow]:
    by_metric: dict[str, list[str]] = {}
    for model, spec in specs.items():
        by_metric.setdefault(str(spec["problem"]["metric"]), []).append(model)
    found: dict[str, AnyRow] = {}
    for metric, models in by_metric.items():
        found |= _by_model(reader.ask(statements.NEWEST_METRICS, metric=metric, names=models))
    return found


def _fallen(reader: Reader, champions: Mapping[str, AnyRow], metrics: Mapping[str, AnyRow]) -> dict[str, list[Finding]]:
    """What the runs found that measured the champions last. A former champion's values say nothing about today's."""
    places = [
        (model, row.as_of)
        for model, row in metrics.items()
        if model in champions and champions[model].version == row.version
    ]
    fallen: dict[str, list[Finding]] = {}
    for row in reader.ask(statements.FALLEN, places=places) if places else ():
        fallen.setdefault(row.model, []).append(finding_of_row(row))
    return fallen


def _due(spec: Mapping[str, Any]) -> timedelta:
    """How long labels may take, as the spec on record says."""
    return parse_duration(str(spec.get("labels", {}).get("delay", "0s")))


def _by_model(found: Iterable[AnyRow]) -> dict[str, AnyRow]:
    return {row.model: row for row in found}


def _with_spark(reader: Reader, row: ModelRow) -> ModelRow:
    """Add the last values of the primary metric, oldest first."""
    found = reader.ask(statements.SERVED_METRICS, model=row.model, metric=row.metric, before=NEVER, limit=2 * _SPARK)
    newest: dict[datetime, Measured] = {}
    for one_value in found:
        newest.setdefault(
            one_value.window_start, Measured(one_value.window_start, one_value.window_end, one_value.value)
        )
    return replace(row, spark=tuple(reversed(list(newest.values())[:_SPARK])))


def _is_chosen(row: ModelRow, choice: Choice) -> bool:
    text = " ".join((row.model, row.description, row.problem, row.owner, *row.tags)).casefold()
    return (
        all(word in text for word in choice.search.casefold().split())
        and (choice.tag is None or choice.tag in row.tags)
        and (choice.owner is None or choice.owner == row.owner)
        and (choice.health is None or choice.health == row.health.word.value)
    )


def _key(row: ModelRow) -> str:
    """Where a row stands in the list, as text that sorts so."""
    return f"{URGENCY[row.health.word]} {row.model}"
