"""Never retrain."""

from __future__ import annotations

from ml.domain.records import RuleResult, Verdict
from ml.policies.question import Question
from ml.specs.rules import NeverRule


def never(question: Question, spec: NeverRule) -> RuleResult:
    """Say keep, whatever the facts."""
    return RuleResult(spec.kind, Verdict.KEEP, "The policy is never to retrain: the model is only watched.")
