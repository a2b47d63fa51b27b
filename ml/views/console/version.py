"""The versions of a model, and one of them: what it is, what it saw, how it was judged, what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ml.domain.holds import ShadowVerdict, is_held
from ml.domain.records import GateResult, Promotion, Version
from ml.registry.convert import AnyRow
from ml.views.console import statements
from ml.views.console.bounds import HIGHEST
from ml.views.explanation import judged

if TYPE_CHECKING:
    from ml.registry import Reader

MOST_VERSIONS = 200
_MOST_SNAPSHOTS = 400


@dataclass(frozen=True, slots=True)
class VersionLine:
    """A version in a list. ``passed`` and what follows are the gate's, None before it judged. A ``stage`` is also
    *held*: a challenger in the shadow.
    """

    version: int
    stage: str
    decision_id: str
    as_of: datetime
    trained_from: datetime
    seen_until: datetime
    passed: bool | None
    sentence: str | None
    difference: float | None
    metrics: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class VersionPageOfList:
    """Versions, the newest first; ``below`` asks for the page after, None: this is the last."""

    versions: tuple[VersionLine, ...]
    below: int | None


@dataclass(frozen=True, slots=True)
class SourceSnapshot:
    """A snapshot that a version was made from."""

    id: int
    role: str
    sha256: str
    rows: int
    source: str
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class VersionPage:
    """One version. ``champion`` is the number of today's champion; ``served`` every time it became champion. ``held``
    says that it is in the shadow, ``shadow`` how its time there ended.
    """

    version: Version
    gate: GateResult | None
    champion: int | None
    served: tuple[Promotion, ...]
    snapshots: tuple[SourceSnapshot, ...]
    held: bool
    shadow: ShadowVerdict | None


def versions_page(reader: Reader, model: str, *, limit: int, below: int | None = None) -> VersionPageOfList:
    """Return a page of a model's versions."""
    most = min(limit, MOST_VERSIONS)
    found = reader.ask(statements.VERSIONS, model=model, below=below or HIGHEST, limit=most + 1)
    lines = tuple(_line(row) for row in found[:most])
    return VersionPageOfList(lines, lines[-1].version if len(found) > most else None)


def version_page(reader: Reader, model: str, number: int) -> VersionPage:
    """Return one version.

    Raises:
        NotFoundError: there is no such version.
    """
    version = reader.version(model, number)
    champion, gate, shadow = reader.champion(model), *judged(reader, version)
    return VersionPage(
        version=version,
        gate=gate,
        champion=None if champion is None else champion.version,
        served=tuple(one for one in reader.promotions(model) if one.to_version == number),
        snapshots=_snapshots(reader, model, version.manifest),
        held=is_held(gate, shadow),
        shadow=shadow,
    )


def _line(row: AnyRow) -> VersionLine:
    return VersionLine(
        version=row.version,
        stage=row.stage,
        decision_id=row.run_key,
        as_of=row.as_of,
        trained_from=row.since,
        seen_until=row.seen_until,
        passed=None if row.passed is None else bool(row.passed),
        sentence=row.sentence,
        difference=row.value,
        metrics=dict((row.metrics or {}).get("challenger", {})),
    )


def _snapshots(reader: Reader, model: str, manifest: Mapping[str, Any]) -> tuple[SourceSnapshot, ...]:
    """The snapshots whose digests the manifest names; the last ones, where there are very many."""
    digests = [str(digest) for digest in manifest.get("snapshots", ())][-_MOST_SNAPSHOTS:]
    found = reader.ask(statements.LINEAGE, model=model, digests=digests, limit=_MOST_SNAPSHOTS) if digests else ()
    return tuple(
        SourceSnapshot(row.id, row.role, row.sha256, row.rows, row.source, row.window_start, row.window_end)
        for row in found
    )
