"""A challenge of a replay as it is kept: written as JSON, and read back as the gate's verdict that a policy sees."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from ml.domain.findings import Finding, Outcome, Severity
from ml.domain.records import GateResult
from ml.evaluation import Judgement
from ml.flows.recipe import Recipe
from ml.policies.ledger import NOT_WORTH_IT
from ml.training import Split, TrainingSet


def gate_of(gate: Mapping[str, Any], model: str, as_of: datetime, *, refitted: bool) -> GateResult:
    """Read a verdict back; the versions' numbers are the player's to fill in."""
    return GateResult(
        model=model,
        challenger=0,
        champion=None,
        as_of=as_of,
        passed=gate["passed"],
        sentence=gate["sentence"],
        metrics=gate["metrics"],
        difference=gate["difference"],
        interval=None if gate["interval"] is None else (gate["interval"][0], gate["interval"][1]),
        rows=gate["rows"],
        rows_sha256="",
        refitted=refitted,
        generation=0,
        findings=tuple(_finding(code, outcome) for code, outcome in gate["findings"]),
    )


def _finding(code: str, outcome: str) -> Finding:
    """Return what a policy sees of a check."""
    return Finding(code, Severity.ERROR, "", "", "", "", Outcome(outcome))


def not_worth_it(least_gain: float) -> Finding:
    """Return what a policy sees of a challenger that gained less than a decision asked for."""
    return replace(_finding(NOT_WORTH_IT, Outcome.FAILED.value), expected=f"a gain of at least {least_gain:+.4g}")


def document_of(
    split: Split,
    chosen: TrainingSet,
    *,
    recipe: Recipe,
    refitted: Recipe | None,
    judgement: Judgement,
    windows: int,
    seconds: float,
    spec: Any,
) -> dict[str, Any]:
    """Write down what came of a training and its judgement."""
    first = chosen.rows[spec.time.column].iloc[0].to_pydatetime()
    until = max(batch.end for batch in split.batches)
    return {
        "challenger": asdict(recipe),
        "serving": asdict(refitted or recipe),
        "trained_from": first.isoformat(),
        "trained_until": split.trained_until.isoformat(),
        "refit_until": None if refitted is None else until.isoformat(),
        "windows": windows,
        "seconds": seconds,
        "gate": {
            "passed": judgement.passed,
            "sentence": judgement.sentence,
            "metrics": judgement.metrics,
            "difference": judgement.difference,
            "interval": judgement.interval,
            "rows": len(split.holdout),
            "findings": [[one.code, one.outcome.value] for one in judgement.findings],
        },
    }
