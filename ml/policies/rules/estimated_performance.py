"""Retrain when the champion seems to have become worse, by an estimate made without labels."""

from __future__ import annotations

from ml.domain.records import RuleResult
from ml.policies.question import Question
from ml.policies.rules.performance import fall
from ml.specs.rules import EstimatedPerformanceRule


def estimated_performance(question: Question, spec: EstimatedPerformanceRule) -> RuleResult:
    """Compare the estimate of the primary metric on this batch with the champion's value at promotion."""
    found = [one for one in question.facts.estimates if one.window == question.window]
    return fall(question, spec, found, missing=f"There is no estimate of the metric on {question.window}.")
