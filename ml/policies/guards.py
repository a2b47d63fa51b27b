"""The conditions around the rules: each can hold a retraining back.

*Retrain* from a guard means that it has nothing against it, *keep* that it holds the retraining back.
"""

from __future__ import annotations

from ml.domain.records import RuleResult, Verdict
from ml.domain.windows import format_duration
from ml.policies.question import Question
from ml.specs.policy import PolicySpec


def guards(question: Question, policy: PolicySpec) -> tuple[RuleResult, ...]:
    """Ask every guard."""
    return (in_order(question), cooldown(question, policy), min_labelled(question, policy))


def in_order(question: Question) -> RuleResult:
    """Hold back a decision on a batch that has not ended, or that newer batches or the champion have left behind."""
    facts, window = question.facts, question.window
    newer = [one for one in facts.windows if one.start >= window.end]
    if window.end > facts.as_of:
        sentence = f"The batch {window} has not ended at {facts.as_of:%Y-%m-%d %H:%M}."
    elif newer:
        sentence = f"The batch {window} is not the newest: {newer[-1]} has arrived, and is decided on by itself."
    elif facts.champion is not None and facts.champion.seen_until > window.end:
        sentence = f"The champion (version {facts.champion.version}) has already seen rows later than {window}."
    else:
        return RuleResult("in_order", Verdict.RETRAIN, "The batch is the newest.")
    return RuleResult("in_order", Verdict.KEEP, sentence)


def cooldown(question: Question, policy: PolicySpec) -> RuleResult:
    """Hold back for some time after a retraining was decided, whatever became of it, or the champion changed."""
    facts = question.facts
    last = facts.last_retraining
    if last is None:
        return RuleResult("cooldown", Verdict.RETRAIN, "There was no retraining before.")
    passed = facts.as_of - last
    values = (passed.total_seconds(), policy.cooldown.total_seconds(), {"last": last.isoformat(), "unit": "seconds"})
    since = f"{format_duration(passed)} have passed since the last retraining ({last:%Y-%m-%d %H:%M})"
    if passed < policy.cooldown:
        sentence = f"{since}, {format_duration(policy.cooldown)} must."
        return RuleResult("cooldown", Verdict.KEEP, sentence, *values)
    return RuleResult("cooldown", Verdict.RETRAIN, f"{since}.", *values)


def min_labelled(question: Question, policy: PolicySpec) -> RuleResult:
    """Hold back while too few labelled rows are newer than the champion's data: there would be nothing to learn."""
    rows = question.facts.labelled_since(question.facts.champion_data_end)
    what = "labelled rows" if question.facts.champion is None else "labelled rows newer than the champion's data"
    values = (float(rows), float(policy.min_labelled))
    if rows < policy.min_labelled:
        sentence = f"There are {rows} {what}, {policy.min_labelled} are needed."
        return RuleResult("min_labelled", Verdict.KEEP, sentence, *values)
    return RuleResult("min_labelled", Verdict.RETRAIN, f"There are {rows} {what}.", *values)
