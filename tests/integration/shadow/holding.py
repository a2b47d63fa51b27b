"""Streams on which challengers are held in the shadow, and what became of them."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from ml.domain.holds import ShadowVerdict
from ml.domain.records import Stage
from ml.domain.windows import Window
from ml.flows.loop import BatchOutcome
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
