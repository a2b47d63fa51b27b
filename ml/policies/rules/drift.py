"""Retrain when features, predictions or the target have drifted."""

from __future__ import annotations

from typing import Any

from ml.domain.records import Quantity, RuleResult, Verdict
from ml.policies.facts import Measured, Need
from ml.policies.question import Question
from ml.specs.rules import DriftRule

_QUANTITY = {
    Need.FEATURE_DRIFT: Quantity.DRIFT_SHARE,
    Need.COLUMN_DRIFT: Quantity.COLUMN_DRIFT,
    Need.PREDICTION_DRIFT: Quantity.PREDICTION_DRIFT,
    Need.TARGET_DRIFT: Quantity.TARGET_DRIFT,
}


def drift_needs(spec: DriftRule) -> frozenset[Need]:
    """Return what the rule looks at: the share of drifted features, or every column where they do not count alike."""
    return frozenset({_need(spec)})


def drift(question: Question, spec: DriftRule) -> RuleResult:
    """Look at the drift of this batch; of the target, whose labels may be late, at the newest batch that has them.

    Drift seen on earlier batches does not count: it was looked at when those were decided on. Columns that could not be
    tested do not count either; if no other is left, the rule cannot tell.
    """
    found = _newest(question, spec)
    if not found or not sum(_weight(one, spec) for one in found):
        sentence = f"Drift of the {spec.of} could not be measured on {question.window}."
        threshold = spec.share if spec.of == "features" else 1.0
        return RuleResult(spec.kind, Verdict.CANNOT_TELL, sentence, None, threshold, {"of": spec.of})
    if spec.of == "features":
        return _features(found, spec)
    return _outputs(found, spec)


def _need(spec: DriftRule) -> Need:
    if spec.of == "predictions":
        return Need.PREDICTION_DRIFT
    if spec.of == "target":
        return Need.TARGET_DRIFT
    by_column = spec.weights is not None or spec.distance is not None
    return Need.COLUMN_DRIFT if by_column else Need.FEATURE_DRIFT


def _newest(question: Question, spec: DriftRule) -> list[Measured]:
    values = question.facts.drift[_QUANTITY[_need(spec)]]
    if spec.of != "target":
        return [one for one in values if one.window == question.window]
    since = question.facts.champion_data_end
    fresh = [one for one in values if since is None or one.window.start >= since]
    return [one for one in fresh if one.window == fresh[-1].window]


def _weight(one: Measured, spec: DriftRule) -> float:
    """The spec's weight, else how much the champion uses the feature, else 1."""
    if spec.weights is not None:
        return spec.weights.get(one.subject, 0.0)
    return 1.0 if one.weight is None else one.weight


def _has_drifted(one: Measured, spec: DriftRule) -> bool:
    """By another distance than the check's, a column has drifted if that is reached by more than chance."""
    if spec.distance is None:
        return bool(one.drifted)
    return one.significant is not False and one.value >= spec.distance


def _features(found: list[Measured], spec: DriftRule) -> RuleResult:
    evidence: dict[str, Any] = {"of": spec.of, "window": str(found[0].window), "rows": max(one.rows for one in found)}
    what = "of the features"
    if _need(spec) is Need.FEATURE_DRIFT:
        share = found[0].value
    else:
        counted = [one for one in found if _weight(one, spec)]
        drifted = [one for one in counted if _has_drifted(one, spec)]
        share = sum(_weight(one, spec) for one in drifted) / sum(_weight(one, spec) for one in counted)
        tested = {one.subject for one in found}
        evidence["scores"] = {one.subject: one.value for one in counted}
        evidence["drifted"] = [one.subject for one in drifted]
        evidence["not_testable"] = sorted(name for name, weight in (spec.weights or {}).items() if weight)
        evidence["not_testable"] = [name for name in evidence["not_testable"] if name not in tested]
        weighed = spec.weights is not None or any(one.weight is not None for one in found)
        what += ", by weight," if weighed else ""
    limit = "" if spec.distance is None else f" by a distance of {spec.distance:g}"
    said = f"{share:.0%} {what} have drifted{limit}"
    if share >= spec.share:
        return RuleResult(spec.kind, Verdict.RETRAIN, f"{said} (limit {spec.share:.0%}).", share, spec.share, evidence)
    sentence = f"{said}: would retrain at {spec.share:.0%}."
    return RuleResult(spec.kind, Verdict.KEEP, sentence, share, spec.share, evidence)


def _outputs(found: list[Measured], spec: DriftRule) -> RuleResult:
    drifted = sorted(one.subject for one in found if _has_drifted(one, spec))
    evidence = {
        "of": spec.of,
        "window": str(found[0].window),
        "rows": found[0].rows,
        "scores": {one.subject: one.value for one in found},
    }
    verdict = Verdict.RETRAIN if drifted else Verdict.KEEP
    names = ", ".join(drifted)
    said = f"have drifted ({names})" if drifted else "have not drifted: would retrain if they had"
    if spec.of == "target":
        said = said.replace("have", "has", 1).replace("they had", "it had")
    sentence = f"The {spec.of} {said}."
    return RuleResult(spec.kind, verdict, sentence, float(len(drifted)), 1.0, evidence)
