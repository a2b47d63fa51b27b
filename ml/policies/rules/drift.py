"""Retrain when features, predictions or the target have drifted."""

from __future__ import annotations

from ml.domain.records import Quantity, RuleResult, Verdict
from ml.policies.facts import Measured
from ml.policies.question import Question
from ml.specs.rules import DriftRule

_QUANTITY = {
    "features": Quantity.DRIFT_SHARE,
    "predictions": Quantity.PREDICTION_DRIFT,
    "target": Quantity.TARGET_DRIFT,
}


def drift(question: Question, spec: DriftRule) -> RuleResult:
    """Look at the drift of this batch; of the target, whose labels may be late, at the newest batch that has them.

    Drift seen on earlier batches does not count: it was looked at when those were decided on.
    """
    found = _newest(question, spec)
    if not found:
        sentence = f"Drift of the {spec.of} could not be measured on {question.window}."
        return RuleResult(spec.kind, Verdict.CANNOT_TELL, sentence, None, spec.share, {"of": spec.of})
    return _features(found[0], spec) if spec.of == "features" else _columns(found, spec)


def _newest(question: Question, spec: DriftRule) -> list[Measured]:
    values = question.facts.drift[_QUANTITY[spec.of]]
    if spec.of != "target":
        return [one for one in values if one.window == question.window]
    since = question.facts.champion_data_end
    fresh = [one for one in values if since is None or one.window.start >= since]
    return [one for one in fresh if one.window == fresh[-1].window]


def _features(share: Measured, spec: DriftRule) -> RuleResult:
    evidence = {"of": spec.of, "window": str(share.window), "rows": share.rows}
    if share.value >= spec.share:
        sentence = f"{share.value:.0%} of the features have drifted (limit {spec.share:.0%})."
        return RuleResult(spec.kind, Verdict.RETRAIN, sentence, share.value, spec.share, evidence)
    sentence = f"{share.value:.0%} of the features have drifted: would retrain at {spec.share:.0%}."
    return RuleResult(spec.kind, Verdict.KEEP, sentence, share.value, spec.share, evidence)


def _columns(found: list[Measured], spec: DriftRule) -> RuleResult:
    drifted = sorted(one.subject for one in found if one.drifted)
    names = ", ".join(drifted)
    evidence = {
        "of": spec.of,
        "window": str(found[0].window),
        "rows": found[0].rows,
        "scores": {one.subject: one.value for one in found},
    }
    verdict = Verdict.RETRAIN if drifted else Verdict.KEEP
    said = f"have drifted ({names})" if drifted else "have not drifted: would retrain if they had"
    if spec.of == "target":
        said = said.replace("have", "has", 1).replace("they had", "it had")
    sentence = f"The {spec.of} {said}."
    return RuleResult(spec.kind, verdict, sentence, float(len(drifted)), 1.0, evidence)
