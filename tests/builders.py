"""Builders of records: every argument has a sensible default, so that a test names only what it is about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from ml.domain.findings import Finding, Outcome, Severity
from ml.domain.history import History
from ml.domain.records import (
    Act,
    Decision,
    GateResult,
    Observation,
    Promotion,
    Quantity,
    RuleResult,
    Stage,
    Trigger,
    Verdict,
    Version,
)
from ml.domain.windows import Window

MODEL = "power"
START = datetime(2026, 1, 5, tzinfo=UTC)
WEEK = timedelta(days=7)


def week(number: int) -> Window:
    """The batch of the given week, counted from 0."""
    return Window(START + number * WEEK, START + (number + 1) * WEEK)


def weeks(count: int) -> tuple[Window, ...]:
    return tuple(week(number) for number in range(count))


def observation(
    number: int, quantity: Quantity, value: float | None, *, seen: int | None = None, **changes: Any
) -> Observation:
    """What was measured on the batch of a week; known at the end of week ``seen``, by default its own."""
    fields = {"window": week(number), "as_of": week(number if seen is None else seen).end, "rows": 100} | changes
    return Observation(quantity=quantity, value=value, **fields)


def labelled(count: int, *, rows: int = 100, first: int = 0) -> tuple[Observation, ...]:
    """All rows of so many weeks with their labels, which arrived in the same week."""
    return tuple(observation(number, Quantity.LABELLED, float(rows), rows=rows) for number in range(first, count))


def metric(number: int, value: float, *, version: int = 1, name: str = "accuracy", **changes: Any) -> Observation:
    return observation(number, Quantity.METRIC, value, subject=name, version=version, **changes)


def version(number: int = 1, *, weeks_seen: int = 1, stage: Stage = Stage.CHAMPION, **changes: Any) -> Version:
    """A version trained on the first weeks, at the end of the last of them."""
    fields: dict[str, Any] = {
        "run_key": f"{MODEL}-run-{number}",
        "as_of": week(weeks_seen - 1).end,
        "trained_from": START,
        "trained_until": week(weeks_seen - 1).end,
        "model_sha256": f"{number:064d}",
        "manifest": {},
    }
    return Version(model=MODEL, version=number, stage=stage, **(fields | changes))


def promotion(
    to: int = 1, *, week_number: int = 0, baseline: Mapping[str, float] | None = None, **changes: Any
) -> Promotion:
    fields: dict[str, Any] = {
        "generation": to,
        "act": Act.PROMOTE,
        "from_version": to - 1 or None,
        "run_key": f"{MODEL}-run-{to}",
        "as_of": week(week_number).end,
        "reason": "",
        "actor": "",
        "created_at": START,
    }
    return Promotion(model=MODEL, to_version=to, baseline=dict(baseline or {"accuracy": 0.9}), **(fields | changes))


def decision(week_number: int = 0, verdict: Verdict = Verdict.RETRAIN, **changes: Any) -> Decision:
    fields: dict[str, Any] = {
        "id": f"{MODEL}-decision-{week_number}-{verdict.value}",
        "window": week(week_number),
        "as_of": week(week_number).end,
        "sentence": "",
        "trigger": Trigger.SCHEDULE,
        "result": RuleResult("never", verdict, ""),
        "guards": (),
        "policy_sha256": "",
        "history_sha256": "",
    }
    return Decision(model=MODEL, verdict=verdict, **(fields | changes))


def gate(challenger: int, *, week_number: int = 0, passed: bool = True, **changes: Any) -> GateResult:
    """The verdict on a challenger, at the end of a week; one that did not pass was worse than the champion."""
    failed = Finding("PG002", Severity.ERROR, "accuracy", "worse", "not worse", "wait", Outcome.FAILED)
    fields: dict[str, Any] = {
        "champion": challenger - 1 or None,
        "as_of": week(week_number).end,
        "passed": passed,
        "sentence": "",
        "metrics": {},
        "difference": 0.02 if passed else -0.02,
        "interval": None,
        "rows": 100,
        "rows_sha256": "",
        "refitted": passed,
        "generation": 0,
        "findings": () if passed else (failed,),
    }
    return GateResult(model=MODEL, challenger=challenger, **(fields | changes))


def history(
    count: int = 4,
    *,
    observations: Iterable[Observation] = (),
    versions: Sequence[Version] | None = None,
    promotions: Sequence[Promotion] | None = None,
    **changes: Any,
) -> History:
    """So many weeks, all labelled, with version 1 trained and promoted at the end of the first; now is their end."""
    fields: dict[str, Any] = {
        "as_of": week(count - 1).end,
        "metric": "accuracy",
        "higher_is_better": True,
        "windows": weeks(count),
        "observations": (*labelled(count), *observations),
        "versions": (version(),) if versions is None else tuple(versions),
        "promotions": (promotion(),) if promotions is None else tuple(promotions),
    }
    return History(model=MODEL, **(fields | changes))
