"""Where the statistics of a batch are computed."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from ml.specs.base import Spec


class EmbeddedSpec(Spec):
    """In the task's own process."""

    kind: Literal["embedded"] = "embedded"


class SparkSpec(Spec):
    """On a Spark cluster, for tables that outgrow one machine."""

    kind: Literal["spark"]
    master: str = Field(min_length=1, description="Spark's master, for example `spark://host:7077` or `local[4]`.")


EngineSpec = Annotated[EmbeddedSpec | SparkSpec, Field(discriminator="kind")]
