"""Retrain by the calendar: every so many batches, or at the times of a cron expression."""

from __future__ import annotations

from datetime import datetime

from ml.domain.records import RuleResult, Verdict
from ml.domain.windows import to_the_minute
from ml.policies.question import Question
from ml.specs.rules import ScheduleRule


def schedule(question: Question, spec: ScheduleRule) -> RuleResult:
    """Count what has come since the champion's data ends, or since the newest version was trained if that was later.

    A challenger that the gate rejected counts: the calendar would otherwise train one with every batch from then on. So
    does a delay of labels, which lets the champion's data end long before it was trained.
    """
    facts = question.facts
    since = max(
        (moment for moment in (facts.champion_data_end, facts.last_trained) if moment is not None), default=None
    )
    if spec.cron is not None:
        return _cron(question, spec.cron, since)
    every = spec.every or 1
    count = len(facts.windows) if since is None else facts.arrived_since(since)
    start = "in all" if since is None else f"since {to_the_minute(since)}"
    evidence = {"since": since.isoformat() if since else None, "batches": count}
    if count >= every:
        sentence = f"{count} batches {start}: a retraining is due every {every}."
        return RuleResult("schedule", Verdict.RETRAIN, sentence, float(count), float(every), evidence)
    left = every - count
    sentence = f"{count} of {every} batches {start}: would retrain after {left} more."
    return RuleResult("schedule", Verdict.KEEP, sentence, float(count), float(every), evidence)


def _cron(question: Question, cron: str, since: datetime | None) -> RuleResult:
    """Due if the expression came true after the last training and not after now; value and threshold are seconds."""
    facts = question.facts
    start = since or (facts.windows[0].start if facts.windows else facts.as_of)
    due = _next(cron, start)
    evidence = {"since": since.isoformat() if since else None, "due": due.isoformat(), "unit": "seconds"}
    values = ((facts.as_of - start).total_seconds(), (due - start).total_seconds(), evidence)
    last = "There was no training yet" if since is None else f"The last training was at {to_the_minute(since)}"
    if due <= facts.as_of:
        sentence = f"{last}: by the cron expression {cron} one is due since {to_the_minute(due)}."
        return RuleResult("schedule", Verdict.RETRAIN, sentence, *values)
    sentence = f"{last}: by the cron expression {cron} would retrain at {to_the_minute(due)}."
    return RuleResult("schedule", Verdict.KEEP, sentence, *values)


def _next(cron: str, moment: datetime) -> datetime:
    """The first moment, in UTC, strictly after another one at which the expression comes true."""
    from croniter import croniter

    found: datetime = croniter(cron, moment).get_next(datetime)
    return found
