"""Retrain when a signal leaves the range of its own past."""

from __future__ import annotations

from statistics import fmean

from ml.domain.records import Quantity, RuleResult, Verdict
from ml.policies.facts import Need
from ml.policies.question import Question
from ml.specs.rules import AdaptiveRule


def adaptive_needs(spec: AdaptiveRule) -> frozenset[Need]:
    """Return what the rule looks at."""
    return frozenset({Need.METRIC if spec.of == "performance" else Need.FEATURE_DRIFT})


def adaptive(question: Question, spec: AdaptiveRule) -> RuleResult:
    """Compare the newest value since the champion was promoted with those before it; more than the limit is too much.

    The limit adapts to the model, after the dynamic thresholds of Modyn (SIGMOD 2025). Batches of which fewer than
    ``min_labelled`` rows have labels say nothing about performance yet.
    """
    values = _values(question, spec)
    name = question.facts.metric.replace("_", " ") if spec.of == "performance" else "share of drifted features"
    past = values[-spec.window - 1 : -1]
    if len(past) < spec.min_values:
        sentence = f"Only {len(past)} earlier values of the {name} are known, {spec.min_values} are needed."
        return RuleResult(spec.kind, Verdict.CANNOT_TELL, sentence, None, None, {"of": spec.of, "values": len(past)})
    now, limit = values[-1], _limit(past, spec)
    evidence = {"of": spec.of, "method": spec.method, "values": len(past)}
    usual = f"the {spec.quantile:.0%} quantile" if spec.method == "quantile" else f"{spec.deviation:.0%} over the mean"
    measure = "loss" if spec.of == "performance" else "value"
    said = (
        f"The {measure} of the {name} is {now:.4g}; the limit, {usual} of its {len(past)} past values, is {limit:.4g}"
    )
    if now > limit:
        return RuleResult(spec.kind, Verdict.RETRAIN, f"{said}.", now, limit, evidence)
    return RuleResult(spec.kind, Verdict.KEEP, f"{said}: would retrain above it.", now, limit, evidence)


def _values(question: Question, spec: AdaptiveRule) -> list[float]:
    facts = question.facts
    found = facts.metric_values if spec.of == "performance" else facts.drift[Quantity.DRIFT_SHARE]
    since = facts.champion_data_end
    fresh = [one for one in found if since is None or one.window.start >= since]
    if spec.of == "drift":
        return [one.value for one in fresh]
    return [question.loss(one.value) for one in fresh if one.rows >= question.min_labelled]


def _limit(past: list[float], spec: AdaptiveRule) -> float:
    if spec.method == "rolling_mean":
        mean = fmean(past)
        return mean + spec.deviation * abs(mean)
    ordered = sorted(past)
    place = spec.quantile * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (place - low) * (ordered[high] - ordered[low])
