"""The list of models: how each is, and who needs attention first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from ml.domain.records import Verdict
from ml.domain.windows import Window
from ml.views.console import list_statements as statements
from ml.views.console.health import URGENCY, Health
from ml.views.console.standing import Known, Measured, Standing, add_sparks, standings, value_of

if TYPE_CHECKING:
    from ml.registry import Reader

__all__ = ["Champion", "Choice", "Known", "LastDecision", "Measured", "ModelPage", "ModelRow", "names", "one", "page"]

MOST_MODELS = 5000
_MOST_LENGTH = 100


@dataclass(frozen=True, slots=True)
class Champion:
    """Who serves: since when, and the end of the rows that it was fitted on."""

    version: int
    since: datetime
    seen_until: datetime


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


def page(
    reader: Reader,
    visible: Collection[str],
    choice: Choice,
    *,
    limit: int,
    after: str | None,
    known: Known | None = None,
) -> ModelPage:
    """Return a page of the visible models, the most urgent first, then by name; ``after`` is the last page's.

    The order is that of now: a model whose health changes between two pages may be on both, or on none. ``known`` is
    what earlier pages have found out, and learns what this one does.
    """
    found = standings(reader, visible, known or Known())
    chosen = sorted((one for one in found if _is_chosen(one, choice)), key=_key)
    rest = [one for one in chosen if after is None or _key(one) > after]
    shown = rest[: min(limit, _MOST_LENGTH)]
    add_sparks(reader, shown)
    words = Counter(one.health.word for one in found)
    return ModelPage(
        rows=tuple(_row(one) for one in shown),
        total=len(chosen),
        after=_key(shown[-1]) if len(rest) > len(shown) else None,
        tags=tuple(sorted({tag for one in found for tag in one.tags})),
        owners=tuple(sorted({one.owner for one in found})),
        words={word.value: words[word] for word in URGENCY},
    )


def one(reader: Reader, model: str) -> ModelRow | None:
    """Return the row of one model, None if the records do not know it."""
    found = standings(reader, (model,), Known())
    add_sparks(reader, found)
    return _row(found[0]) if found else None


def _row(found: Standing) -> ModelRow:
    champion, decision = found.champion, found.decision
    return ModelRow(
        model=found.model,
        description=found.description,
        problem=found.problem,
        metric=found.metric,
        owner=found.owner,
        tags=found.tags,
        schedule=found.schedule,
        health=found.health,
        champion=None if champion is None else Champion(champion.version, champion.since, champion.seen_until),
        baseline=None if champion is None else champion.baseline.get(found.metric),
        newest=found.newest,
        measured=None if found.measured is None else value_of(found.measured),
        decision=None
        if decision is None
        else LastDecision(decision.id, Verdict(decision.verdict), decision.sentence, decision.as_of),
        spark=found.spark or (),
    )


def _is_chosen(found: Standing, choice: Choice) -> bool:
    return (
        (choice.tag is None or choice.tag in found.tags)
        and (choice.owner is None or choice.owner == found.owner)
        and (choice.health is None or choice.health == found.health.word.value)
        and (not choice.search or _is_found(found, choice.search.casefold().split()))
    )


def _is_found(found: Standing, words: Sequence[str]) -> bool:
    text = " ".join((found.model, found.description, found.problem, found.owner, *found.tags)).casefold()
    return all(word in text for word in words)


def _key(found: Standing) -> str:
    """Where a model stands in the list, as text that sorts so."""
    return f"{URGENCY[found.health.word]} {found.model}"
