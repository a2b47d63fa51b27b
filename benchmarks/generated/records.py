"""Rows of many models with many batches, as a loop would have left them; drift of columns is of `generated.bulk`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from ml.registry.base import Base
from ml.registry.custody.tables import EventRow
from ml.registry.tables import (
    DecisionRow,
    FindingRow,
    FindingSetRow,
    GateResultRow,
    ModelRow,
    ObservationRow,
    PromotionRow,
    ScoringRow,
    SnapshotRow,
    SpecRow,
    ValidationRow,
    VersionRow,
)

START = datetime(2017, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
EVERY = 25
WAITS = 10
"""In one model of so many a version waits for a person."""


FILLING = "as long as the spec of a real model " * 60


def name_of(number: int) -> str:
    return f"model-{number:04d}"


def spec_of(model: str) -> dict[str, Any]:
    return {
        "model": model,
        "owner": f"team-{hash(model) % 7}",
        "tags": ["generated"],
        "problem": {"kind": "classification", "target": "y", "metric": "accuracy"},
        "labels": {"delay": "0s"},
        "policy": {"when": {"kind": "any", "of": [{"kind": "performance", "drop": 0.05}]}},
        "described": FILLING,
    }


def rows_of(number: int, batches: int) -> Iterator[tuple[type[Base], dict[str, Any]]]:
    """All rows of one model but the drift of columns; ids are given here, so that tables can be filled in any order."""
    model, random = name_of(number), Random(number)
    yield ModelRow, {"name": model, "generation": (batches - 1) // EVERY + 1}
    yield SpecRow, {"model": model, "sha256": "s", "spec": spec_of(model)}
    for place in range(batches):
        yield from _batch(number, place, batches, random)
    if number % WAITS == 0:
        yield from _waiting(model, (batches - 1) // EVERY + 2, START + batches * DAY)


def _batch(number: int, place: int, batches: int, random: Random) -> Iterator[tuple[type[Base], dict[str, Any]]]:
    model, ident = name_of(number), number * batches + place + 1
    start = START + place * DAY
    window = {"model": model, "window_start": start, "window_end": start + DAY, "as_of": start + DAY}
    yield (
        SnapshotRow,
        {
            **window,
            "id": ident,
            "role": "rows",
            "sha256": f"{ident:064d}",
            "rows": 1000,
            "columns": {"y": "bool"},
            "source": "x",
            "code_version": "1",
            "supersedes": None,
        },
    )
    yield FindingSetRow, {**window, "id": 2 * ident, "step": "validate", "key": "", "sha256": "x"}
    yield FindingSetRow, {**window, "id": 2 * ident + 1, "step": "monitor", "key": "", "sha256": "x"}
    said = {"subject": "accuracy", "seen": "0.8", "expected": "0.9", "remedy": "look"}
    if random.random() < 0.3:
        finding = {"code": "PF001", "severity": "warning", "outcome": "failed", "rows": 1, "said": said}
        yield FindingRow, {**finding, "set_id": 2 * ident + 1}
    yield (
        ValidationRow,
        {
            **window,
            "snapshot_id": ident,
            "set_id": 2 * ident,
            "passed": place % 97 != 96,
            "rows_kept": 995,
            "rows_quarantined": 5,
            "kept_sha256": f"{ident:064d}",
            "quarantine_sha256": None,
        },
    )
    serving = place // EVERY + 1
    if place % EVERY == 0:
        yield from _retraining(model, serving, start, serving == (batches - 1) // EVERY + 1)
    yield (
        ScoringRow,
        {**window, "version": serving, "role": "champion", "snapshot_id": ident, "sha256": "x", "rows": 995},
    )
    yield DecisionRow, _decision(window, ident, place)
    yield EventRow, _event(window, place + 1)
    for quantity, subject, of, value in _measured(serving, random):
        yield (
            ObservationRow,
            {
                **window,
                "quantity": quantity,
                "subject": subject,
                "version": of,
                "revision": 0,
                "value": value,
                "rows": 995,
                "detail": {"role": "champion", "interval": [value - 0.02, value + 0.02], "note": ""},
            },
        )


def _measured(serving: int, random: Random) -> Iterator[tuple[str, str, int, float]]:
    for metric in ("accuracy", "f1_macro", "log_loss", "roc_auc"):
        yield "metric", metric, serving, 0.85 + random.gauss(0, 0.02)
    if serving > 1:
        yield "metric", "accuracy", serving - 1, 0.8
    for quantity in ("rows", "labelled", "drift_share"):
        yield quantity, "", 0, 0.3


def _decision(window: dict[str, Any], ident: int, place: int) -> dict[str, Any]:
    leaf = {"kind": "performance", "verdict": "keep", "sentence": "It holds.", "value": 0.01, "threshold": 0.05}
    leaf |= {"evidence": {}, "of": []}
    return {
        **window,
        "number": ident,
        "id": f"{window['model']}-{place}",
        "verdict": "retrain" if place % EVERY == 0 else "keep",
        "sentence": "Keep: 0 of 1 rules asks for a retraining.",
        "trigger": "schedule",
        "result": {**leaf, "kind": "any", "of": [leaf]},
        "guards": [leaf],
        "policy_sha256": "x",
        "history_sha256": "x",
        "reason": "",
        "actor": "",
        "least_gain": None,
    }


def _event(window: dict[str, Any], number: int) -> dict[str, Any]:
    """One event a batch, where a loop writes some eight."""
    return {
        "model": window["model"],
        "number": number,
        "kind": "decision",
        "record": "decision",
        "key": f"{window['model']}-{number - 1}",
        "rows": 1,
        "as_of": window["as_of"],
        "actor": "airflow",
        "content_sha256": "x",
        "before_sha256": "x",
        "sha256": "x",
        "signature": None,
    }


def _retraining(
    model: str, number: int, start: datetime, champion: bool
) -> Iterator[tuple[type[Base], dict[str, Any]]]:
    yield VersionRow, _version(model, number, start, "champion" if champion else "retired")
    yield GateResultRow, _verdict(model, number, start, {"method": "paired bootstrap"})
    yield (
        PromotionRow,
        {
            "model": model,
            "generation": number,
            "act": "promote",
            "from_version": number - 1 or None,
            "to_version": number,
            "run_key": f"{model}-{(number - 1) * EVERY}",
            "as_of": start + DAY,
            "baseline": {"accuracy": 0.87},
            "reason": "Passed.",
            "actor": "airflow",
        },
    )


def _waiting(model: str, number: int, start: datetime) -> Iterator[tuple[type[Base], dict[str, Any]]]:
    asked = {"users": [], "comment": False, "until": "2027-01-01T00:00:00Z"}
    yield VersionRow, _version(model, number, start, "challenger")
    yield GateResultRow, _verdict(model, number, start, {"method": "paired bootstrap", "approval": asked})


def _version(model: str, number: int, start: datetime, stage: str) -> dict[str, Any]:
    manifest = {"estimator": "X", "snapshots": [f"{i:064d}" for i in range(min(400, number * EVERY))], "rows": 1000}
    return {
        "model": model,
        "version": number,
        "stage": stage,
        "run_key": f"{model}-{(number - 1) * EVERY}",
        "as_of": start + DAY,
        "trained_from": START,
        "trained_until": start + DAY,
        "model_sha256": "x",
        "manifest": manifest,
        "refit_sha256": None,
        "refit_until": None,
    }


def _verdict(model: str, number: int, start: datetime, evidence: dict[str, Any]) -> dict[str, Any]:
    return {
        "model": model,
        "challenger": number,
        "champion": number - 1 or None,
        "as_of": start + DAY,
        "passed": True,
        "sentence": "Passed.",
        "metrics": {"challenger": {"accuracy": 0.87}, "champion": {"accuracy": 0.85}},
        "difference": 0.02,
        "low": 0.01,
        "high": 0.03,
        "rows": 500,
        "rows_sha256": "x",
        "refitted": False,
        "generation": number - 1,
        "findings": [],
        "evidence": evidence,
    }
