"""Rows → domain records, and the parts of records → JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Row

from ml.domain.findings import Finding, Outcome, Severity
from ml.domain.records import (
    Act,
    Decision,
    GateResult,
    Json,
    Observation,
    Promotion,
    Quantity,
    RuleResult,
    Scoring,
    ScoringRole,
    Snapshot,
    SnapshotRole,
    Stage,
    Trigger,
    Validation,
    Verdict,
    Version,
)
from ml.domain.replays import Replay
from ml.domain.windows import Window

AnyRow = Row[Any]


@lru_cache(maxsize=8192)
def window_of(start: datetime, end: datetime) -> Window:
    """Build a window once for all rows that speak of it: they are many, and it is immutable."""
    return Window(start, end)


def window_values(window: Window, as_of: datetime) -> dict[str, Any]:
    """Columns of a row that speaks of one batch."""
    return {"window_start": window.start, "window_end": window.end, "as_of": as_of}


def snapshot_of(row: AnyRow) -> Snapshot:
    """Read a snapshot."""
    return Snapshot(
        id=row.id,
        model=row.model,
        role=SnapshotRole(row.role),
        window=window_of(row.window_start, row.window_end),
        as_of=row.as_of,
        sha256=row.sha256,
        rows=row.rows,
        columns=row.columns,
        source=row.source,
        code_version=row.code_version,
        supersedes=row.supersedes,
    )


def validation_of(row: AnyRow, findings: Iterable[Finding]) -> Validation:
    """Read a validation; its findings lie in a table of their own."""
    return Validation(
        snapshot_id=row.snapshot_id,
        passed=row.passed,
        rows_kept=row.rows_kept,
        rows_quarantined=row.rows_quarantined,
        kept_sha256=row.kept_sha256,
        quarantine_sha256=row.quarantine_sha256,
        findings=tuple(findings),
        profile_sha256=row.profile_sha256,
    )


def finding_json(finding: Finding) -> dict[str, Any]:
    """Write a finding as JSON."""
    return {
        "code": finding.code,
        "severity": finding.severity.value,
        "outcome": finding.outcome.value,
        "rows": int(finding.rows),
        "said": {
            "subject": finding.subject,
            "seen": finding.seen,
            "expected": finding.expected,
            "remedy": finding.remedy,
        },
    }


def finding_of(data: Mapping[str, Any]) -> Finding:
    """Read a finding from what :func:`finding_json` gave, be it a row or JSON."""
    return Finding(
        code=data["code"],
        severity=Severity(data["severity"]),
        outcome=Outcome(data["outcome"]),
        rows=data["rows"],
        **data["said"],
    )


def scoring_of(row: AnyRow) -> Scoring:
    """Read a scoring."""
    return Scoring(
        id=row.id,
        model=row.model,
        version=row.version,
        role=ScoringRole(row.role),
        snapshot_id=row.snapshot_id,
        window=window_of(row.window_start, row.window_end),
        as_of=row.as_of,
        sha256=row.sha256,
        rows=row.rows,
    )


_QUANTITIES = {quantity.value: quantity for quantity in Quantity}


def observation_of(row: Sequence[Any]) -> Observation:
    """Read an observation; the columns come in a fixed order, because there are so many rows."""
    start, end, as_of, quantity, subject, version, _, value, rows, detail, _ = row
    return Observation(
        window_of(start, end), as_of, _QUANTITIES[quantity], subject, version or None, value, rows, detail
    )


def rule_json(result: RuleResult) -> dict[str, Any]:
    """Write one node of a decision's rule tree as JSON, with all nodes below."""
    written = {
        "kind": result.kind,
        "verdict": result.verdict.value,
        "sentence": result.sentence,
        "value": result.value,
        "threshold": result.threshold,
        "evidence": dict(result.evidence),
        "of": [rule_json(part) for part in result.of],
    }
    return written if result.least_gain is None else {**written, "least_gain": float(result.least_gain)}


def rule_of(data: Mapping[str, Any]) -> RuleResult:
    """Read a rule tree."""
    return RuleResult(
        kind=data["kind"],
        verdict=Verdict(data["verdict"]),
        sentence=data["sentence"],
        value=data["value"],
        threshold=data["threshold"],
        evidence=data["evidence"],
        of=tuple(rule_of(part) for part in data["of"]),
        least_gain=data.get("least_gain"),
    )


def decision_of(row: AnyRow) -> Decision:
    """Read a decision."""
    return Decision(
        id=row.id,
        model=row.model,
        window=window_of(row.window_start, row.window_end),
        as_of=row.as_of,
        verdict=Verdict(row.verdict),
        sentence=row.sentence,
        trigger=Trigger(row.trigger),
        result=rule_of(row.result),
        guards=tuple(rule_of(guard) for guard in row.guards),
        policy_sha256=row.policy_sha256,
        history_sha256=row.history_sha256,
        reason=row.reason,
        actor=row.actor,
        least_gain=row.least_gain,
    )


def version_of(row: AnyRow, manifest: Json) -> Version:
    """Read a version; its manifest is read only once."""
    return Version(
        model=row.model,
        version=row.version,
        stage=Stage(row.stage),
        run_key=row.run_key,
        as_of=row.as_of,
        trained_from=row.trained_from,
        trained_until=row.trained_until,
        model_sha256=row.model_sha256,
        manifest=manifest,
        refit_sha256=row.refit_sha256,
        refit_until=row.refit_until,
    )


def gate_result_of(row: AnyRow) -> GateResult:
    """Read a gate's verdict."""
    return GateResult(
        model=row.model,
        challenger=row.challenger,
        champion=row.champion,
        as_of=row.as_of,
        passed=row.passed,
        sentence=row.sentence,
        metrics=row.metrics,
        difference=row.difference,
        interval=None if row.low is None else (row.low, row.high),
        rows=row.rows,
        rows_sha256=row.rows_sha256,
        refitted=row.refitted,
        generation=row.generation,
        findings=tuple(finding_of(finding) for finding in row.findings),
        evidence=row.evidence or {},
    )


def promotion_of(row: AnyRow) -> Promotion:
    """Read a change of champion."""
    return Promotion(
        model=row.model,
        generation=row.generation,
        act=Act(row.act),
        from_version=row.from_version,
        to_version=row.to_version,
        run_key=row.run_key,
        as_of=row.as_of,
        baseline=row.baseline,
        reason=row.reason,
        actor=row.actor,
        created_at=row.created_at,
    )


def replay_of(row: AnyRow) -> Replay:
    """Read a replay."""
    return Replay(
        id=row.key,
        model=row.model,
        as_of=row.as_of,
        start=row.start,
        end=row.as_of,
        costs=row.costs,
        outcomes=tuple(row.outcomes),
        advice=row.advice,
        picture_sha256=row.picture_sha256,
        page_sha256=row.page_sha256,
        actor=row.actor,
        created_at=row.created_at,
    )
