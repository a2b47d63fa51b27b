"""Retrain when the champion got worse."""

from __future__ import annotations

from collections.abc import Sequence

from ml.domain.records import RuleResult, Verdict
from ml.policies.facts import Measured
from ml.policies.question import Question
from ml.specs.rules import PerformanceRule

_ROUNDING = 1e-9  # 0.90 - 0.85 is 0.05000000000000004, 0.95 - 0.90 is 0.04999999999999993


def performance(question: Question, spec: PerformanceRule) -> RuleResult:
    """Compare the primary metric on the newest labelled batch with the champion's at promotion.

    A batch of which few labels have arrived is taken together with the ones before it, until they hold ``min_labelled``
    rows; batches that the champion was trained on do not count. The drop is in units of the metric; a relative one is a
    share of the value at promotion.
    """
    facts = question.facts
    champion = facts.champion
    if champion is None or champion.baseline is None:
        sentence = f"The champion's {facts.metric} at promotion is not on record: there is nothing to compare with."
        return RuleResult(spec.kind, Verdict.CANNOT_TELL, sentence, None, spec.drop)
    newest = _newest(
        [one for one in facts.metric_values if one.window.start >= champion.seen_until], question.min_labelled
    )
    if not newest:
        what = f"{_words(facts.metric)} on {question.min_labelled} labelled rows newer than the champion's data"
        sentence = f"The {what} is not known yet."
        return RuleResult(spec.kind, Verdict.CANNOT_TELL, sentence, None, spec.drop)
    value = _mean(newest)
    drop = champion.baseline - value if facts.higher_is_better else value - champion.baseline
    relative = not question.bounded if spec.relative is None else spec.relative
    threshold = spec.drop * abs(champion.baseline) if relative else spec.drop
    harmed = drop > 0 and drop >= threshold - _ROUNDING * max(threshold, abs(champion.baseline))
    evidence = {
        "version": champion.version,
        "metric": facts.metric,
        "at_promotion": champion.baseline,
        "now": value,
        "rows": sum(one.rows for one in newest),
        "batches": [str(one.window) for one in newest],
        "relative": relative,
    }
    change = f"{_words(facts.metric)} was {champion.baseline:.4g} at promotion and is {value:.4g}"
    limit = f"{threshold:.4g}, {spec.drop:.0%} of it" if relative else f"{threshold:.4g}"
    if harmed:
        sentence = f"The champion got worse: {change}, a loss of {drop:.4g} (limit {limit})."
        return RuleResult(spec.kind, Verdict.RETRAIN, sentence, drop, threshold, evidence)
    moved = f"a loss of {drop:.4g}" if drop > 0 else f"a gain of {abs(drop):.4g}"
    sentence = f"The champion holds: {change}, {moved}; would retrain at a loss of {limit}."
    return RuleResult(spec.kind, Verdict.KEEP, sentence, drop, threshold, evidence)


def _words(metric: str) -> str:
    return metric.replace("_", " ")


def _newest(values: Sequence[Measured], min_labelled: int) -> list[Measured]:
    """Take batches from the newest backwards until they hold enough rows; none if they never do."""
    taken: list[Measured] = []
    rows = 0
    for one in reversed(values):
        taken.append(one)
        rows += one.rows
        if rows >= min_labelled:
            return taken
    return []


def _mean(values: Sequence[Measured]) -> float:
    if len(values) == 1:
        return values[0].value
    rows = sum(one.rows for one in values)
    return sum(one.value * one.rows for one in values) / rows
