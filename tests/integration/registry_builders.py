"""Small records for the tests of the registry; every value that a test does not care about has a default."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from ml.domain.approvals import Answer, Approval
from ml.domain.findings import Finding, Outcome, Severity
from ml.domain.holds import ShadowEnding, ShadowVerdict
from ml.domain.records import (
    Act,
    Decision,
    GateResult,
    Observation,
    Promotion,
    Quantity,
    RuleResult,
    Snapshot,
    SnapshotRole,
    Trigger,
    Validation,
    Verdict,
    Version,
)
from ml.domain.replays import Replay
from ml.domain.windows import Window
from ml.registry import Reader, Registry, Writer

MODEL = "orders"
FIRST = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def day(number: int) -> datetime:
    """Start of a day, the first is 0."""
    return FIRST + number * DAY


def window(number: int) -> Window:
    """The batch of a day."""
    return Window(day(number), day(number + 1))


def registered(registry: Registry, model: str = MODEL) -> Registry:
    with registry.write() as writer:
        writer.register_model(model, "spec-1", {"model": model, "tags": ["ä", "\x00"]})
    return registry


def finding(**changes: Any) -> Finding:
    values = {
        "code": "DV001",
        "severity": Severity.ERROR,
        "subject": "price\x00\ud800",
        "seen": "a text",
        "expected": "a number",
        "remedy": "mend it",
        "outcome": Outcome.FAILED,
        "rows": 3,
    }
    return Finding(**{**values, **changes})


def snapshot(writer: Writer, number: int, *, sha256: str = "data", rows: int = 10, **changes: Any) -> Snapshot:
    values = {
        "model": MODEL,
        "role": SnapshotRole.ROWS,
        "window": window(number),
        "as_of": window(number).end,
        "columns": {"z": "int64", "a": "object"},
        "source": "file orders.csv",
        "code_version": "1",
    }
    return writer.add_snapshot(sha256=sha256, rows=rows, **{**values, **changes})


def batch(writer: Writer, number: int, *, passed: bool = True, **changes: Any) -> Snapshot:
    """A snapshot with its validation."""
    stored = snapshot(writer, number, **changes)
    found = () if passed else (finding(),)
    validation = Validation(stored.id, passed, stored.rows, 0, stored.sha256, None, found)
    writer.add_validation(validation, model=stored.model, window=stored.window, as_of=stored.as_of)
    return stored


def version(writer: Writer, key: str, *, number: int = 1, model: str = MODEL, **changes: Any) -> Version:
    values = {
        "as_of": day(number),
        "trained_from": day(0),
        "trained_until": day(number),
        "model_sha256": f"model of {key}",
        "manifest": {"seed": 0, "parameters": {"C": 1.0}, "snapshots": ["a", "b"]},
    }
    return writer.register_version(model=model, run_key=key, **{**values, **changes})


def promote(writer: Writer, to: int, key: str, *, generation: int, number: int = 1, **changes: Any) -> Promotion:
    values = {
        "model": MODEL,
        "as_of": day(number),
        "baseline": {"accuracy": 0.875},
        "reason": "better",
        "actor": "tester",
        "act": Act.PROMOTE,
        "created_at": day(100),
    }
    return writer.promote(to_version=to, run_key=key, expected_generation=generation, **{**values, **changes})


def decision(number: int, key: str = "d", **changes: Any) -> Decision:
    inner = RuleResult("drift", Verdict.CANNOT_TELL, "no reference yet", evidence={"columns": ["a"]})
    values = {
        "id": f"{key}{number}",
        "model": MODEL,
        "window": window(number),
        "as_of": window(number).end,
        "verdict": Verdict.RETRAIN,
        "sentence": "Retrain: accuracy fell.",
        "trigger": Trigger.SCHEDULE,
        "result": RuleResult("any", Verdict.RETRAIN, "accuracy fell", 0.1, 0.05, {"from": 0.9}, (inner,)),
        "guards": (RuleResult("cooldown", Verdict.RETRAIN, "no cooldown"),),
        "policy_sha256": "p",
        "history_sha256": "h",
        "reason": "",
        "actor": "",
    }
    return Decision(**{**values, **changes})


def gate_result(challenger: int, **changes: Any) -> GateResult:
    values = {
        "model": MODEL,
        "challenger": challenger,
        "champion": None,
        "as_of": day(1),
        "passed": True,
        "sentence": "The challenger is not worse.",
        "metrics": {"challenger": {"accuracy": 0.9}, "dummy": {"accuracy": 0.5}},
        "difference": 0.4,
        "interval": (0.3, 0.5),
        "rows": 100,
        "rows_sha256": "rows",
        "refitted": True,
        "generation": 0,
        "findings": (finding(code="PG001"),),
    }
    return GateResult(**{**values, **changes})


def approval(version: int = 1, **changes: Any) -> Approval:
    values = {
        "model": MODEL,
        "version": version,
        "answer": Answer.APPROVED,
        "comment": "looks right\x00",
        "actor": "ann",
        "via": "console",
        "as_of": day(1),
        "created_at": day(100),
    }
    return Approval(**{**values, **changes})


def shadow_verdict(version: int = 1, **changes: Any) -> ShadowVerdict:
    values = {
        "model": MODEL,
        "version": version,
        "ending": ShadowEnding.REJECTED,
        "sentence": "surely worse in the shadow\x00",
        "difference": -0.1,
        "interval": (-0.2, -0.05),
        "rows": 300,
        "as_of": day(4),
        "created_at": day(100),
        "evidence": {"batches": 3},
    }
    return ShadowVerdict(**{**values, **changes})


def observation(number: int, value: float | None = 0.9, **changes: Any) -> Observation:
    values = {
        "window": window(number),
        "as_of": window(number).end,
        "quantity": Quantity.METRIC,
        "subject": "accuracy",
        "version": 1,
        "value": value,
        "rows": 10,
        "detail": {"drifted": False},
    }
    return Observation(**{**values, **changes})


def replay(key: str = "r", **changes: Any) -> Replay:
    values = {
        "id": key,
        "model": MODEL,
        "as_of": day(30),
        "start": day(0),
        "end": day(30),
        "costs": {"error": 1.0, "training": 20.0},
        "outcomes": ({"name": "present", "total": 12.5, "regret": None}, {"name": "never\x00", "total": 20.0}),
        "advice": {"policy": "present", "change": False, "interval": [-1.0, 2.0]},
        "picture_sha256": "picture",
        "page_sha256": "page",
        "actor": "tester",
        "created_at": day(100),
    }
    return Replay(**{**values, **changes})


def history(reader: Reader, number: int = 1000, model: str = MODEL) -> Any:
    return reader.history(model, as_of=day(number), metric="accuracy", higher_is_better=True)


def count(registry: Registry, table: str) -> int:
    with registry.read() as reader:
        return int(reader._connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one())
