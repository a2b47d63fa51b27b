"""The rules, one a file, and the one list of them.

A rule is a pure function of the :class:`~ml.policies.question.Question` and its own spec. A new rule is a spec class in
``ml/specs/rules.py``, a file here, and a line in :data:`RULES`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ml.domain.records import RuleResult
from ml.policies.facts import Need
from ml.policies.question import Question
from ml.policies.rules.adaptive import adaptive, adaptive_needs
from ml.policies.rules.change_point import change_point
from ml.policies.rules.combination import all_of, any_of, at_least, not_of
from ml.policies.rules.cost import cost
from ml.policies.rules.drift import drift, drift_needs
from ml.policies.rules.estimated_performance import estimated_performance
from ml.policies.rules.manual import manual
from ml.policies.rules.never import never
from ml.policies.rules.new_rows import new_rows
from ml.policies.rules.performance import performance
from ml.policies.rules.schedule import schedule
from ml.specs.base import Spec
from ml.specs.rules import (
    AdaptiveRule,
    AllOf,
    AnyOf,
    AtLeast,
    ChangePointRule,
    CostRule,
    DriftRule,
    EstimatedPerformanceRule,
    ManualRule,
    NeverRule,
    NewRowsRule,
    Not,
    PerformanceRule,
    Rule,
    ScheduleRule,
    leaves,
)

Needs = frozenset[Need]


def _always(*needs: Need) -> Callable[[Any], Needs]:
    return lambda _: frozenset(needs)


_NOTHING = _always()


@dataclass(frozen=True, slots=True)
class RuleKind:
    """How a rule is asked, which facts it must be given, by its spec, and whether its answer takes long."""

    ask: Callable[[Question, Any], RuleResult]
    needs: Callable[[Any], Needs] = _NOTHING
    slow: bool = False


RULES: Mapping[type[Spec], RuleKind] = {
    ScheduleRule: RuleKind(schedule),
    NewRowsRule: RuleKind(new_rows),
    DriftRule: RuleKind(drift, drift_needs),
    PerformanceRule: RuleKind(performance, _always(Need.METRIC)),
    EstimatedPerformanceRule: RuleKind(estimated_performance, _always(Need.ESTIMATE)),
    ChangePointRule: RuleKind(change_point, _always(Need.METRIC)),
    AdaptiveRule: RuleKind(adaptive, adaptive_needs),
    CostRule: RuleKind(cost, _always(Need.METRIC, Need.SHADOWS, Need.ROWS), slow=True),
    ManualRule: RuleKind(manual),
    NeverRule: RuleKind(never),
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
    if isinstance(rule, Not):
        return not_of(evaluate(question, rule.of[0]))
    return RULES[type(rule)].ask(question, rule)


def takes_long(rule: Rule) -> bool:
    """Tell whether some rule of a tree takes long to answer."""
    return any(RULES[type(leaf)].slow for leaf in leaves(rule))


def rule_needs(rule: Rule) -> Needs:
    """Return which facts the rules of a tree look at."""
    return frozenset().union(*(RULES[type(leaf)].needs(leaf) for leaf in leaves(rule)))
