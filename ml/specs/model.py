"""The whole spec of one model."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Self

from pydantic import Field, field_validator, model_validator

from ml.domain.digests import digest_of
from ml.domain.windows import format_duration
from ml.specs.base import Columns, Listed, Moment, Spec
from ml.specs.cron import CRON, PRESETS, step_of
from ml.specs.data import FeaturesSpec, ValidationSpec
from ml.specs.engine import EmbeddedSpec, EngineSpec
from ml.specs.gate import GateSpec
from ml.specs.monitoring import MonitoringSpec
from ml.specs.policy import PolicySpec
from ml.specs.problem import ProblemSpec
from ml.specs.rules import DriftRule, leaves
from ml.specs.source import LabelsSpec, SourceSpec, TimeSpec
from ml.specs.training import TrainingSpec

MODEL_NAME = re.compile(r"[a-z][a-z0-9_-]{0,62}", re.ASCII)


class ModelSpec(Spec):
    """One model: what it predicts, from which data, and how it is kept fresh."""

    model: str = Field(description="Name: lower-case letters, digits, `_` and `-`. It names the DAGs and all records.")
    description: str = Field(default="", description="What the model is for; shown in Airflow.")
    owner: str = Field(default="evergreen", min_length=1, description="Who answers for it; the DAGs' owner.")
    tags: Annotated[tuple[str, ...], Listed] = Field(default=(), description="Tags of the DAGs.")
    problem: ProblemSpec = Field(description="What is predicted.")
    source: SourceSpec = Field(description="Where the rows come from.")
    time: TimeSpec = Field(description="How time runs in the rows.")
    key: Columns = Field(
        default=(), description="Columns that identify a row. Needed when labels have their own source."
    )
    labels: LabelsSpec = Field(default=LabelsSpec(), description="When and from where labels arrive.")
    features: FeaturesSpec = Field(default=FeaturesSpec(), description="Which columns are features.")
    validation: ValidationSpec = Field(default=ValidationSpec(), description="What a batch must look like.")
    training: TrainingSpec = Field(default=TrainingSpec(), description="How a challenger is trained.")
    gate: GateSpec = Field(default=GateSpec(), description="What a challenger must show.")
    monitoring: MonitoringSpec = Field(default=MonitoringSpec(), description="What is watched.")
    engine: EngineSpec = Field(default=EmbeddedSpec(), description="Where the statistics of a batch are computed.")
    policy: PolicySpec = Field(default=PolicySpec(), description="When to retrain.")
    schedule: str | None = Field(
        default=None,
        description="When Airflow ingests a batch: a cron expression or a preset such as `@weekly`, due as often as a "
        "batch is long. Left out: by hand.",
    )
    start: Moment | None = Field(
        default=None,
        description="From when on Airflow schedules batches, the past ones included. Left out: from now on.",
    )
    end: Moment | None = Field(
        default=None,
        description="Up to when, exclusively, Airflow schedules batches. Left out: for as long as there is a schedule.",
    )

    @field_validator("model")
    @classmethod
    def _can_be_a_dag_id(cls, name: str) -> str:
        if MODEL_NAME.fullmatch(name) is None:
            raise ValueError(
                f"{name!r} cannot name a model: write a lower-case letter, then at most 62 of a-z, 0-9, _ and -"
            )
        return name

    @field_validator("schedule")
    @classmethod
    def _is_cron(cls, schedule: str | None) -> str | None:
        if schedule is None or schedule in PRESETS or CRON.fullmatch(schedule):
            return schedule
        raise ValueError(
            f"{schedule!r} is no schedule: write a cron expression of five fields or one of {', '.join(PRESETS)}"
        )

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.labels.source is not None and not self.key:
            raise ValueError(
                "labels.source is joined to the rows by key: name the key columns, for example key: [order_id]"
            )
        if self.labels.time is not None and self.labels.source is None:
            raise ValueError("labels.time is a column of labels.source: give that source, or leave labels.time out")
        if self.start is not None and self.end is not None and self.start >= self.end:
            raise ValueError(f"end {self.end.isoformat()} must come after start {self.start.isoformat()}")
        if self.gate.watch is not None and self.monitoring.shadows == 0:
            raise ValueError(
                "gate.watch compares with the beaten champion, which scores along only with monitoring.shadows of at "
                "least 1: raise that, or leave gate.watch out"
            )
        self._batches_are_due_as_long()
        self._drift_rules_fit()
        reserved = {*self.problem.targets, self.time.column}
        for place, columns in (("features.columns", self.features.columns or ()), ("key", self.key)):
            clash = sorted(reserved.intersection(columns))
            if clash:
                raise ValueError(f"{place} names {', '.join(clash)}, which is the target or the time column")
        return self

    def _batches_are_due_as_long(self) -> None:
        """Airflow cuts batches by the schedule, the command line by ``time.batch``: both must mean the same."""
        step = None if self.schedule is None else step_of(self.schedule)
        if step is not None and step != self.time.batch:
            raise ValueError(
                f"schedule {self.schedule!r} is due every {format_duration(step)}, but time.batch is "
                f"{format_duration(self.time.batch)}: write time.batch: {format_duration(step)}, or a schedule that is "
                f"due every {format_duration(self.time.batch)}"
            )

    def _drift_rules_fit(self) -> None:
        watched = self.monitoring.drift.columns or self.features.columns
        for rule in leaves(self.policy.when):
            if not isinstance(rule, DriftRule):
                continue
            unknown = sorted(set(rule.weights or ()).difference(rule.weights or () if watched is None else watched))
            if unknown:
                raise ValueError(f"weights of a drift rule name {', '.join(unknown)}, whose drift is not measured")

    @property
    def digest(self) -> str:
        """SHA-256 of the spec's meaning: comments, order and omitted defaults do not change it."""
        return digest_of(self.model_dump(mode="json"))

    @property
    def labels_are_separate(self) -> bool:
        """Whether labels come later than their rows, or from elsewhere, and so are snapshots of their own."""
        return self.labels.source is not None or self.labels.delay > timedelta(0)

    @property
    def retrain_dag_id(self) -> str:
        """Id of the DAG that retrains; the model's name is the id of the other one."""
        return f"{self.model}.retrain"
