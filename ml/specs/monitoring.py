"""What is watched between retrainings."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ml.specs.base import Columns, Share, Spec

NumericDriftMethod = Literal["wasserstein", "jensenshannon", "psi", "ks", "kl_div", "hellinger"]
CategoricalDriftMethod = Literal["jensenshannon", "psi", "chisquare", "kl_div", "hellinger"]


P_VALUES = frozenset({"ks", "chisquare"})
"""Methods that give a p-value: small means drift; all others give a distance, large means drift."""


class DriftSpec(Spec):
    """Drift of each feature, of the predictions and of the target, by Evidently's methods and names.

    The defaults are effect sizes, not p-values: a p-value cries wolf as soon as there are many rows or many columns.
    """

    numeric: NumericDriftMethod = Field(
        default="wasserstein", description="Method for numbers (`wasserstein` is normed)."
    )
    categorical: CategoricalDriftMethod = Field(default="jensenshannon", description="Method for categories.")
    threshold: float = Field(
        default=0.1,
        gt=0.0,
        description="A column has drifted at this distance or more (for `ks` and `chisquare`: p-value below it).",
    )
    columns: Columns | None = Field(default=None, description="Columns to watch; by default all features.")
    sample: int = Field(
        default=5000, ge=100, description="Most rows of each side that are looked at, drawn with the seed."
    )
    min_rows: int = Field(default=30, ge=1, description="With fewer rows on a side a column is *not testable*.")

    @property
    def p_values(self) -> tuple[str, ...]:
        """The chosen methods that give p-values instead of distances."""
        return tuple(method for method in (self.numeric, self.categorical) if method in P_VALUES)


class MonitoringSpec(Spec):
    """What is measured on every batch."""

    drift: DriftSpec = Field(default=DriftSpec(), description="How drift is measured.")
    drift_share: Share = Field(
        default=0.5, description="Share of drifted features from which the finding is a warning."
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
        default="on_retrain",
        description="When Evidently's HTML report of a batch is built by itself; `evergreen report` does it any time.",
    )
