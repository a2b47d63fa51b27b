"""Retrain when the champion got worse."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ml.domain.records import RuleResult, Verdict
from ml.policies.chance import fall_by_chance
from ml.policies.facts import Measured
from ml.policies.question import Question
from ml.specs.rules import EstimatedPerformanceRule, PerformanceRule

_ROUNDING = 1e-9  # 0.90 - 0.85 is 0.05000000000000004, 0.95 - 0.90 is 0.04999999999999993


def performance(question: Question, spec: PerformanceRule) -> RuleResult:
    """Compare the primary metric on the newest labelled batch with the champion's at promotion.

    A batch of which few labels have arrived is taken together with the ones before it, until they hold ``min_labelled``
    rows; batches that the champion was trained on do not count. The drop is in units of the metric; a relative one is a
    share of the value at promotion. With a ``confidence`` the fall must be beyond chance as well.
    """
    champion = question.facts.champion
    since = None if champion is None else champion.seen_until
    fresh = [one for one in question.facts.metric_values if since is None or one.window.start >= since]
    newest = _newest(fresh, question.min_labelled)
    words = _words(question.facts.metric)
    missing = f"The {words} on {question.min_labelled} labelled rows newer than the champion's data is not known yet."
    result = fall(question, spec, newest, missing=missing)
    if spec.confidence is None or result.value is None:
        return result
    earlier = fresh[: len(fresh) - len(newest)]
    return _beyond_chance(result, fall_by_chance(question, newest, earlier, spec.confidence), spec.confidence)


def fall(
    question: Question, spec: PerformanceRule | EstimatedPerformanceRule, found: Sequence[Measured], *, missing: str
) -> RuleResult:
    """Compare the mean of what was ``found``, by rows, with the champion's value at promotion.

    Cannot tell if that value is not on record or nothing was found; ``missing`` is the sentence for the latter.
    """
    facts = question.facts
    champion = facts.champion
    if champion is None or champion.baseline is None:
        sentence = f"The champion's {_words(facts.metric)} at promotion is not on record: nothing to compare with."
        return RuleResult(spec.kind, Verdict.CANNOT_TELL, sentence, None, spec.drop)
    if not found:
        return RuleResult(spec.kind, Verdict.CANNOT_TELL, missing, None, spec.drop)
    value = _mean(found)
    drop = champion.baseline - value if facts.higher_is_better else value - champion.baseline
    relative = not question.bounded if spec.relative is None else spec.relative
    threshold = spec.drop * abs(champion.baseline) if relative else spec.drop
    harmed = drop > 0 and drop >= threshold - _ROUNDING * max(threshold, abs(champion.baseline))
    evidence = {
        "version": champion.version,
        "metric": facts.metric,
        "at_promotion": champion.baseline,
        "now": value,
        "rows": sum(one.rows for one in found),
        "batches": [str(one.window) for one in found],
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


def _beyond_chance(result: RuleResult, by_chance: float | None, confidence: float) -> RuleResult:
    """Hold a fall against what chance alone does; the threshold becomes the larger of the two."""
    drop, threshold = result.value or 0.0, result.threshold or 0.0
    evidence = {**result.evidence, "by_chance": by_chance, "confidence": confidence}
    if by_chance is None:
        if result.verdict is not Verdict.RETRAIN:
            return replace(result, evidence=evidence)
        sentence = f"{result.sentence} Whether that is beyond chance cannot be told from so few batches."
        return replace(result, verdict=Verdict.CANNOT_TELL, sentence=sentence, evidence=evidence)
    chance = f"chance alone makes {by_chance:.4g}, with {confidence:.4g} confidence"
    if result.verdict is Verdict.RETRAIN and drop < by_chance:
        sentence = f"The champion may hold: {_uncapped(result.sentence)} But {chance}; would retrain from there on."
        verdict = Verdict.KEEP
    else:
        sentence = f"{result.sentence[:-1]}; {chance}."
        verdict = result.verdict
    return replace(result, verdict=verdict, sentence=sentence, threshold=max(threshold, by_chance), evidence=evidence)


def _uncapped(sentence: str) -> str:
    return sentence[0].lower() + sentence[1:]


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
