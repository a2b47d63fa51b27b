"""What is watched between retrainings."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from ml.specs.base import Column, Columns, Duration, Listed, Moment, Share, Spec

NumericDriftMethod = Literal["wasserstein", "jensenshannon", "psi", "ks", "linf", "kl_div", "hellinger"]
Pairs = Annotated[tuple[Annotated[tuple[Column, Column], Listed], ...], Listed, Field(max_length=200)]
"""Pairs of columns, each written as a list of two."""
CategoricalDriftMethod = Literal["jensenshannon", "psi", "chisquare", "linf", "kl_div", "hellinger"]


class TrainingReference(Spec):
    """Compare with the rows that the champion was trained on. It stays put, so that slow drift adds up."""

    kind: Literal["training"] = "training"


class FixedReference(Spec):
    """Compare with the batches of a fixed span of time, for example a year that was looked at by people."""

    kind: Literal["fixed"]
    start: Moment = Field(description="From which moment on a batch must begin.")
    end: Moment = Field(description="By which moment a batch must end.")

    @model_validator(mode="after")
    def _is_a_span(self) -> Self:
        if self.start >= self.end:
            raise ValueError(f"end {self.end.isoformat()} must come after start {self.start.isoformat()}")
        return self


class SeasonReference(Spec):
    """Compare with the same season before: the batches around the moment that lies one season back."""

    kind: Literal["season"]
    ago: Duration = Field(description="Length of the season, for example `364d` for weekly batches of a yearly one.")
    around: int = Field(default=1, ge=0, description="So many batches on either side of that moment belong to it.")


class LastReference(Spec):
    """Compare with the newest batches that passed validation before. It follows along, so that slow drift is missed."""

    kind: Literal["last"]
    batches: int = Field(ge=1, description="Number of batches.")


ReferenceSpec = Annotated[
    TrainingReference | FixedReference | SeasonReference | LastReference, Field(discriminator="kind")
]


class DriftSpec(Spec):
    """Drift of each feature, of the predictions and of the target.

    A column has drifted if its difference is more than chance *and* matters. A p-value alone cries wolf as soon as
    there are many rows or many columns, an effect size alone as soon as there are few rows.
    """

    numeric: NumericDriftMethod = Field(
        default="wasserstein", description="Measure for numbers, by Evidently's names (`wasserstein` is normed)."
    )
    categorical: CategoricalDriftMethod = Field(default="jensenshannon", description="Measure for categories.")
    threshold: float = Field(
        default=0.1,
        gt=0.0,
        description="The smallest effect that matters, in the unit of the measure (of `ks` its statistic, of "
        "`chisquare` Cramér's V).",
    )
    missing: float = Field(
        default=0.05,
        gt=0.0,
        le=1.0,
        description="The smallest change that matters of the share of rows without a value.",
    )
    alpha: float = Field(
        default=0.01,
        gt=0.0,
        lt=0.5,
        description="At most this share of the checks of a batch alarms where nothing has drifted, whatever the number "
        "of columns and rows; of the columns that are called drifted, at most this share is not.",
    )
    columns: Columns | None = Field(default=None, description="Columns to watch; by default all features.")
    by: Columns = Field(
        default=(),
        description="Columns whose values are segments: each is also checked on its own, feature by feature.",
    )
    segments: int = Field(
        default=10, ge=1, le=100, description="Most segments of a column of `by`: those with the most rows."
    )
    reference: ReferenceSpec = Field(default=TrainingReference(), description="What features are compared with.")
    multivariate: bool = Field(
        default=False,
        description="Whether a classifier also tries to tell the batch's rows from those of the training: it sees what "
        "no column shows alone, such as a correlation.",
    )
    associations: bool | Pairs = Field(
        default=False,
        description="Pairs of features whose relation is watched (correlation, or which categories go together): a "
        "list of pairs, or `true` for all pairs of the first 20 watched features.",
    )
    association: float = Field(
        default=0.1,
        gt=0.0,
        le=1.0,
        description="With `associations`: the smallest change that matters of a correlation or of Cramér's V.",
    )
    auc: float = Field(
        default=0.6, gt=0.5, lt=1.0, description="With `multivariate`: the smallest area under the curve that matters."
    )
    sample: int = Field(
        default=5000,
        ge=100,
        description="Most rows of each side that the HTML report and the classifier look at, drawn with the seed. All "
        "else rests on every row.",
    )
    min_rows: int = Field(
        default=30, ge=1, description="With fewer rows with a value on a side a column is *not testable*."
    )

    @model_validator(mode="after")
    def _pairs_are_pairs(self) -> Self:
        if isinstance(self.associations, bool):
            return self
        for place, pair in enumerate(self.associations):
            if pair[0] == pair[1]:
                raise ValueError(f"associations pairs {pair[0]} with itself; accepted are two different columns")
            if set(pair) in map(set, self.associations[:place]):
                raise ValueError(f"associations pairs {pair[0]} and {pair[1]} twice; each pair is accepted once")
        return self


class MonitoringSpec(Spec):
    """What is measured on every batch."""

    drift: DriftSpec = Field(default=DriftSpec(), description="How drift is measured.")
    drift_share: Share = Field(
        default=0.5,
        description="Share of drifted features, by how much the champion uses each, from which DR002 is reported.",
    )
    metrics: tuple[str, ...] = Field(
        default=(),
        strict=False,
        description="The champion's metrics beside the primary one; by default the usual ones of the problem.",
    )
    shadows: int = Field(
        default=3,
        ge=0,
        le=20,
        description="How many retired champions score every batch along: models of different age on the same rows are "
        "the evidence on which later decisions rest.",
    )
    report: Literal["never", "on_retrain", "always"] = Field(
        default="never",
        description="When Evidently's HTML report of a batch is built by itself; `evergreen report` does it any time.",
    )
    report_memory_gb: float = Field(
        default=4.0, gt=0.0, description="Most memory (address space) that building a report may take, in gigabytes."
    )
    report_time: Duration = Field(default=timedelta(minutes=10), description="Longest time that it may take.")
