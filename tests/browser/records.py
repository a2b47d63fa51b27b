"""The records that the browser tests and the screenshots show: the demo's year, played by the loop without Airflow."""

from __future__ import annotations

import sys
from pathlib import Path

import yaml

from demo import simulator
from demo.places import ROOT
from demo.simulator import START, WEEK, WEEKS
from ml.domain.records import Trigger
from ml.domain.windows import Window
from ml.flows.approve import COMMAND_LINE, reject
from ml.flows.decide import decide
from ml.flows.evaluate import evaluate
from ml.flows.loop import run
from ml.flows.replay import replay
from ml.flows.replay_record import record_replay
from ml.flows.train import train
from ml.flows.workspace import Workspace
from ml.settings import Settings
from ml.specs import ModelSpec, load_spec
from ml.specs.gate import ApprovalSpec
from ml.views.approvals import waiting

NEW = {
    "model": "returns",
    "description": "Will an ordered item come back? No batch has come in yet.",
    "problem": {"kind": "classification", "target": "returned"},
    "source": {"kind": "file", "path": "data/returns/*.parquet"},
    "time": {"column": "ordered_at", "batch": "1d"},
}


def settings_of(home: Path) -> Settings:
    """Where the records of a home are; nothing of the environment."""
    return Settings(home, f"sqlite:///{home / 'evergreen.db'}", str(home / "artifacts"), home / "models", str(home))


def fill(home: Path, *, weeks: int = WEEKS) -> Settings:
    """Write the demo's data and specs into ``home`` and play the loop and one replay over them."""
    settings = settings_of(home)
    simulator.write(home / "data", weeks=weeks)
    spec = _specs(settings)
    with Workspace.open(settings, actor="airflow") as workspace:
        run(workspace, spec, start=START, end=START + weeks * WEEK)
        record_replay(workspace, replay(workspace, spec, jobs=1))
        _let_wait(workspace, spec, weeks)
    return settings


def _let_wait(workspace: Workspace, spec: ModelSpec, weeks: int) -> None:
    """Train once more, by a spec that asks a person before what passed goes live."""
    asking = spec.model_copy(update={"gate": spec.gate.model_copy(update={"approval": ApprovalSpec()})})
    _passed(workspace, asking, weeks, reason="To have one that waits.")


def let_hold(home: Path, weeks: int) -> int:
    """Train once more, by a spec that holds in the shadow what passed; return the version that is held.

    What waits for a person has the lease: it is answered first, where nobody has yet.
    """
    settings = settings_of(home)
    spec = load_spec(settings.models_dir / "deliveries.yaml")
    holding = spec.model_copy(update={"gate": spec.gate.model_copy(update={"shadow": 3})})
    with Workspace.open(settings, actor="airflow") as workspace:
        with workspace.registry.read() as reader:
            asked = waiting(reader, [spec.model])
        for one in asked:
            reject(workspace, spec, one.version, comment="Another one is tried.", via=COMMAND_LINE)
        return _passed(workspace, holding, weeks, reason="To have one that is held.")


def _passed(workspace: Workspace, spec: ModelSpec, weeks: int, *, reason: str) -> int:
    newest = Window(START + (weeks - 1) * WEEK, START + weeks * WEEK)
    decision = decide(workspace, spec, newest, force=True, reason=reason, trigger=Trigger.MANUAL)
    train(workspace, spec, decision.id)
    result = evaluate(workspace, spec, decision.id)
    if not result.passed:
        raise RuntimeError(f"version {result.challenger} should have passed: {result.sentence}")
    return result.challenger


def _specs(settings: Settings) -> ModelSpec:
    settings.models_dir.mkdir()
    demo = ROOT / "demo" / "models" / "deliveries.yaml"
    copy = settings.models_dir / demo.name
    copy.write_text(demo.read_text())
    (settings.models_dir / "returns.yaml").write_text(yaml.safe_dump(NEW, sort_keys=False))
    return load_spec(copy)


if __name__ == "__main__":
    fill(Path(sys.argv[1]))
