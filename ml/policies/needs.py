"""Which facts a policy looks at: nothing else is drawn from the records, measured in a replay, or part of its id."""

from __future__ import annotations

from ml.policies.facts import Need
from ml.policies.rules import rule_needs
from ml.specs.policy import PolicySpec
from ml.specs.rules import CostRule, leaves


def needs_of(policy: PolicySpec) -> frozenset[Need]:
    """Return what the rules and guards of a policy must be given."""
    found = set(rule_needs(policy.when))
    if policy.confirm is not None:
        found.add(Need.CHECKS)
    if policy.veto is not None and policy.veto.quarantined is not None:
        found.add(Need.QUARANTINE)
    if policy.veto is not None and policy.veto.labelled is not None:
        found.add(Need.ROWS)
    priced = any(isinstance(leaf, CostRule) for leaf in leaves(policy.when))
    if policy.budget is not None and policy.budget.cost is not None:
        found.add(Need.ROWS)
        priced = True
    if priced and policy.costs.per_hour > 0:
        found.add(Need.SECONDS)
    return frozenset(found)
