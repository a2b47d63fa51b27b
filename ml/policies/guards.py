"""The conditions around the rules: each can hold a retraining back.

*Retrain* from a guard means that it has nothing against it, *keep* that it holds the retraining back. Guards that the
policy does not ask for are not asked.
"""

from __future__ import annotations

from collections.abc import Callable

from ml.domain.records import RuleResult, Verdict
from ml.domain.windows import format_duration, to_the_minute
from ml.policies.limits import back_off, budget, confirm, veto
from ml.policies.question import Question

Guard = Callable[[Question], RuleResult]


def guards(question: Question) -> tuple[RuleResult, ...]:
    """Ask every guard of the policy; of a model's very first training not those that look at earlier ones."""
    return tuple(guard(question) for guard in _of(question))


def hold_back(question: Question) -> bool:
    """Tell whether a guard holds a retraining back; asks no more of them than it must."""
    return any(guard(question).verdict is not Verdict.RETRAIN for guard in _of(question))


def _of(question: Question) -> list[Guard]:
    policy = question.policy
    first = question.facts.last_retraining is None
    optional = [
        (policy.confirm is not None and question.facts.champion is not None, confirm),
        (policy.budget is not None and not first, budget),
        (policy.back_off is not None, back_off),
        (policy.veto is not None, veto),
    ]
    held = [] if question.facts.held is None else [in_the_shadow]
    return [one_at_a_time, *held, in_order, cooldown, min_labelled, *(guard for wanted, guard in optional if wanted)]


def one_at_a_time(question: Question) -> RuleResult:
    """Hold back while another decision's retraining is under way, whoever asked for it."""
    if question.rival is not None:
        sentence = f"The retraining of decision {question.rival} is under way or done for this very batch."
        return RuleResult("one_at_a_time", Verdict.KEEP, sentence, evidence={"decision": question.rival})
    return RuleResult("one_at_a_time", Verdict.RETRAIN, "No other retraining is under way.")


def in_the_shadow(question: Question) -> RuleResult:
    """Hold back while a challenger is held in the shadow: it may go live, and the next one would meet another champion.

    Asked only while there is one.
    """
    held = question.facts.held
    if held is None:
        return RuleResult("in_the_shadow", Verdict.RETRAIN, "No challenger is held in the shadow.")
    labelled = sum(rows > 0 and window.start >= held.since for window, rows in question.facts.labelled.items())
    sentence = (
        f"Version {held.version} is held in the shadow until {held.batches} batches since {to_the_minute(held.since)} "
        f"have their labels; {labelled} {'has' if labelled == 1 else 'have'} some."
    )
    evidence = {"version": held.version, "since": held.since.isoformat()}
    return RuleResult("in_the_shadow", Verdict.KEEP, sentence, float(labelled), float(held.batches), evidence)


def in_order(question: Question) -> RuleResult:
    """Hold back a decision on a batch that has not ended, or that newer batches or the champion have left behind."""
    facts, window = question.facts, question.window
    newest = facts.windows[-1] if facts.windows else None
    if window.end > facts.as_of:
        sentence = f"The batch {window} has not ended at {to_the_minute(facts.as_of)}."
    elif newest is not None and newest.start >= window.end:
        sentence = f"The batch {window} is not the newest: {newest} has arrived, and is decided on by itself."
    elif facts.champion is not None and facts.champion.seen_until > window.end:
        sentence = f"The champion (version {facts.champion.version}) has already seen rows later than {window}."
    else:
        return RuleResult("in_order", Verdict.RETRAIN, "The batch is the newest.")
    return RuleResult("in_order", Verdict.KEEP, sentence)


def cooldown(question: Question) -> RuleResult:
    """Hold back for some time after a retraining was decided, whatever became of it, or the champion changed."""
    facts, least = question.facts, question.policy.cooldown
    last = facts.last_retraining
    if last is None:
        return RuleResult("cooldown", Verdict.RETRAIN, "There was no retraining before.")
    passed = facts.as_of - last
    values = (passed.total_seconds(), least.total_seconds(), {"last": last.isoformat(), "unit": "seconds"})
    since = f"{format_duration(passed)} have passed since the last retraining ({to_the_minute(last)})"
    if passed < least:
        return RuleResult("cooldown", Verdict.KEEP, f"{since}, {format_duration(least)} must.", *values)
    return RuleResult("cooldown", Verdict.RETRAIN, f"{since}.", *values)


def min_labelled(question: Question) -> RuleResult:
    """Hold back while too few labelled rows are newer than the champion's data: there would be nothing to learn."""
    rows = question.facts.labelled_since(question.facts.champion_data_end)
    least = question.min_labelled
    what = "labelled rows" if question.facts.champion is None else "labelled rows newer than the champion's data"
    values = (float(rows), float(least))
    if rows < least:
        return RuleResult("min_labelled", Verdict.KEEP, f"There are {rows} {what}, {least} are needed.", *values)
    return RuleResult("min_labelled", Verdict.RETRAIN, f"There are {rows} {what}.", *values)
