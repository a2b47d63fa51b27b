"""The loop over whole real streams, which are for measuring only: skipped where they are absent."""

from __future__ import annotations

from pathlib import Path

import pytest

from ml.domain.records import Stage, Verdict
from ml.domain.windows import parse_moment
from ml.flows.loop import run
from ml.flows.replay import replayed_decisions
from ml.flows.workspace import Workspace
from ml.settings import Settings
from ml.specs import load_spec

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared" / "data"
SPECS = ROOT / "tests" / "specs" / "real"


@pytest.mark.skipif(not SHARED.exists(), reason=f"the real streams are not here: {SHARED}")
@pytest.mark.parametrize(
    ("name", "start", "end", "batches"),
    [
        ("electricity", "1996-05-07", "1998-12-08", 135),
        ("bike_sharing", "2011-01-01", "2012-12-29", 52),
    ],
)
def test_every_batch_of_a_real_stream_is_decided_on(
    tmp_path: Path, name: str, start: str, end: str, batches: int
) -> None:
    spec = load_spec(SPECS / f"{name}.yaml")
    settings = Settings.from_environment({"EVERGREEN_HOME": str(tmp_path), "EVERGREEN_DATA_ROOT": str(SHARED)})
    with Workspace.open(settings) as workspace:
        outcomes = run(workspace, spec, start=parse_moment(start), end=parse_moment(end))
        with workspace.registry.read() as reader:
            decisions, versions = reader.decisions(name), reader.versions(name)
            promotions, champion = reader.promotions(name), reader.champion(name)
        replayed = replayed_decisions(workspace, spec)
    assert replayed == decisions, "a replay of the same policy decides alike, bit for bit, ids and reasons included"
    assert len(outcomes) == len(decisions) == batches
    assert [outcome.stopped for outcome in outcomes if outcome.stopped] == []
    retrainings = [decision for decision in decisions if decision.verdict is Verdict.RETRAIN]
    assert {version.run_key for version in versions} == {decision.id for decision in retrainings}
    assert all(decision.sentence and decision.result for decision in decisions)
    assert len(promotions) == sum(version.stage is not Stage.REJECTED for version in versions) > 1
    assert champion is not None
    assert champion.version == promotions[-1].to_version
    for outcome in outcomes:
        if outcome.verdict is not None and outcome.verdict.champion is not None:
            judged = next(version for version in versions if version.version == outcome.verdict.challenger)
            rival = next(version for version in versions if version.version == outcome.verdict.champion)
            held_out_from = parse_moment(judged.manifest["holdout_from"])
            assert held_out_from >= max(judged.trained_until, rival.seen_until), "newer than what either has seen"
