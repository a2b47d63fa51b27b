"""Six weeks of a model on record: the views' tests read what this writes."""

from __future__ import annotations

from ml.domain.findings import Finding, Outcome, Severity
from ml.domain.records import (
    Act,
    Decision,
    GateResult,
    Quantity,
    RuleResult,
    ScoringRole,
    SnapshotRole,
    Validation,
    Verdict,
)
from ml.registry import Registry, Writer
from tests.builders import MODEL, START, decision, metric, observation, week

SPEC = {
    "model": MODEL,
    "owner": "ada",
    "tags": ["energy"],
    "problem": {"kind": "classification", "target": "y", "metric": "accuracy"},
    "source": {"kind": "file", "path": "a.csv"},
    "time": {"column": "ts", "batch": "7d"},
}
LATE = 5


def finding(code: str, severity: Severity = Severity.WARNING) -> Finding:
    return Finding(code, severity, "price", "-1", "0 or more", "ask the supplier", Outcome.FAILED, 3)


def told(url: str) -> Registry:
    """Week 0 trains v1, 2 is stopped, 3 drifts and rejects v2, 4 promotes v3 and rolls back, 5 waits for labels."""
    registry = Registry.open(url)
    with registry.write() as writer:
        writer.register_model(MODEL, "s" * 64, SPEC)
        _batch(writer, 0)
        _retraining(writer, 0, 1, passed=True)
        for number in range(1, 6):
            _batch(writer, number)
        writer.add_decision(asked(1, Verdict.KEEP))
        _retraining(writer, 3, 2, passed=False)
        _retraining(writer, 4, 3, passed=True)
        _roll_back(writer)
        writer.add_decision(asked(5, Verdict.KEEP, holding="cooldown"))
        writer.add_findings(MODEL, week(6), week(6).end, "ingest", [finding("DV003", Severity.ERROR)])
    return registry


def _batch(writer: Writer, number: int) -> None:
    window = week(number)
    snapshot = writer.add_snapshot(
        model=MODEL,
        role=SnapshotRole.ROWS,
        window=window,
        as_of=window.end,
        sha256=f"{number:064d}",
        rows=110,
        columns={"price": "float64"},
        source="a.csv",
        code_version="1",
    )
    stopped = number == 2
    found = (finding("DV040", Severity.ERROR if stopped else Severity.INFO),) if number in (2, 3) else ()
    validation = Validation(snapshot.id, not stopped, 100, 10, f"{number:064d}", None, found)
    writer.add_validation(validation, model=MODEL, window=window, as_of=window.end)
    if stopped or number == 0:
        return
    if number < LATE:
        writer.add_scorings(
            model=MODEL,
            roles={1: ScoringRole.CHAMPION},
            snapshot_id=snapshot.id,
            window=window,
            as_of=window.end,
            sha256="f" * 64,
            rows=100,
        )
    drifted = {"drifted": True, "threshold": 0.1, "method": "wasserstein"}
    found_drift = [
        observation(number, Quantity.DRIFT_SHARE, 0.5 if number == 3 else 0.0),
        observation(number, Quantity.PREDICTION_DRIFT, 0.02, subject="prediction", version=1),
    ]
    if number == 3:
        found_drift += [
            observation(number, Quantity.COLUMN_DRIFT, 0.2, subject="price", detail=drifted),
            observation(number, Quantity.COLUMN_DRIFT, 0.4, subject="hour", detail=drifted),
            observation(number, Quantity.COLUMN_DRIFT, 0.05, subject="calm", detail=drifted | {"drifted": False}),
        ]
        writer.add_findings(MODEL, window, window.end, "monitor", [finding("DR002")])
    if number < LATE:
        found_drift += [
            observation(number, Quantity.LABELLED, 60.0, rows=60),
            metric(number, 0.7),
            observation(number, Quantity.LABELLED, 100.0, seen=number + 1),
            metric(number, 0.8 + number / 100, seen=number + 1),
        ]
    writer.add_observations(MODEL, found_drift)


def asked(number: int, verdict: Verdict, holding: str = "") -> Decision:
    asks = Verdict.RETRAIN if holding else verdict
    result = RuleResult(
        "any",
        asks,
        "1 of 2 rules",
        of=(
            RuleResult("performance", asks, "the champion got worse", 0.07, 0.05),
            RuleResult("schedule", Verdict.KEEP, "3 of 10 batches", 3, 10),
        ),
    )
    guards = (
        RuleResult(
            "cooldown", Verdict.KEEP if holding else Verdict.RETRAIN, "a day after the last", 86_400.0, 604_800.0
        ),
    )
    return decision(number, verdict, result=result, guards=guards, sentence=f"{verdict.value}: because")


def _retraining(writer: Writer, number: int, version: int, *, passed: bool) -> None:
    run = writer.add_decision(asked(number, Verdict.RETRAIN))
    window, generation = week(number), writer.generation(MODEL)
    champion = writer.champion(MODEL)
    writer.register_version(
        model=MODEL,
        run_key=run.id,
        as_of=window.end,
        trained_from=START,
        trained_until=window.end,
        model_sha256=f"{version:064d}",
        manifest={"estimator": "LogisticRegression"},
    )
    writer.add_gate_result(
        GateResult(
            model=MODEL,
            challenger=version,
            champion=None if champion is None else champion.version,
            as_of=window.end,
            passed=passed,
            sentence="better by 0.05" if passed else "worse by 0.02",
            metrics={"challenger": {"accuracy": 0.85}, "champion": {"accuracy": 0.8}},
            difference=0.05 if passed else -0.02,
            interval=(0.01, 0.09),
            rows=50,
            rows_sha256="a" * 64,
            refitted=False,
            generation=generation,
            findings=(finding("PG003", Severity.INFO),),
        )
    )
    if not passed:
        writer.reject(MODEL, version)
        return
    writer.promote(
        model=MODEL,
        to_version=version,
        run_key=run.id,
        expected_generation=generation,
        as_of=window.end,
        baseline={"accuracy": 0.85},
        reason="better by 0.05",
        actor="ada",
        act=Act.PROMOTE,
        created_at=START,
    )


def _roll_back(writer: Writer) -> None:
    writer.promote(
        model=MODEL,
        to_version=1,
        run_key="rollback-3",
        expected_generation=writer.generation(MODEL),
        as_of=week(4).end,
        baseline={"accuracy": 0.85},
        reason="prices were wrong",
        actor="ada",
        act=Act.ROLLBACK,
        created_at=START,
    )
