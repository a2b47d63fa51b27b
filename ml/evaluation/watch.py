"""After promotion: is the new champion worse than the one it beat, on rows that neither had seen?"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from ml.domain.codes_pg import AFTER
from ml.domain.findings import Finding, Outcome, Severity
from ml.evaluation.demand import Demand
from ml.evaluation.gain import Gain
from ml.evaluation.later import later_gain
from ml.evaluation.spending import look_level
from ml.problems import Metric
from ml.specs.gate import GateSpec, WatchSpec

CODE = "PG016"


@dataclass(frozen=True, slots=True)
class Look:
    """What one look at the new champion beside the beaten one showed.

    ``gain`` is how much better the new one is in the primary metric, None where it cannot be told (``why``).
    ``allowed`` is the loss that does not matter, ``level`` the chance of a false alarm that this look may spend,
    ``batches`` of ``most`` have been looked at.
    """

    metric: str
    gain: Gain | None
    allowed: float
    level: float
    rows: int
    batches: int
    most: int
    why: str = ""

    @property
    def worse(self) -> bool:
        """Whether the new champion is worse than the beaten one by more than is allowed, beyond chance."""
        return self.gain is not None and self.gain.most(self.level) < -self.allowed

    def sentence(self) -> str:
        """Say rows, difference, interval, look and level in one line."""
        where = f"{self.rows} rows of {self.batches} of the first {self.most} batches since the promotion"
        if self.gain is None:
            return f"{where}: {self.why}"
        low, high = self.gain.least(self.level), self.gain.most(self.level)
        sure = "surely" if self.worse else "not surely"
        return (
            f"{self.metric} {self.gain.difference:+.4g} against the beaten champion ({low:+.4g} to {high:+.4g}, each "
            f"end at {self.level:.3g}; {self.gain.method.value}) on {where}: {sure} worse"
        )

    def finding(self) -> Finding:
        """Return the look as a finding, also if all is well."""
        outcome = Outcome.CANNOT_TELL if self.gain is None else Outcome.FAILED if self.worse else Outcome.PASSED
        return Finding(
            code=CODE,
            severity=Severity.ERROR if self.worse else Severity.INFO,
            subject=self.metric,
            seen=self.sentence(),
            expected=f"not worse than the beaten champion by more than {self.allowed:g}",
            remedy=AFTER[CODE].remedy if self.worse else "",
            outcome=outcome,
            rows=self.rows,
        )


def worse_than_beaten(
    metric: Metric,
    truth: pd.DataFrame,
    ours: pd.DataFrame,
    theirs: pd.DataFrame,
    *,
    batches: int,
    watch: WatchSpec,
    gate: GateSpec,
    seed: int,
) -> Look:
    """Compare the new champion with the one that it beat, by predictions for the same rows in the order of time.

    The rows are those of the first ``batches`` batches since the promotion. The test is the gate's own: by the metric,
    and with a long-run variance where neighbours' gains are correlated. The level, one-sided, is parted equally among
    the looks that there can be, so all of them together are wrong with at most 1 - ``watch.confidence``, however they
    depend on each other (the union bound). The same arguments give the same answer.
    """
    gain = later_gain(metric, truth, ours, theirs, gate=gate, seed=seed)
    return Look(
        metric=metric.name,
        gain=None if isinstance(gain, str) else gain,
        allowed=Demand(gate).allowed,
        level=look_level(watch.confidence, watch.batches),
        rows=len(truth),
        batches=batches,
        most=watch.batches,
        why=gain if isinstance(gain, str) else "",
    )
