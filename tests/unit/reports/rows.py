"""A made-up year of batches, as the views would give it."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

from ml.domain.findings import Finding, Severity
from ml.domain.records import Decision, RuleResult, Trigger, Verdict
from ml.domain.windows import Window
from ml.views import BatchRow, Event, EventKind

START = datetime(2025, 1, 6, tzinfo=UTC)
WEEK = timedelta(days=7)


def finding(code: str = "DV041", severity: Severity = Severity.WARNING) -> Finding:
    return Finding(code, severity, "price", "-3", "0 or more", "ask the supplier", rows=3)


def decision_of(window: Window, verdict: Verdict, kind: str = "performance") -> Decision:
    asks = verdict is Verdict.RETRAIN
    result = RuleResult(
        "any",
        verdict,
        "the champion got worse" if asks else "the champion holds",
        of=(
            RuleResult(kind, verdict, "the champion got worse", value=0.07 if asks else 0.01, threshold=0.05),
            RuleResult("schedule", Verdict.KEEP, "3 of 10 batches", value=3, threshold=10),
        ),
    )
    guards = (RuleResult("cooldown", Verdict.RETRAIN, "no cooldown", value=7, threshold=0),)
    sentence = f"{'Retrain' if asks else 'Keep'}: {result.sentence}"
    key = f"shop-{window.end:%Y%m%dT%H%M}-abc"
    return Decision(key, "shop", window, window.end, verdict, sentence, Trigger.SCHEDULE, result, guards, "p", "h")


def batch_row(week: int, **changes: object) -> BatchRow:
    window = Window(START + week * WEEK, START + (week + 1) * WEEK)
    values: dict[str, object] = {
        "window": window,
        "rows": 1240,
        "quarantined": 0,
        "stopped": False,
        "findings": (),
        "labelled": 1240,
        "drift_share": 0.0,
        "drifted": (),
        "prediction_drift": 0.02,
        "target_drift": None,
        "metric": 0.85,
        "baseline": 0.86,
        "served_by": 1,
        "decision": decision_of(window, Verdict.KEEP),
        "champion": 1,
        "events": (),
    }
    return BatchRow(**{**values, **changes})


def year() -> tuple[BatchRow, ...]:
    """52 weeks: a first version, a corrupted batch, a drift, a rejection, a rollback, two weeks without labels."""
    rows = []
    for week in range(52):
        version = 1 if week < 20 else 2 if week < 36 else 3
        metric = 0.86 + 0.012 * math.sin(week / 2.3) - (0.09 if 17 <= week < 20 else 0.05 if week in (34, 35) else 0)
        row = batch_row(
            week, served_by=version, champion=version, metric=round(metric, 4), baseline=0.85 + version / 100
        )
        rows.append(_changed(week, row))
    return tuple(rows)


def _changed(week: int, row: BatchRow) -> BatchRow:
    retrain = decision_of(row.window, Verdict.RETRAIN)
    special: dict[int, dict[str, object]] = {
        1: {"metric": None, "baseline": None, "served_by": None, "champion": 1, "decision": retrain},
        8: {"quarantined": 31, "findings": (finding(),)},
        12: {
            "stopped": True,
            "findings": (finding("DV012", Severity.ERROR),),
            "metric": None,
            "decision": None,
            "labelled": 0,
        },
        17: {"decision": retrain},
        18: {"decision": retrain},
        34: {"decision": retrain},
        44: {},
    }
    events = {
        1: (Event(EventKind.PROMOTED, 1, "beats the dummy"),),
        17: (Event(EventKind.REJECTED, 2, "worse by 0.02"),),
        18: (Event(EventKind.PROMOTED, 3, "better by 0.05"),),
        34: (Event(EventKind.PROMOTED, 4, "not worse"),),
        44: (Event(EventKind.ROLLED_BACK, 3, "prices were wrong"),),
    }
    changes = {**special.get(week, {}), "events": events.get(week, ())}
    if week == 0:
        changes |= {"metric": None, "baseline": None, "served_by": None, "champion": None, "drift_share": None}
    if 15 <= week < 30:
        changes |= {"drift_share": 0.4, "drifted": (("price", 0.4), ("distance", 0.2), ("hour", 0.11))}
    if week >= 50:
        changes |= {"metric": None, "labelled": 0}
    return batch_row(
        week, **{**{name: getattr(row, name) for name in ("metric", "baseline", "served_by", "champion")}, **changes}
    )
