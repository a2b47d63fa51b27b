"""The list of models: how each is, and who needs attention first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from ml.domain.records import Verdict
from ml.domain.windows import Window
from ml.registry.convert import AnyRow
from ml.views.console import list_statements as statements
from ml.views.console.bounds import ALWAYS
from ml.views.console.health import URGENCY, Health
from ml.views.console.standing import Standing, standings

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
    found = standings(reader, visible)
    chosen = sorted((one for one in found if _is_chosen(one, choice)), key=_key)
    rest = [one for one in chosen if after is None or _key(one) > after]
    shown = rest[: min(limit, _MOST_LENGTH)]
    words = Counter(one.health.word for one in found)
    return ModelPage(
        rows=_with_sparks(reader, [_row(one) for one in shown]),
        total=len(chosen),
        after=_key(shown[-1]) if len(rest) > len(shown) else None,
        tags=tuple(sorted({tag for one in found for tag in one.tags})),
        owners=tuple(sorted({one.owner for one in found})),
        words={word.value: words[word] for word in URGENCY},
    )


def one(reader: Reader, model: str) -> ModelRow | None:
    """Return the row of one model, None if the records do not know it."""
    found = rows(reader, (model,))
    return _with_sparks(reader, found)[0] if found else None


def rows(reader: Reader, visible: Collection[str]) -> tuple[ModelRow, ...]:
    """Return a row for each of the models, without its curve: one question a table, whatever their number."""
    return tuple(_row(one) for one in standings(reader, visible))


def _row(found: Standing) -> ModelRow:
    spec, metric, champion, decision = found.spec, found.metric, found.champion, found.decision
    return ModelRow(
        model=found.model,
        description=str(spec.get("description", "")),
        problem=str(spec["problem"]["kind"]),
        metric=metric,
        owner=found.owner,
        tags=found.tags,
        schedule=spec.get("schedule"),
        health=found.health,
        champion=None if champion is None else Champion(champion.version, champion.since, champion.seen_until),
        baseline=None if champion is None else champion.baseline.get(metric),
        newest=found.newest,
        measured=None if found.measured is None else _value(found.measured),
        decision=None
        if decision is None
        else LastDecision(decision.id, Verdict(decision.verdict), decision.sentence, decision.as_of),
    )


def _with_sparks(reader: Reader, shown: Sequence[ModelRow]) -> tuple[ModelRow, ...]:
    """Add the last values of the primary metric, oldest first: one question a metric."""
    by_metric: dict[str, list[str]] = {}
    for row in shown:
        by_metric.setdefault(row.metric, []).append(row.model)
    newest: dict[str, dict[datetime, Measured]] = {row.model: {} for row in shown}
    for metric, models in by_metric.items():
        for value in reader.ask(statements.SPARKS, names=models, metric=metric, most=2 * _SPARK, always=ALWAYS):
            newest[value.model][value.window_start] = _value(value)  # of one batch the newest value comes last
    return tuple(replace(row, spark=tuple(newest[row.model].values())[-_SPARK:]) for row in shown)


def _value(row: AnyRow) -> Measured:
    return Measured(row.window_start, row.window_end, row.value)


def _is_chosen(found: Standing, choice: Choice) -> bool:
    return (
        (choice.tag is None or choice.tag in found.tags)
        and (choice.owner is None or choice.owner == found.owner)
        and (choice.health is None or choice.health == found.health.word.value)
        and (not choice.search or _is_found(found, choice.search.casefold().split()))
    )


def _is_found(found: Standing, words: Sequence[str]) -> bool:
    spec = found.spec
    told = (found.model, spec.get("description", ""), spec["problem"]["kind"], found.owner, *found.tags)
    text = " ".join(str(one) for one in told).casefold()
    return all(word in text for word in words)


def _key(found: Standing) -> str:
    """Where a model stands in the list, as text that sorts so."""
    return f"{URGENCY[found.health.word]} {found.model}"
