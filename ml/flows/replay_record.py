"""What is kept of a replay: its record, its picture and its page."""

from __future__ import annotations

import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ml.domain.replays import Replay
from ml.flows.replay import replay, replay_id
from ml.flows.workspace import Workspace
from ml.policies.replay import Comparison
from ml.reports.replay import comparison_html, comparison_png
from ml.specs import ModelSpec


def recorded_replay(workspace: Workspace, spec: ModelSpec, **asked: Any) -> tuple[Comparison, Replay]:
    """Play policies over a model's past and record what came of it; arguments and errors as for a replay."""
    comparison = replay(workspace, spec, **asked)
    return comparison, record_replay(workspace, comparison)


def record_replay(workspace: Workspace, comparison: Comparison) -> Replay:
    """Store the picture and the page of a replay and record it; the same replay again is the same record."""
    model = comparison.setting.model
    title = replay_title(comparison)
    with tempfile.TemporaryDirectory() as folder:
        picture = comparison_png(comparison, Path(folder) / "replay.png", title=title).read_bytes()
    page = comparison_html(comparison, title=title).encode()
    start, end = comparison.windows[0].start, comparison.windows[-1].end
    record = Replay(
        id=replay_id(comparison, model),
        model=model,
        as_of=end,
        start=start,
        end=end,
        costs={"error": comparison.error, **asdict(comparison.prices)},
        outcomes=tuple(asdict(outcome) for outcome in comparison.outcomes),
        advice=asdict(comparison.advice),
        picture_sha256=workspace.store.put(picture),
        page_sha256=workspace.store.put(page),
        actor=workspace.actor,
        created_at=workspace.clock(),
    )
    with workspace.registry.write() as writer:
        return writer.add_replay(record)


def replay_title(comparison: Comparison) -> str:
    """Say in a line what was played."""
    return f"{comparison.setting.model}: {len(comparison.outcomes)} policies over {len(comparison.windows)} batches"
