"""What would have turned a decision: the smallest change of what was measured, as far as single rules can say it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from ml.domain.records import RuleResult, Verdict
from ml.domain.windows import format_duration
from ml.reports.tables import number
from ml.views.explanation import Explanation

_MEASURES = {
    "performance": "a loss in the metric",
    "estimated_performance": "a loss in the estimated metric",
    "change_point": "a detector's level",
    "adaptive": "a value",
    "schedule": "batches since the last training",
    "new_rows": "new labelled rows",
    "drift": "drift",
    "min_labelled": "new labelled rows",
    "cooldown": "time since the last retraining",
    "confirm": "checks in which the rules asked",
    "back_off": "batches since the last rejected challenger",
    "in_the_shadow": "labelled batches since the training of what is held in the shadow",
}
_ABOVE = {"adaptive"}
"""Rules that ask above their threshold; all others ask at it already."""


def counterfactual(explanation: Explanation) -> str:
    """Say the smallest change of what was measured that turns the answer, as far as single rules can say it."""
    decision = explanation.decision
    if decision.verdict is Verdict.RETRAIN:
        turning = list(_turning(decision.result, asks=True))
    else:
        held = [guard for guard in decision.guards if guard.verdict is not Verdict.RETRAIN]
        asks = decision.result.verdict is Verdict.RETRAIN
        turning = [_more(guard) for guard in held] if asks else list(_turning(decision.result, asks=False))
    said = [sentence for sentence in turning if sentence]
    if not said:
        return "no number would; the answer is by principle or by hand."
    joint = " and " if _needs_all(explanation) else " or "
    return joint.join(said) + "."


def value_in_words(leaf: RuleResult, value: float) -> str:
    """Write a rule's number in its unit: durations as such, counts whole, all else with a few digits."""
    if leaf.kind == "cooldown" or leaf.evidence.get("unit") == "seconds":
        return format_duration(timedelta(seconds=value))
    return f"{value:,.0f}" if float(value).is_integer() else number(value)


def _needs_all(explanation: Explanation) -> bool:
    """To undo a yes of *any*, every rule that said yes must fall; to undo a no of *all*, every rule must rise."""
    retrain = explanation.decision.verdict is Verdict.RETRAIN
    return (explanation.decision.result.kind == "all") is not retrain


def _turning(result: RuleResult, *, asks: bool) -> Iterator[str]:
    """Say what turns the leaves that now speak for the answer; below a *not* they speak the other way round."""
    if result.kind == "not":
        for child in result.of:
            yield from _turning(child, asks=not asks)
    elif result.of:
        for child in result.of:
            yield from _turning(child, asks=asks)
    elif (result.verdict is Verdict.RETRAIN) is asks:
        yield _less(result) if asks else _more(result)


def _less(leaf: RuleResult) -> str:
    if leaf.kind == "cost":
        return _price(leaf, "more than")
    if leaf.threshold is None:
        return ""
    bound = "of at most" if leaf.kind in _ABOVE else "below"
    return f"{_measure(leaf)} {bound} {value_in_words(leaf, leaf.threshold)}{_instead(leaf)}"


def _more(leaf: RuleResult) -> str:
    if leaf.kind == "cost":
        return _price(leaf, "at most")
    if leaf.threshold is None:
        return ""
    if leaf.kind == "budget":
        return _spent(leaf)
    bound = "above" if leaf.kind in _ABOVE else "of at least"
    return f"{_measure(leaf)} {bound} {value_in_words(leaf, leaf.threshold)}{_instead(leaf)}"


def _price(leaf: RuleResult, bound: str) -> str:
    """A plan is turned by the price of a retraining, in mean losses of one batch."""
    limit, price = leaf.evidence.get("price_limit"), leaf.evidence.get("price")
    if limit is None or price is None:
        return ""
    return f"a retraining that costs {bound} {number(limit)} of a batch of errors (now {number(price)})"


def _spent(leaf: RuleResult) -> str:
    """A budget holds back at its threshold, or for costs above it; less spent would have been less."""
    period, allowed = leaf.evidence.get("period"), value_in_words(leaf, leaf.threshold or 0.0)
    if leaf.evidence.get("of") == "cost":
        return f"retrainings that cost at most {allowed} in {period}{_instead(leaf)}"
    return f"fewer than {allowed} retrainings in {period}{_instead(leaf)}"


def _instead(leaf: RuleResult) -> str:
    return " (not known now)" if leaf.value is None else f" (now {value_in_words(leaf, leaf.value)})"


def _measure(leaf: RuleResult) -> str:
    if leaf.kind == "schedule" and leaf.evidence.get("unit") == "seconds":
        return "time since the last training"
    return _MEASURES.get(leaf.kind, leaf.kind.replace("_", " "))
