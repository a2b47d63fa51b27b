"""Which columns are features, and what a batch must look like."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from ml.specs.base import Columns, Duration, Listed, Share, Spec


class FeaturesSpec(Spec):
    """Which columns the estimator sees. Left out, they are inferred from the first batch and then frozen."""

    columns: Columns | None = Field(
        default=None, description="The features. By default all columns but time, key and target."
    )
    exclude: Columns = Field(default=(), description="Columns that are no features.")
    categorical: Columns = Field(
        default=(), description="Features to be treated as categories although they are numbers."
    )
    numeric: Columns = Field(default=(), description="Features to be treated as numbers.")


class ColumnChecks(Spec):
    """What one column must look like; what is left out is inferred from the first batch, where it can be."""

    type: Literal["integer", "number", "boolean", "text", "timestamp"] | None = Field(
        default=None, description="Type of the values; by default that of the first batch."
    )
    required: bool = Field(default=True, description="Whether a batch without this column is stopped.")
    nullable: bool = Field(default=True, description="Whether a row may have no value here.")
    max_null_share: Share = Field(default=1.0, description="A larger share of rows without a value stops the batch.")
    min: float | None = Field(default=None, description="Rows below are quarantined.")
    max: float | None = Field(default=None, description="Rows above are quarantined.")
    categories: Annotated[tuple[str, ...], Listed] | None = Field(
        default=None, description="Rows with any other value are quarantined. Values are compared as text."
    )

    @model_validator(mode="after")
    def _range_is_not_empty(self) -> Self:
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"min {self.min} is above max {self.max}: no value could pass")
        return self


class ValidationSpec(Spec):
    """What a batch must look like. Rows that break a rule are quarantined; too many of them stop the batch."""

    columns: dict[str, ColumnChecks] = Field(default_factory=dict, description="Checks by column name.")
    max_quarantined_share: Share = Field(
        default=0.05, description="A larger share of quarantined rows stops the batch."
    )
    min_rows: int = Field(default=1, ge=1, description="Fewer rows stop the batch.")
    max_rows: int = Field(default=20_000_000, ge=1, description="More rows stop the batch while it is read.")
    volume_ratio: Annotated[tuple[float, float], Listed] = Field(
        default=(0.2, 5.0), description="Warn if a batch's rows against the median of the last ten lie outside."
    )
    max_age: Duration | None = Field(
        default=None, description="Stop the batch if its newest row is older than this at the end of the window."
    )
