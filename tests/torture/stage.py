"""Where the crash tests play: a small model at the moment before each flow, the flow itself, and what must hold."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

from sqlalchemy import inspect, text

from ml.artifacts.store import ArtifactStore
from ml.domain.errors import HeldError
from ml.domain.records import Stage
from ml.evaluation import Look
from ml.evaluation.gain import Gain, Method
from ml.flows.approve import approve, reject
from ml.flows.decide import decide
from ml.flows.erase import erase
from ml.flows.evaluate import evaluate
from ml.flows.ingest import ingest
from ml.flows.label import label
from ml.flows.monitor import monitor
from ml.flows.promote import promote, rollback
from ml.flows.score import score
from ml.flows.settle import settle
from ml.flows.train import train
from ml.flows.validate import validate
from ml.flows.watch import watch
from ml.flows.workspace import Workspace
from ml.registry.engine import open_engine, parse_url
from ml.settings import Settings
from ml.specs import ModelSpec
from ml.specs.gate import ApprovalSpec, WatchSpec
from tests.integration.streams import SPAN, spec_of, stream

_SHA256 = re.compile(r"[0-9a-f]{64}")
_WINDOWS = list(SPAN.batches(SPAN.end.replace(day=2) - SPAN.start))[:5]
ASKED_AT = datetime(2026, 2, 1, tzinfo=UTC)
ERASED = "7"
"""The key of a row of the first batch."""
EXTRA = "policy: {when: {kind: never}}\nlabels: {delay: 1d}\ngate: {holdout: 0.3, resamples: 100, min_rows: 20}"
ARTIFACTS = {
    "snapshot": ("sha256",),
    "validation": ("kept_sha256", "quarantine_sha256"),
    "scoring": ("sha256",),
    "version": ("model_sha256", "refit_sha256"),
    "report": ("sha256",),
}
"""Columns that name an artifact; a manifest names more."""


@dataclass(frozen=True)
class Play:
    """A flow: what comes before it, and the act with a key that may be delivered twice."""

    before: Callable[[Workspace, ModelSpec], None]
    act: Callable[[Workspace, ModelSpec], Any]


def workspace_in(folder: Path) -> Workspace:
    home = {"EVERGREEN_HOME": str(folder), "EVERGREEN_DATA_ROOT": str(folder)}
    return Workspace.open(Settings.from_environment(home), actor="crash test")


def small_spec(folder: Path) -> ModelSpec:
    frame = stream(rows_a_day=40)
    spec = spec_of(folder, frame, extra=EXTRA)
    return spec.model_copy(update={"training": spec.training.model_copy(update={"min_rows": 20})})


def _batches(workspace: Workspace, spec: ModelSpec, count: int) -> None:
    for window in _WINDOWS[:count]:
        ingest(workspace, spec, window)
        validate(workspace, spec, window)
        label(workspace, spec, window)


def _decided(workspace: Workspace, spec: ModelSpec, batch: int = 4) -> str:
    return decide(workspace, spec, _WINDOWS[batch], force=True, reason="a test").id


def _ready_to_train(workspace: Workspace, spec: ModelSpec) -> None:
    _batches(workspace, spec, 5)
    _decided(workspace, spec)


def _ready_to_evaluate(workspace: Workspace, spec: ModelSpec) -> None:
    _ready_to_train(workspace, spec)
    train(workspace, spec, _decided(workspace, spec))


def _ready_to_promote(workspace: Workspace, spec: ModelSpec) -> None:
    _ready_to_evaluate(workspace, spec)
    assert evaluate(workspace, spec, _decided(workspace, spec)).passed


def _asking(spec: ModelSpec) -> ModelSpec:
    return spec.model_copy(update={"gate": spec.gate.model_copy(update={"approval": ApprovalSpec()})})


def _ready_to_approve(workspace: Workspace, spec: ModelSpec) -> None:
    """What passed waits for a person."""
    _ready_to_evaluate(workspace, spec)
    workspace.clock = lambda: ASKED_AT
    assert evaluate(workspace, _asking(spec), _decided(workspace, spec)).passed


def _approved(workspace: Workspace, spec: ModelSpec) -> None:
    workspace.clock = lambda: ASKED_AT  # the reason of a promotion names the minute in which a person said Yes
    approve(workspace, _asking(spec), 1, comment="looks right", via="console")


def _ready_to_roll_back(workspace: Workspace, spec: ModelSpec) -> None:
    _batches(workspace, spec, 5)
    for batch in (3, 4):
        key = _decided(workspace, spec, batch)
        train(workspace, spec, key)
        passed = evaluate(workspace, spec, key).passed
        assert (promote(workspace, spec, key) is not None) is passed
    with workspace.registry.read() as reader:
        assert len(reader.promotions(spec.model)) == 2, "the first version, and one more that is not worse"


def _ready_to_erase(workspace: Workspace, spec: ModelSpec) -> None:
    _ready_to_train(workspace, spec)
    train(workspace, spec, _decided(workspace, spec))


def _rolled_back(workspace: Workspace, spec: ModelSpec) -> None:
    """As a person does who repeats a command that was cut off: looks first whether it was done."""
    with workspace.registry.read() as reader:
        done = reader.promotions(spec.model)[-1].reason == "crash"
    if not done:
        rollback(workspace, spec, reason="crash")


def _ready_to_settle(workspace: Workspace, spec: ModelSpec) -> None:
    """A challenger is held, and the labels of the first batch since are there."""
    asked = spec.model_copy(update={"gate": spec.gate.model_copy(update={"shadow": 1})})
    _batches(workspace, spec, 5)
    for batch in (3, 4):
        key = _decided(workspace, spec, batch)
        train(workspace, spec, key)
        assert evaluate(workspace, asked, key).passed
        with suppress(HeldError):
            promote(workspace, spec, key)
    with workspace.registry.read() as reader:
        assert len(reader.promotions(spec.model)) == 1
        assert reader.held_at(spec.model) is not None
    _measured(workspace, spec)


def _settled(workspace: Workspace, spec: ModelSpec) -> None:
    """Compare, and let it go live."""
    found = settle(workspace, spec, SEVENTH)
    assert found is not None
    assert found.promotes


def _withdrawn(workspace: Workspace, spec: ModelSpec) -> None:
    workspace.clock = lambda: ASKED_AT  # as the reason of a promotion, the sentence names the minute
    reject(workspace, spec, 2, comment="not this one", via="console")


def _ready_to_watch(workspace: Workspace, spec: ModelSpec) -> None:
    """The labels of the first batch after a promotion are there: they come a day late."""
    _ready_to_roll_back(workspace, spec)
    _measured(workspace, spec)


def _measured(workspace: Workspace, spec: ModelSpec) -> None:
    for window in (SIXTH, SEVENTH):
        ingest(workspace, spec, window)
        validate(workspace, spec, window)
        score(workspace, spec, window)
        monitor(workspace, spec, window)


def _watched(workspace: Workspace, spec: ModelSpec) -> None:
    """Look, and see a champion that is surely worse."""
    asked = spec.model_copy(update={"gate": spec.gate.model_copy(update={"watch": WatchSpec()})})
    bad = Look("accuracy", Gain(-0.5, lambda _: -0.5, Method.SCORE), 0.0, 0.002, rows=40, batches=1, most=5)
    with patch("ml.flows.watch.look_at", return_value=bad):
        assert watch(workspace, asked, SEVENTH) is not None


SIXTH, SEVENTH = list(SPAN.batches(SPAN.end.replace(day=2) - SPAN.start))[5:7]
PLAYS: dict[str, Play] = {
    "ingest": Play(lambda w, s: None, lambda w, s: ingest(w, s, _WINDOWS[0])),
    "validate": Play(lambda w, s: ingest(w, s, _WINDOWS[0]), lambda w, s: validate(w, s, _WINDOWS[0])),
    "label": Play(
        lambda w, s: (_batches(w, s, 2), ingest(w, s, _WINDOWS[2]), validate(w, s, _WINDOWS[2])),
        lambda w, s: label(w, s, _WINDOWS[2]),
    ),
    "train": Play(_ready_to_train, lambda w, s: train(w, s, _decided(w, s))),
    "approve": Play(_ready_to_approve, _approved),
    "evaluate": Play(_ready_to_evaluate, lambda w, s: evaluate(w, s, _decided(w, s))),
    "erase": Play(_ready_to_erase, lambda w, s: erase(w, s.model, [ERASED], reason="asked for")),
    "promote": Play(_ready_to_promote, lambda w, s: promote(w, s, _decided(w, s))),
    "rollback": Play(_ready_to_roll_back, _rolled_back),
    "settle": Play(_ready_to_settle, _settled),
    "withdraw": Play(_ready_to_settle, _withdrawn),
    "watch": Play(_ready_to_watch, _watched),
    "score": Play(
        lambda w, s: (_ready_to_promote(w, s), promote(w, s, _decided(w, s)), _next(w, s)),
        lambda w, s: score(w, s, SIXTH),
    ),
}


def _next(workspace: Workspace, spec: ModelSpec) -> None:
    ingest(workspace, spec, SIXTH)
    validate(workspace, spec, SIXTH)


def violations(folder: Path, model: str) -> list[str]:
    """Say which invariants do not hold in a folder where a process has ended, at whatever instant."""
    found = [*_torn_files(folder / "artifacts")]
    if not (folder / "evergreen.db").exists():
        return found
    with workspace_in(folder) as workspace, workspace.registry.read() as reader:
        if model not in reader.models():
            return found
        found += [f"audit: {breach.what}" for breach in reader.audit(model).breaches]
        promotions, versions = reader.promotions(model), reader.versions(model)
        champions = [version.version for version in versions if version.stage is Stage.CHAMPION]
        if champions != [promotion.to_version for promotion in promotions[-1:]]:
            found.append(f"champions {champions} after {len(promotions)} changes")
        if reader.generation(model) != len(promotions):
            found.append(f"generation {reader.generation(model)} after {len(promotions)} changes")
    return found + [f"a row names {sha256}, which is not stored" for sha256 in _missing(folder)]


def _torn_files(store: Path) -> list[str]:
    """What lies under the name of a digest is what the digest says: whole or not at all."""
    return [
        f"the artifact {path.name} is torn"
        for path in store.rglob("*")
        if _SHA256.fullmatch(path.name) and hashlib.sha256(path.read_bytes()).hexdigest() != path.name
    ]


def _missing(folder: Path) -> list[str]:
    """Artifacts that a row names and that are not there: the blob comes before the row, and is durable by then."""
    engine = open_engine(parse_url(f"sqlite:///{folder / 'evergreen.db'}"))
    store = ArtifactStore(str(folder / "artifacts"))
    named: set[str] = set()
    with engine.connect() as connection:
        for table, columns in ARTIFACTS.items():
            for column in columns:
                named |= {name for name in connection.execute(text(f"SELECT {column} FROM {table}")).scalars() if name}
        erased = set(connection.execute(text("SELECT old_sha256 FROM tombstone")).scalars())
        for manifest in connection.execute(text("SELECT manifest FROM version")).scalars():
            named |= _frames(manifest, erased)
    engine.dispose()
    return sorted(name for name in named if name and not store.has(name))


def _frames(manifest: str, erased: set[str]) -> set[str]:
    """What a version needs, and what it was made from as far as that was not erased."""
    content = json.loads(manifest)
    made_from = set(content["snapshots"]) - erased
    return {content["reference_sha256"], content["holdout_predictions_sha256"], *made_from}


def state(folder: Path) -> dict[str, Any]:
    """All that is on record, without moments of the wall clock, durations and digests of them, for comparing."""
    engine = open_engine(parse_url(f"sqlite:///{folder / 'evergreen.db'}"))
    found: dict[str, Any] = {}
    with engine.connect() as connection:
        for table in sorted(inspect(connection).get_table_names()):
            rows = [dict(row) for row in connection.execute(text(f"SELECT * FROM {table}")).mappings()]
            wall_clock = {"created_at", *(("content_sha256", "before_sha256", "sha256") if table == "event" else ())}
            found[table] = [
                {name: _timeless(value) for name, value in row.items() if name not in wall_clock} for row in rows
            ]
        old = set(connection.execute(text("SELECT old_sha256 FROM tombstone")).scalars())
    engine.dispose()
    left = [path.name for path in (folder / "artifacts").rglob("*") if path.name.removeprefix(".gone-") in old]
    return {name: rows for name, rows in found.items() if name != "lease"} | {"not erased": left}


def _timeless(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    value = re.sub(r'"seconds":[0-9.e-]+', '"seconds":0', value)
    return re.sub(r'"salt":.*"scrypt":.*', "drawn anew", value)
