"""Retrain when a change detector finds that the champion's loss rose."""

from __future__ import annotations

from ml.domain.records import RuleResult, Verdict
from ml.policies.detectors import DETECTORS, Alarm, Point
from ml.policies.question import Question
from ml.specs.rules import ChangePointRule

LEAST = 2
_NAMES = {"page_hinkley": "Page-Hinkley", "adwin": "ADWIN", "ddm": "DDM", "hddm": "HDDM"}


def change_point(question: Question, spec: ChangePointRule) -> RuleResult:
    """Run the detector over the champion's labelled batches since its data end, from the first to the newest.

    The whole record is run through each time, so nothing is remembered and a late label takes its place.
    """
    since, scale = question.facts.champion_data_end, question.scale
    points = [
        Point(max(question.loss(one.value) / scale, 0.0), one.rows)
        for one in question.facts.metric_values
        if one.rows > 0 and (since is None or one.window.start >= since)
    ]
    evidence = {"method": spec.method, "batches": len(points), "confidence": spec.confidence}
    name = _NAMES[spec.method]
    if len(points) < LEAST:
        sentence = f"{len(points)} labelled batches are newer than the champion's data; {name} needs {LEAST}."
        return RuleResult(spec.kind, Verdict.CANNOT_TELL, sentence, None, None, evidence)
    alarm: Alarm = DETECTORS[spec.method](points, spec.confidence)
    said = f"{name} over {len(points)} labelled batches stands at {alarm.value:.4g}"
    if alarm.value >= alarm.limit:
        sentence = f"The champion's loss has risen: {said} (limit {alarm.limit:.4g})."
        return RuleResult(spec.kind, Verdict.RETRAIN, sentence, alarm.value, alarm.limit, evidence)
    sentence = f"The champion's loss has not risen: {said}; would retrain at {alarm.limit:.4g}."
    return RuleResult(spec.kind, Verdict.KEEP, sentence, alarm.value, alarm.limit, evidence)
