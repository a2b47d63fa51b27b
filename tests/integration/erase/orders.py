"""Orders in which a loop ran, and what must hold once a key is erased from them."""

from __future__ import annotations

from pathlib import Path

from ml.artifacts.frames import get_frame
from ml.data.labels import ROW_ID
from ml.domain.errors import ArtifactError
from ml.flows.loop import run
from ml.flows.workspace import Workspace
from ml.specs import ModelSpec
from tests.integration.streams import SPAN, spec_of, stream
from tests.integration.test_loop import workspace_in

EXTRA = """
policy: {when: {kind: schedule, every: 3}}
labels: {delay: 1d}
gate: {resamples: 100}
validation: {columns: {x: {min: -100, max: 100}}}
"""
KEY = "30"  # of the first day: the first version learns from it
SERVED = "1200"  # of the eleventh day: predicted by a champion
BAD = "250"  # set aside by validation


def made(folder: Path, url: str | None = None) -> tuple[Workspace, ModelSpec]:
    frame = stream()
    frame.loc[frame["order_id"] == int(BAD), "x"] = 1e6
    spec = spec_of(folder, frame, extra=EXTRA)
    workspace = workspace_in(folder, url)
    run(workspace, spec, start=SPAN.start, end=SPAN.end)
    return workspace, spec


def holds(workspace: Workspace, key: str) -> list[str]:
    """Where a key is still to be found among all stored bytes, whatever refers to them."""
    found = []
    for one in workspace.store.stored():
        try:
            frame = get_frame(workspace.store, one.name)
        except ArtifactError:
            continue  # a model, a profile
        for column in {"order_id", ROW_ID} & set(frame.columns):
            found += [one.name] if (frame[column].astype(str) == key).any() else []
    return found


def check_sound(workspace: Workspace, model: str) -> None:
    with workspace.registry.read() as reader:
        assert reader.audit(model).breaches == ()
        for one in reader.references(model):
            get_frame(workspace.store, one.sha256)
