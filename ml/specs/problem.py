"""What kind of machine-learning problem a model solves."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from ml.specs.base import Column, Spec

ClassificationMetric = Literal["accuracy", "balanced_accuracy", "f1_macro", "log_loss", "roc_auc"]
RegressionMetric = Literal["mean_absolute_error", "root_mean_squared_error", "r2"]


class ClassificationSpec(Spec):
    """Binary or multiclass classification: the target holds one of a few labels."""

    kind: Literal["classification"]
    target: Column = Field(description="Column to predict.")
    metric: ClassificationMetric = Field(
        default="accuracy",
        description="Primary metric, by its scikit-learn name: what the gate compares and the policy watches.",
    )

    @property
    def targets(self) -> tuple[str, ...]:
        """Columns that hold the labels."""
        return (self.target,)


class RegressionSpec(Spec):
    """Regression: the target is a number."""

    kind: Literal["regression"]
    target: Column = Field(description="Column to predict.")
    metric: RegressionMetric = Field(
        default="mean_absolute_error",
        description="Primary metric, by its scikit-learn name: what the gate compares and the policy watches.",
    )

    @property
    def targets(self) -> tuple[str, ...]:
        """Columns that hold the labels."""
        return (self.target,)


ProblemSpec = Annotated[ClassificationSpec | RegressionSpec, Field(discriminator="kind")]
