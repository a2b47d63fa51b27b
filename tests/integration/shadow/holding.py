"""Streams on which challengers are held in the shadow, and what became of them."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from ml.domain.holds import ShadowVerdict
from ml.domain.records import Decision, ScoringRole, Stage
from ml.domain.windows import Window
from ml.flows.ingest import ingest
from ml.flows.loop import BatchOutcome
from ml.flows.monitor import monitor
from ml.flows.score import score
from ml.flows.validate import validate
from ml.flows.workspace import Workspace
from ml.specs import ModelSpec
from tests.integration.streams import SPAN
from tests.integration.test_watch import EVERY_2, watched_spec

SHADOW = "gate: {shadow: 2, min_rows: 20}"
TURNED = tuple(range(6, 12))
"""The concept turns with the seventh day, for good."""


def day(number: int) -> Window:
    """The batch of a day of the stream, the first is 0."""
    return Window(SPAN.start + timedelta(days=number), SPAN.start + timedelta(days=number + 1))


def shadow_spec(folder: Path, *extra: str, away: tuple[int, ...] = (3, 4)) -> ModelSpec:
    return watched_spec(folder, *(extra or (SHADOW, EVERY_2)), away=away)


def verdicts(workspace: Workspace, spec: ModelSpec) -> list[ShadowVerdict]:
    with workspace.registry.read() as reader:
        return list(reader.shadow_verdicts(spec.model))


def stages(workspace: Workspace, spec: ModelSpec) -> dict[int, Stage]:
    with workspace.registry.read() as reader:
        return {one.version: one.stage for one in reader.versions(spec.model)}


def held(outcomes: tuple[BatchOutcome, ...]) -> list[int]:
    """The days after which a challenger was held."""
    return [(one.window.start - SPAN.start).days for one in outcomes if one.held]


def without_shadow(spec: ModelSpec) -> ModelSpec:
    return spec.model_copy(update={"gate": spec.gate.model_copy(update={"shadow": 0})})


def held_now(workspace: Workspace, spec: ModelSpec) -> int | None:
    with workspace.registry.read() as reader:
        found = reader.held_at(spec.model)
    return None if found is None else found[0].version


def taken_in(workspace: Workspace, spec: ModelSpec, number: int) -> None:
    for flow in (ingest, validate, score, monitor):
        flow(workspace, spec, day(number))


def damage(workspace: Workspace, folder: Path, sha256: str) -> None:
    """A byte of an artifact turns, and this process has not read it yet."""
    (path,) = folder.rglob(sha256)
    path.chmod(0o644)
    stored = path.read_bytes()
    path.write_bytes(stored[:-1] + bytes([stored[-1] ^ 1]))
    workspace._models.clear()
    workspace._frames.clear()


def roles(workspace: Workspace, spec: ModelSpec, number: int) -> dict[int, ScoringRole]:
    with workspace.registry.read() as reader:
        return {one.version: one.role for one in reader.scorings(spec.model, window=day(number))}


def lease(workspace: Workspace, spec: ModelSpec) -> str | None:
    with workspace.registry.read() as reader:
        return reader.lease_holder(spec.model, workspace.clock())


def recorded_decisions(outcomes: tuple[BatchOutcome, ...]) -> list[Decision | None]:
    return [one.decision for one in outcomes]
