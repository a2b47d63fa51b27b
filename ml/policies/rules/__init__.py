"""The rules, one a file, and the one list of them.

A rule is a pure function of the :class:`~ml.policies.facts.Question` and its own spec. A new rule is a spec class in
``ml/specs/policy.py``, a file here, and a line in :data:`RULES`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ml.domain.records import RuleResult
from ml.policies.question import Question
from ml.policies.rules.combination import all_of, any_of, at_least
from ml.policies.rules.drift import drift
from ml.policies.rules.manual import manual
from ml.policies.rules.never import never
from ml.policies.rules.new_rows import new_rows
from ml.policies.rules.performance import performance
from ml.policies.rules.schedule import schedule
from ml.specs.base import Spec
from ml.specs.policy import (
    AllOf,
    AnyOf,
    AtLeast,
    DriftRule,
    ManualRule,
    NeverRule,
    NewRowsRule,
    PerformanceRule,
    Rule,
    ScheduleRule,
)

RULES: Mapping[type[Spec], Callable[[Question, Any], RuleResult]] = {
    ScheduleRule: schedule,
    NewRowsRule: new_rows,
    DriftRule: drift,
    PerformanceRule: performance,
    ManualRule: manual,
    NeverRule: never,
}
"""Every rule that looks at facts, by the class of its spec."""


def evaluate(question: Question, rule: Rule) -> RuleResult:
    """Ask a rule, or a whole tree of rules; every node of the tree is asked, so that every one can be explained."""
    if isinstance(rule, AnyOf):
        return any_of([evaluate(question, one) for one in rule.of])
    if isinstance(rule, AllOf):
        return all_of([evaluate(question, one) for one in rule.of])
    if isinstance(rule, AtLeast):
        return at_least(rule.k, [evaluate(question, one) for one in rule.of])
    return RULES[type(rule)](question, rule)
