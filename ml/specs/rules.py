"""The rules of a policy: what each looks at, and from which value on it asks for a retraining."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from ml.specs.base import Listed, Share, Spec
from ml.specs.cron import CRON


class ScheduleRule(Spec):
    """Retrain by the calendar: every so many batches since the last training, or at the times of a cron expression."""

    kind: Literal["schedule"]
    every: int | None = Field(default=None, ge=1, description="Number of batches since the last training.")
    cron: str | None = Field(default=None, description="Cron expression of five fields, in UTC.")

    @field_validator("cron")
    @classmethod
    def _is_cron(cls, cron: str | None) -> str | None:
        if cron is not None and not _strikes(cron):
            raise ValueError(
                f"{cron!r} is no cron expression of five fields that comes true at fixed times: write for example "
                "0 3 * * 1"
            )
        return cron

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.every is None) == (self.cron is None):
            raise ValueError("give either every or cron, not both and not neither")
        return self


def _strikes(cron: str) -> bool:
    """Whether it is a cron expression of five fields, without chance, that ever comes true."""
    from croniter import croniter

    by_chance = "r" in re.split("[ ,/]+", cron.lower())  # croniter's R stands for a random number
    if by_chance or CRON.fullmatch(cron) is None:
        return False
    try:
        croniter(cron, datetime(2000, 1, 1, tzinfo=UTC)).get_next(datetime)
    except (ValueError, KeyError):
        return False
    return True


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
    share: Share = Field(default=0.5, description="For features: the share of them, by weight, that must have drifted.")
    weights: dict[str, Annotated[float, Field(ge=0.0)]] | None = Field(
        default=None,
        description="For features: how much each counts; those not named count nothing. By default each counts as much "
        "as the champion uses it.",
    )
    distance: float | None = Field(
        default=None,
        gt=0.0,
        description="The effect size from which a column has drifted, if it is more than chance; by default "
        "`monitoring.drift.threshold`.",
    )

    @model_validator(mode="after")
    def _weights_weigh(self) -> Self:
        if self.weights is not None and not sum(self.weights.values()) > 0:
            raise ValueError("weights must hold at least one column with a weight above 0")
        if self.weights is not None and self.of != "features":
            raise ValueError(f"weights are for features, not for {self.of}")
        return self


class PerformanceRule(Spec):
    """Retrain when the primary metric on the newest labelled batch fell against the champion's at promotion."""

    kind: Literal["performance"]
    drop: float = Field(default=0.05, gt=0.0, description="By how much the metric must be worse.")
    relative: bool | None = Field(
        default=None,
        description="Whether `drop` is a share of the value at promotion; by default it is for metrics without an "
        "upper bound (errors, losses).",
    )
    confidence: float | None = Field(
        default=None,
        gt=0.5,
        lt=1.0,
        description="The fall must also be beyond chance, with this confidence, on the labelled rows at hand.",
    )


class EstimatedPerformanceRule(Spec):
    """Retrain when the estimate of the primary metric made without labels fell against the value at promotion.

    Cannot tell as long as no estimate is measured.
    """

    kind: Literal["estimated_performance"]
    drop: float = Field(default=0.05, gt=0.0, description="By how much the estimate must be worse.")
    relative: bool | None = Field(default=None, description="As for `performance`.")


class ChangePointRule(Spec):
    """Retrain when a change detector finds that the champion's loss rose since its promotion.

    The detectors are fed with the mean loss of each labelled batch, weighted by its rows; nothing is remembered
    between decisions.
    """

    kind: Literal["change_point"]
    method: Literal["page_hinkley", "adwin", "ddm", "hddm"] = Field(
        default="page_hinkley", description="The detector: Page-Hinkley, ADWIN, DDM or HDDM (by means)."
    )
    confidence: float = Field(
        default=0.99, gt=0.5, lt=1.0, description="How sure an alarm must be, by the detector's own bound."
    )


class AdaptiveRule(Spec):
    """Retrain when a signal leaves the range of its own past since the promotion, instead of a fixed limit."""

    kind: Literal["adaptive"]
    of: Literal["performance", "drift"] = Field(
        default="performance", description="The signal: the primary metric, or the share of drifted features."
    )
    method: Literal["quantile", "rolling_mean"] = Field(
        default="quantile",
        description="`quantile`: worse than this quantile of the past values. `rolling_mean`: worse than their mean "
        "by more than `deviation` of it.",
    )
    quantile: float = Field(default=0.95, gt=0.5, lt=1.0, description="For `quantile`: how extreme a value must be.")
    deviation: float = Field(default=0.1, gt=0.0, description="For `rolling_mean`: as a share of the mean.")
    window: int = Field(default=20, ge=3, description="Most past values that are looked at, the newest ones.")
    min_values: int = Field(default=5, ge=3, description="With fewer past values the rule cannot tell.")

    @model_validator(mode="after")
    def _window_holds_enough(self) -> Self:
        if self.min_values > self.window:
            raise ValueError(f"min_values {self.min_values} can never be reached in a window of {self.window}")
        return self


class CostRule(Spec):
    """Retrain when that costs less than keeping the champion, by the prices under `costs`.

    How fast the model grows stale is learnt from its own record: models of different age on the same rows.
    """

    kind: Literal["cost"]
    look: bool = Field(
        default=True,
        description="Whether a challenger may be trained only to see if retraining pays; it goes live only if the gain "
        "on the held-out rows says so.",
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


def _or_alone(schema: dict[str, Any]) -> None:
    """Say in the JSON Schema that the list of one may be left out."""
    listed = {name: schema.pop(name) for name in ("type", "items", "minItems", "maxItems") if name in schema}
    schema["anyOf"] = [listed["items"], listed]


class Not(Spec):
    """Retrain when the rule says keep, keep when it says retrain."""

    kind: Literal["not"]
    of: Annotated[tuple[Rule, ...], Listed] = Field(
        min_length=1, max_length=1, description="The one rule.", json_schema_extra=_or_alone
    )

    @field_validator("of", mode="before")
    @classmethod
    def _may_stand_alone(cls, value: Any) -> Any:
        """One rule need not be written as a list."""
        return [value] if isinstance(value, dict) else value


Rule = Annotated[
    ScheduleRule
    | NewRowsRule
    | DriftRule
    | PerformanceRule
    | EstimatedPerformanceRule
    | ChangePointRule
    | AdaptiveRule
    | CostRule
    | ManualRule
    | NeverRule
    | AnyOf
    | AllOf
    | AtLeast
    | Not,
    Field(discriminator="kind"),
]

COMBINATIONS = (AnyOf, AllOf, AtLeast, Not)


def leaves(rule: Any) -> tuple[Any, ...]:
    """Return all rules in a tree that look at facts."""
    if isinstance(rule, COMBINATIONS):
        return tuple(leaf for one in rule.of for leaf in leaves(one))
    return (rule,)


for _combination in COMBINATIONS:
    _combination.model_rebuild()
