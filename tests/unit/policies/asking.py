"""How the tests of this folder ask policies and rules."""

from __future__ import annotations

from typing import Any

from ml.domain.history import History
from ml.domain.records import Decision, RuleResult
from ml.policies import Question, decide, evaluate, facts_of, needs_of
from ml.specs.policy import PolicySpec
from tests.builders import week


def policy_of(when: dict[str, Any] | None = None, **around: Any) -> PolicySpec:
    """A policy from the YAML of its rule and of what stands around it."""
    return PolicySpec.model_validate({**({} if when is None else {"when": when}), **around})


CLASSICAL = policy_of({"kind": "any", "of": [{"kind": "performance", "drop": 0.05}, {"kind": "schedule", "every": 10}]})
"""A drop or the calendar: what is asked where any policy would do, since its answers are told at a glance."""


def answer(past: History, policy: PolicySpec = CLASSICAL, number: int = 3, **changes: Any) -> Decision:
    return decide(past, policy, window=week(number), **{"bounded": True, **changes})


def rule(past: History, when: dict[str, Any], number: int = 3, *, bounded: bool = True, **around: Any) -> RuleResult:
    """What one rule, or a tree of rules, says by itself."""
    whole = policy_of(when, **around)
    question = Question(facts_of(past, needs_of(whole)), week(number), whole, asked=False, bounded=bounded)
    return evaluate(question, whole.when)
