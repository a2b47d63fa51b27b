"""The learned plan: when retraining pays, from comparisons of models of different age on the same rows."""

from ml.policies.plan.evidence import Comparison, Evidence, Fitted, Loss, Losses
from ml.policies.plan.make import make_plan
from ml.policies.plan.plan import Plan, PlanVerdict, Reason
from ml.policies.plan.scores import LOOKED_BACK

__all__ = [
    "LOOKED_BACK",
    "Comparison",
    "Evidence",
    "Fitted",
    "Loss",
    "Losses",
    "Plan",
    "PlanVerdict",
    "Reason",
    "make_plan",
]
