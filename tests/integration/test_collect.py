"""What no record refers to can be removed; what one refers to never is, whatever else runs meanwhile."""

from __future__ import annotations

import os
import time
from datetime import timedelta
from pathlib import Path

import pytest

from ml.artifacts.store import ArtifactStore, Stored
from ml.domain.errors import RegistryError
from ml.flows.collect import collect
from ml.flows.loop import run
from ml.flows.workspace import Workspace
from tests.integration.streams import SPAN, spec_of, stream
from tests.integration.test_loop import workspace_in

DAY = timedelta(days=1)


def aged(workspace: Workspace, days: float) -> None:
    """Make everything that is stored so many days old."""
    then = time.time() - days * 86_400
    for one in workspace.store.stored():
        os.utime(one.location, (then, then))


def names(found: tuple[Stored, ...]) -> set[str]:
    return {one.name for one in found}


def test_only_old_artifacts_without_a_record_go(tmp_path: Path) -> None:
    spec = spec_of(tmp_path, stream(rows_a_day=60))
    spec = spec.model_copy(update={"monitoring": spec.monitoring.model_copy(update={"report": "on_retrain"})})
    with workspace_in(tmp_path) as workspace:
        run(workspace, spec, start=SPAN.start, end=SPAN.start.replace(day=5))
        kept = names(tuple(workspace.store.stored()))
        old = workspace.store.put(b"left behind by a crash")
        (tmp_path / "artifacts" / "ab").mkdir(exist_ok=True)
        (tmp_path / "artifacts" / "ab" / ".tmp-xyz").write_bytes(b"half")
        aged(workspace, 2)
        young = workspace.store.put(b"about to be recorded")
        found = collect(workspace, older_than=DAY)
        assert names(found.unreferenced) == {old, ".tmp-xyz"}
        assert found.stored == len(kept) + 3
        assert workspace.store.has(old), "it only says what it would do"
        assert collect(workspace, older_than=DAY, remove=True) == found
        assert names(tuple(workspace.store.stored())) == kept | {young}
        assert collect(workspace, older_than=DAY).unreferenced == ()


def test_an_artifact_that_is_put_again_is_young_again(tmp_path: Path) -> None:
    with workspace_in(tmp_path) as workspace:
        sha256 = workspace.store.put(b"used once")
        aged(workspace, 30)
        assert workspace.store.put(b"used once") == sha256
        assert collect(workspace, older_than=DAY, remove=True).unreferenced == ()


def test_what_is_put_while_the_collector_runs_is_not_lost(tmp_path: Path) -> None:
    """Between the collector's look and its hand the same bytes are put again, before or after they lose their name."""
    store = ArtifactStore(str(tmp_path))
    sha256 = store.put(b"used again")
    (found,) = store.stored()
    with workspace_in(tmp_path / "other") as workspace:
        now = workspace.clock()
    store.put(b"used again")
    assert not store.remove(found, older_than=now - DAY), "it is young again and gets its name back"
    assert store.get(sha256) == b"used again"
    os.utime(found.location, (0, 0))
    assert store.remove(found, older_than=now - DAY)
    assert store.put(b"used again") == sha256
    assert store.get(sha256) == b"used again"


def test_less_than_a_day_is_refused(tmp_path: Path) -> None:
    with (
        workspace_in(tmp_path) as workspace,
        pytest.raises(RegistryError, match="may belong to a flow that still runs"),
    ):
        collect(workspace, older_than=timedelta(hours=1))


def test_what_has_no_age_is_kept(tmp_path: Path) -> None:
    with workspace_in(tmp_path) as workspace:
        workspace.store = ArtifactStore(f"memory://{tmp_path.name}")
        workspace.store.put(b"remote")
        (one,) = workspace.store.stored()
        assert one.size == 6
        assert collect(workspace, older_than=DAY).unreferenced == ()
