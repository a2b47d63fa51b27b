"""Our own policy under the protocol: the learned plan, told the price and told nothing of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ml.policies.plan import PlanVerdict, make_plan
from ml.policies.price import DEFAULT_SHARE
from retraining.classical import Base
from retraining.protocol import KEEP, NOW, Ask, Policy, Run


@dataclass
class Learned(Base):
    """The plan as it is, told the price or believing in the default one."""

    priced: bool = True

    def decide(self, run: Run) -> Ask:
        evidence = run.evidence()
        plan = make_plan(
            evidence if self.priced else replace(evidence, price=DEFAULT_SHARE),
            counterfactual=False,
        )
        if plan.verdict is PlanVerdict.LOOK:
            return Ask(True, plan.least_gain)
        return NOW if plan.verdict is PlanVerdict.RETRAIN else KEEP


def ours() -> list[Policy]:
    """List both: the default of a spec without prices, and with."""
    return [
        Learned("learned plan, price not told", priced=False),
        Learned("learned plan"),
    ]
