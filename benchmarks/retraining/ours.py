"""Our own policy under the protocol: the learned plan, with looks and without."""

from __future__ import annotations

from dataclasses import dataclass

from ml.policies.plan import PlanVerdict, make_plan
from retraining.classical import Base
from retraining.protocol import KEEP, NOW, Ask, Policy, Run


@dataclass
class Learned(Base):
    """The plan as it is; without looks it retrains when that pays by expectation alone."""

    looks: bool = True

    def decide(self, run: Run) -> Ask:
        plan = make_plan(run.evidence(), counterfactual=False)
        if not self.looks:
            return NOW if plan.saving > 0 else KEEP
        if plan.verdict is PlanVerdict.LOOK:
            return Ask(True, plan.least_gain)
        return NOW if plan.verdict is PlanVerdict.RETRAIN else KEEP


def ours() -> list[Policy]:
    """List both."""
    return [Learned("learned plan, no looks", looks=False), Learned("learned plan, looks first")]
