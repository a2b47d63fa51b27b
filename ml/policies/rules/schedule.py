"""Retrain every so many batches."""

from __future__ import annotations

from ml.domain.records import RuleResult, Verdict
from ml.policies.question import Question
from ml.specs.rules import ScheduleRule


def schedule(question: Question, spec: ScheduleRule) -> RuleResult:
    """Count the batches that began since the champion's data ends, or since the newest version was trained if later.

    A challenger that the gate rejected counts: the calendar would otherwise train one with every batch from then on. So
    does a delay of labels, which lets the champion's data end long before it was trained.
    """
    facts = question.facts
    since = max(
        (moment for moment in (facts.champion_data_end, facts.last_trained) if moment is not None), default=None
    )
    count = sum(since is None or window.start >= since for window in facts.windows)
    start = "in all" if since is None else f"since {since:%Y-%m-%d %H:%M}"
    evidence = {"since": since.isoformat() if since else None, "batches": count}
    if count >= spec.every:
        sentence = f"{count} batches {start}: a retraining is due every {spec.every}."
        return RuleResult(spec.kind, Verdict.RETRAIN, sentence, float(count), float(spec.every), evidence)
    left = spec.every - count
    sentence = f"{count} of {spec.every} batches {start}: would retrain after {left} more."
    return RuleResult(spec.kind, Verdict.KEEP, sentence, float(count), float(spec.every), evidence)
