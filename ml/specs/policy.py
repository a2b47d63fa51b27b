"""When to retrain: a tree of rules, what stands around it, and what errors and trainings cost."""

from __future__ import annotations

from datetime import timedelta
from typing import Self

from pydantic import Field, model_validator

from ml.specs.base import Duration, PositiveDuration, Share, Spec
from ml.specs.rules import CostRule, Rule


class Confirm(Spec):
    """Retrain only if the rules asked for it in enough of the last checks, this one included."""

    checks: int = Field(default=2, ge=1, description="In so many checks the rules must have asked.")
    of: int = Field(default=3, ge=1, description="So many of the newest checks are looked at.")

    @model_validator(mode="after")
    def _can_be_reached(self) -> Self:
        if self.checks > self.of:
            raise ValueError(f"{self.checks} checks of {self.of} can never be reached")
        return self


class Budget(Spec):
    """The most that may be spent on retraining within a period; a person's word goes over it."""

    period: PositiveDuration = Field(description="The length of the period, up to the decision.")
    retrainings: int | None = Field(default=None, ge=0, description="Most retrainings, those that were rejected too.")
    cost: float | None = Field(default=None, ge=0.0, description="Most that they may cost, in the units of `costs`.")

    @model_validator(mode="after")
    def _limits_something(self) -> Self:
        if self.retrainings is None and self.cost is None:
            raise ValueError("give retrainings, cost or both")
        return self


class BackOff(Spec):
    """Wait longer after each challenger that the gate rejected in a row: what cannot be learnt is not tried forever.

    A challenger that was sound and only did not pay does not count.
    """

    first: int = Field(default=1, ge=0, description="Batches to wait after the first rejection.")
    factor: float = Field(default=2.0, ge=1.0, description="After each further one, this many times longer.")
    most: int = Field(default=16, ge=0, description="Most batches to wait.")

    @model_validator(mode="after")
    def _most_is_most(self) -> Self:
        if self.most < self.first:
            raise ValueError(f"first {self.first} is longer than most {self.most}")
        return self


class Veto(Spec):
    """No retraining on a batch whose data are in a bad state."""

    quarantined: Share | None = Field(
        default=None, description="From this share of quarantined rows in the batch on, nothing is trained."
    )
    labelled: Share | None = Field(
        default=None,
        description="Nothing is trained while less than this share of the newest labelled batch's rows has its label.",
    )

    @model_validator(mode="after")
    def _looks_at_something(self) -> Self:
        if self.quarantined is None and self.labelled is None:
            raise ValueError("give quarantined, labelled or both")
        return self


class Costs(Spec):
    """What errors and trainings cost, in any one unit: money, minutes, errors.

    Left out, a retraining costs as much as errors on 6 % of the rows of a batch.
    """

    error: float = Field(
        default=1.0,
        gt=0.0,
        description="Cost of one unit of loss on one row: of one wrong prediction for metrics from 0 to 1, of one unit "
        "of the metric for errors.",
    )
    training: float | None = Field(
        default=None,
        ge=0.0,
        description="Cost of one retraining that goes live, whatever its length; by default that of the errors if 6 % "
        "of the rows of a batch were predicted wrongly.",
    )
    per_hour: float = Field(default=0.0, ge=0.0, description="Cost of one hour of training, beside `training`.")
    look: Share = Field(
        default=0.1, description="A challenger that is trained to look, and does not go live, as a share of the price."
    )


DEFAULT_RULE = CostRule(kind="cost")


class PolicySpec(Spec):
    """When to retrain.

    By default: when that costs less than keeping the champion, learnt from the model's own record and the prices under
    `costs`. Measured against classical policies in docs/policies.md.
    """

    when: Rule = Field(default=DEFAULT_RULE, description="The tree of rules.")
    cooldown: Duration = Field(default=timedelta(0), description="No retraining sooner than this after the last one.")
    min_labelled: int = Field(
        default=50, ge=0, description="No retraining before this many labelled rows newer than the champion's data."
    )
    confirm: Confirm | None = Field(default=None, description="Ask for the rules' word more than once.")
    budget: Budget | None = Field(default=None, description="Limit retrainings or their cost in a period.")
    back_off: BackOff | None = Field(
        default=BackOff(), description="Wait after rejected challengers; null for never waiting."
    )
    veto: Veto | None = Field(default=None, description="Hold back while data or labels are in a bad state.")
    costs: Costs = Field(default=Costs(), description="What errors and trainings cost.")
