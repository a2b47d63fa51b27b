"""What a challenger must show before it goes live."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from ml.domain.codes_pg import GATE
from ml.specs.base import Columns, Listed, PositiveDuration, Share, Spec, Switch

HOLDOUT_ROWS = 500
"""Held-out rows from which more of them tell little: by the plan's own numbers the difference of two models with an
error rate e has a variance of 0.8 e² a row, so that of so many rows is uncertain by 4 % of e. By as much a batch may
happen to suit one of two models."""


class SlicesSpec(Spec):
    """Parts of the rows on which the challenger must not be worse than the champion."""

    columns: Columns = Field(
        default=(), description="Columns whose values part the rows: each frequent text, each quarter of the numbers."
    )
    found: bool = Field(
        default=True,
        description="Also look for parts by shallow trees over all features: fitted on one half of the held-out rows, "
        "tested on the other, and the other way round.",
    )
    margin: float = Field(
        default=0.0, ge=0.0, description="A loss up to this, in the mean score of a part's rows, does not matter."
    )
    false_discoveries: Share = Field(
        default=0.05, gt=0.0, lt=1.0, description="Most false alarms among the alarms (Benjamini and Hochberg)."
    )
    min_rows: int = Field(default=30, ge=10, description="Smaller parts are not tested.")


class FairnessSpec(Spec):
    """How much a metric may differ between groups of rows, by fairlearn's metrics."""

    column: str = Field(min_length=1, description="Column with the group of each row; it need not be a feature.")
    metric: Literal[
        "selection_rate", "accuracy", "true_positive_rate", "false_positive_rate", "mean_absolute_error"
    ] = Field(
        default="selection_rate",
        description="What is compared: `selection_rate` is demographic parity; `true_positive_rate` equal "
        "opportunity; `mean_absolute_error` for regression.",
    )
    positive: str | None = Field(
        default=None,
        description="The label that is selected, for all but `accuracy` and `mean_absolute_error`.",
    )
    max_difference: float | None = Field(
        default=None, ge=0.0, description="Largest difference between two groups that passes."
    )
    min_ratio: Share | None = Field(
        default=None, description="Smallest ratio of two groups that passes; 0.8 is the four-fifths rule."
    )
    min_rows: int = Field(default=30, ge=1, description="Smaller groups are not compared.")

    @model_validator(mode="after")
    def _asks_for_something(self) -> Self:
        if self.max_difference is None and self.min_ratio is None:
            raise ValueError("give max_difference or min_ratio, or both")
        if self.metric not in ("accuracy", "mean_absolute_error") and self.positive is None:
            raise ValueError(f"{self.metric} counts one label: name it as positive, for example positive: yes")
        return self


class CalibrationSpec(Spec):
    """How much worse the challenger's probabilities may be than the champion's."""

    margin: float = Field(
        default=0.0,
        ge=0.0,
        description="Blocked if the Brier score or the expected calibration error is surely worse by more than this.",
    )
    max_error: float | None = Field(
        default=None,
        gt=0.0,
        description="Largest expected calibration error (ten bins of equal size) that passes.",
    )


class LimitsSpec(Spec):
    """What a challenger may cost where it serves."""

    milliseconds: float | None = Field(
        default=None,
        gt=0.0,
        description="Longest time to predict one batch of held-out rows, the median of five. It depends on the "
        "machine, so a replay does not ask for it.",
    )
    megabytes: float | None = Field(default=None, gt=0.0, description="Largest size of the stored model.")

    @model_validator(mode="after")
    def _asks_for_something(self) -> Self:
        if self.milliseconds is None and self.megabytes is None:
            raise ValueError("give milliseconds or megabytes, or both")
        return self


class Approver(Spec):
    """A person as Airflow's auth manager knows them."""

    id: str = Field(min_length=1, description="The id that Airflow compares: with FAB the number of the user.")
    name: str = Field(min_length=1, description="The name of the login.")


def _approver(value: Any) -> Any:
    return {"id": value, "name": value} if isinstance(value, str) else value


Login = Annotated[Approver, BeforeValidator(_approver, json_schema_input_type=str | Approver)]
"""A person, written as a mapping or by the name of the login alone."""


class ApprovalSpec(Spec):
    """A person has to approve what passed the gate before it goes live."""

    assigned_users: Annotated[tuple[Login, ...], Listed] = Field(
        default=(),
        description='Who may answer: logins, or `{id: "7", name: ann}` where Airflow\'s ids are not the logins (FAB). '
        "Left out: whoever may act on the model's DAG.",
    )
    comment: bool = Field(default=True, description="Whether an answer needs a comment.")
    expires: PositiveDuration = Field(
        default=timedelta(days=7),
        description="Without an answer for this long the champion stays. It is a time of the wall clock.",
    )


