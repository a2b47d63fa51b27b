"""Retrain when a person asks."""

from __future__ import annotations

from ml.domain.records import RuleResult, Verdict
from ml.policies.question import Question
from ml.specs.rules import ManualRule


def manual(question: Question, spec: ManualRule) -> RuleResult:
    """Say retrain exactly if a person asked for it."""
    if question.asked:
        return RuleResult(spec.kind, Verdict.RETRAIN, "A person asked for a retraining.", 1.0, 1.0)
    return RuleResult(spec.kind, Verdict.KEEP, "Retrains only when a person asks, and nobody did.", 0.0, 1.0)
