"""Guards that a policy may ask for: confirmation, a budget, patience after failures, and data in order."""

from __future__ import annotations

from ml.domain.records import RuleResult, Verdict
from ml.domain.windows import format_duration
from ml.policies.facts import Check, Ending, Training
from ml.policies.price import price_of
from ml.policies.question import Question
from ml.specs.policy import BackOff, Budget, Confirm, Veto


def confirm(question: Question) -> RuleResult:
    """Hold back until the rules asked in enough of the newest checks; this one counts, as they ask now."""
    spec = question.policy.confirm or Confirm()
    earlier = _one_a_batch(question)[-(spec.of - 1) :] if spec.of > 1 else []
    asked = 1 + sum(check.asked for check in earlier)
    values = (float(asked), float(spec.checks), {"checks": 1 + len(earlier), "of": spec.of})
    sentence = f"The rules asked in {asked} of the last {1 + len(earlier)} checks"
    if asked < spec.checks:
        return RuleResult("confirm", Verdict.KEEP, f"{sentence}; {spec.checks} of {spec.of} must.", *values)
    return RuleResult("confirm", Verdict.RETRAIN, f"{sentence}.", *values)


def _one_a_batch(question: Question) -> list[Check]:
    """The newest check of every earlier batch: asking twice about one batch confirms nothing."""
    last = {check.window: check for check in question.facts.checks if check.window != question.window}
    return [last[window] for window in sorted(last)]


def budget(question: Question) -> RuleResult:
    """Hold back when the period's retrainings, with this one, would be more or dearer than the budget."""
    spec = question.policy.budget
    if spec is None:
        return RuleResult("budget", Verdict.RETRAIN, "There is no budget.")
    facts = question.facts
    since = facts.as_of - spec.period
    decided = [one for one in facts.checks if one.verdict is Verdict.RETRAIN and one.as_of > since]
    period = format_duration(spec.period)
    if spec.retrainings is not None and len(decided) >= spec.retrainings:
        sentence = f"{len(decided)} retrainings were decided in the last {period}; {spec.retrainings} are allowed."
        evidence = {"period": period, "of": "retrainings"}
        return RuleResult("budget", Verdict.KEEP, sentence, float(len(decided)), float(spec.retrainings), evidence)
    if spec.cost is not None:
        return _within_cost(question, spec, decided)
    most = spec.retrainings or 0
    sentence = f"{len(decided)} of {most} retrainings were decided in the last {period}."
    evidence = {"period": period, "of": "retrainings"}
    return RuleResult("budget", Verdict.RETRAIN, sentence, float(len(decided)), float(most), evidence)


def _within_cost(question: Question, spec: Budget, decided: list[Check]) -> RuleResult:
    """Every retraining decided counts in full: whether it goes live is not known when it is decided."""
    price = price_of(question.facts, question.policy.costs, scale=question.scale)
    total = price.training * (len(decided) + 1)
    limit = spec.cost or 0.0
    values = (total, limit, {"period": format_duration(spec.period), "of": "cost", "price": price.training})
    sentence = f"With this one, retraining would have cost {total:.4g} in the last {format_duration(spec.period)}"
    if total > limit:
        return RuleResult("budget", Verdict.KEEP, f"{sentence}; {limit:.4g} is allowed.", *values)
    return RuleResult("budget", Verdict.RETRAIN, f"{sentence} of the allowed {limit:.4g}.", *values)


def back_off(question: Question) -> RuleResult:
    """Hold back some batches after a rejected challenger, longer after each further one in a row."""
    spec = question.policy.back_off or BackOff()
    rejected = _rejected_in_a_row(question.facts.trainings)
    if not rejected:
        return RuleResult("back_off", Verdict.RETRAIN, "No challenger was rejected since the last promotion.")
    wait = float(spec.first)
    for _ in rejected[1:]:
        wait = min(float(spec.most), wait * spec.factor)
    since = rejected[0].settled or rejected[0].as_of
    passed = question.facts.arrived_since(since)
    values = (float(passed), float(round(wait)), {"rejected": len(rejected), "since": since.isoformat()})
    many = "1 challenger was" if len(rejected) == 1 else f"{len(rejected)} challengers in a row were"
    sentence = f"{many} rejected, and {passed} batches have arrived since"
    if passed < round(wait):
        return RuleResult("back_off", Verdict.KEEP, f"{sentence}; {round(wait)} must.", *values)
    return RuleResult("back_off", Verdict.RETRAIN, f"{sentence}.", *values)


def _rejected_in_a_row(trainings: tuple[Training, ...]) -> list[Training]:
    """The newest trainings up to the last promotion that the gate rejected, newest first; looks that found nothing and
    trainings without a verdict neither count nor break the row.
    """
    found = []
    for training in reversed(trainings):
        if training.ending is Ending.PROMOTED:
            break
        if training.ending is Ending.REJECTED:
            found.append(training)
    return found


def veto(question: Question) -> RuleResult:
    """Hold back while the batch's data are in a bad state, or the newest labels are only coming in."""
    spec = question.policy.veto
    sentence = _quarantined(question, spec) or _immature(question, spec) if spec is not None else ""
    if sentence:
        return RuleResult("veto", Verdict.KEEP, sentence)
    return RuleResult("veto", Verdict.RETRAIN, "Data and labels are in order.")


def _quarantined(question: Question, spec: Veto) -> str:
    share = question.facts.quarantined.get(question.window)
    if spec.quarantined is None or share is None or share < spec.quarantined:
        return ""
    return f"{share:.0%} of the rows of {question.window} are quarantined; {spec.quarantined:.0%} stops a retraining."


def _immature(question: Question, spec: Veto) -> str:
    facts = question.facts
    labelled = [window for window, rows in facts.labelled.items() if rows > 0 and facts.rows.get(window)]
    if spec.labelled is None or not labelled:
        return ""
    newest = labelled[-1]
    share = facts.labelled[newest] / facts.rows[newest]
    if share >= spec.labelled:
        return ""
    return f"Only {share:.0%} of the rows of {newest} have labels yet; {spec.labelled:.0%} are needed."