class WatchSpec(Spec):
    """A new champion is compared with the one that it beat, on the labelled batches after its promotion."""

    batches: int = Field(
        default=5,
        ge=1,
        le=100,
        description="The first so many batches since the promotion whose labels have come; after each there is a look, "
        "at all their rows together.",
    )
    confidence: float = Field(
        default=0.99,
        gt=0.5,
        lt=1.0,
        description="All looks together call a champion that is no worse worse with at most 1 - `confidence`.",
    )
    rollback: bool = Field(
        default=True,
        description="Whether a champion that is surely worse, by more than `gate.margin`, is rolled back by itself; "
        "else it is recorded only.",
    )


class GateSpec(Spec):
    """What a challenger must show on held-out rows before it becomes champion."""

    comparison: Literal["non_inferior", "superior"] = Field(
        default="non_inferior",
        description="`non_inferior`: not worse than the champion by more than `margin` — "
        "right for routine retraining. `superior`: must be significantly better by `margin`.",
    )
    margin: float = Field(
        default=0.0,
        ge=0.0,
        description="Smallest difference that matters, in the primary metric's unit.",
    )
    unsure: Literal["promote", "keep"] = Field(
        default="promote",
        description="For `non_inferior`, where the rows show neither that the challenger is good enough nor that it is "
        "worse: `promote` gives it the benefit of the doubt, which shrinks with every attempt on the same rows; `keep` "
        "keeps the champion, and asks for a `margin`.",
    )
    confidence: float = Field(default=0.95, gt=0.5, lt=1.0, description="Confidence of the interval.")
    resamples: int = Field(default=1000, ge=100, le=100_000, description="Resamples of the paired bootstrap.")
    holdout: Share = Field(
        default=0.3,
        gt=0.0,
        lt=1.0,
        description="Share of the labelled batches newer than the champion's training data (for a first version: of "
        "all labelled batches) that is held out to judge on: the newest ones, whole batches, at least one. Only where "
        "a single batch is labelled at all it is a share of its rows.",
    )
    holdout_rows: int = Field(
        default=HOLDOUT_ROWS,
        ge=10,
        description="So many held-out rows are enough: of a champion's newer batches no more are held out. What is "
        "learned from newer rows answers a change sooner. Raise it where small slices are judged. Less than `min_rows` "
        "counts as `min_rows`.",
    )
    min_rows: int = Field(
        default=50,
        ge=10,
        description="Fewer held-out rows cannot tell anything: the champion stays. Fewer labelled rows in the shadow "
        "cannot tell either: there `unsure` says what follows, and with `comparison: superior` the champion stays.",
    )
    floors: dict[str, float] = Field(
        default_factory=dict,
        description="Metrics and the worst value that the challenger may have on the held-out rows.",
    )
    slices: Annotated[SlicesSpec | None, Switch] = Field(
        default=None, description="Parts of the rows that must not get worse. Left out: not looked at."
    )
    fairness: FairnessSpec | None = Field(
        default=None, description="How much a metric may differ between groups. Left out: not looked at."
    )
    calibration: Annotated[CalibrationSpec | None, Switch] = Field(
        default=None, description="How good the probabilities must be. Left out: not looked at."
    )
    limits: LimitsSpec | None = Field(default=None, description="What serving may cost. Left out: not looked at.")
    approval: Annotated[ApprovalSpec | None, Switch] = Field(
        default=None,
        description="Ask a person before what passed goes live. Left out: nobody is asked.",
    )
    watch: Annotated[WatchSpec | None, Switch] = Field(
        default=None,
        description="Go on comparing a new champion with the one that it beat, and roll back if it is surely worse. "
        "Needs `monitoring.shadows` of at least 1. Left out: not watched.",
    )
    shadow: int = Field(
        default=0,
        ge=0,
        le=100,
        description="Hold what passed in the shadow: it scores along, and goes live only if it stands this test once "
        "more, on the first so many batches after its training whose labels are complete or have had their time "
        "(`labels.delay` and `labels.patience`). 0: it goes live at once.",
    )
    override: Annotated[tuple[str, ...], Listed] = Field(
        default=(),
        description="Codes of checks, such as `PG009`, that block nothing: where one fails, the finding "
        "says *overridden*.",
    )
    refit: bool = Field(
        default=True, description="Fit what passed once more on all labelled rows, the held-out ones included."
    )

    @property
    def enough_rows(self) -> int:
        """Held-out rows of a champion's newer batches beyond which no further batch is held out."""
        return max(self.holdout_rows, self.min_rows)

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.unsure == "keep" and self.comparison == "non_inferior" and self.margin == 0.0:
            raise ValueError(
                "unsure: keep asks for a margin above 0: nothing can be shown to be not worse at all. Give a margin "
                "that does not matter, or use comparison: superior"
            )
        unknown = sorted(set(self.override).difference(GATE))
        if unknown:
            raise ValueError(f"override names {', '.join(unknown)}; accepted are {', '.join(GATE)}")
        return self
