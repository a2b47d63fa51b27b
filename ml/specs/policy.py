"""When to retrain: a tree of rules, and the guards around it."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from ml.specs.base import Duration, Listed, Share, Spec


class ScheduleRule(Spec):
    """Retrain every so many batches since the last training."""

    kind: Literal["schedule"]
    every: int = Field(ge=1, description="Number of batches.")


class NewRowsRule(Spec):
    """Retrain when enough labelled rows arrived since the champion's data ends."""

    kind: Literal["new_rows"]
    rows: int | None = Field(default=None, ge=1, description="Number of new labelled rows.")
    share: float | None = Field(default=None, gt=0.0, description="New labelled rows as a share of the training rows.")

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.rows is None) == (self.share is None):
            raise ValueError("give either rows or share, not both and not neither")
        return self


class DriftRule(Spec):
    """Retrain when features, predictions or the target have drifted.

    An alarm alone is a weak reason: drift often does no harm, and harm often comes without it.
    """

    kind: Literal["drift"]
    of: Literal["features", "predictions", "target"] = Field(default="features", description="What must have drifted.")
    share: Share = Field(default=0.5, description="For features: the share of them that must have drifted.")


class PerformanceRule(Spec):
    """Retrain when the primary metric on the newest labelled batch fell against the champion's at promotion."""

    kind: Literal["performance"]
    drop: float = Field(default=0.05, gt=0.0, description="By how much the metric must be worse.")
    relative: bool | None = Field(
        default=None,
        description="Whether `drop` is a share of the value at promotion; by default it is for metrics without an "
        "upper bound (errors, losses).",
    )


class ManualRule(Spec):
    """Retrain when a person asks."""

    kind: Literal["manual"]


class NeverRule(Spec):
    """Never retrain: the model is only watched."""

    kind: Literal["never"]


class AnyOf(Spec):
    """Retrain when at least one of the rules says so."""

    kind: Literal["any"]
    of: Annotated[tuple[Rule, ...], Listed] = Field(min_length=1, description="The rules.")


class AllOf(Spec):
    """Retrain when all of the rules say so."""

    kind: Literal["all"]
    of: Annotated[tuple[Rule, ...], Listed] = Field(min_length=1, description="The rules.")


class AtLeast(Spec):
    """Retrain when at least ``k`` of the rules say so."""

    kind: Literal["at_least"]
    k: int = Field(ge=1, description="How many rules.")
    of: Annotated[tuple[Rule, ...], Listed] = Field(min_length=1, description="The rules.")

    @model_validator(mode="after")
    def _can_be_reached(self) -> Self:
        if self.k > len(self.of):
            raise ValueError(f"at_least {self.k} of {len(self.of)} rules can never be reached")
        return self


Rule = Annotated[
    ScheduleRule | NewRowsRule | DriftRule | PerformanceRule | ManualRule | NeverRule | AnyOf | AllOf | AtLeast,
    Field(discriminator="kind"),
]

AnyOf.model_rebuild()
AllOf.model_rebuild()
AtLeast.model_rebuild()

DEFAULT_RULE = AnyOf(
    kind="any", of=(PerformanceRule(kind="performance", drop=0.05), ScheduleRule(kind="schedule", every=10))
)


class PolicySpec(Spec):
    """When to retrain.

    The default (the primary metric drops by 0.05, or ten batches have passed) was the best classical policy on 16
    streams; a drift alarm alone was barely better than never retraining.
    """

    when: Rule = Field(default=DEFAULT_RULE, description="The tree of rules.")
    cooldown: Duration = Field(default=timedelta(0), description="No retraining sooner than this after the last one.")
    min_labelled: int = Field(
        default=50, ge=0, description="No retraining before this many labelled rows newer than the champion's data."
    )
