"""Before promotion: does a challenger that was held in the shadow stand beside the champion on the rows that came?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from ml.domain.codes_pg import AFTER
from ml.domain.findings import Finding, Outcome, Severity
from ml.evaluation.demand import Demand
from ml.evaluation.gain import Gain
from ml.evaluation.later import later_gain
from ml.problems import Metric
from ml.specs.gate import GateSpec

CODE = "PG017"


@dataclass(frozen=True, slots=True)
class ShadowLook:
    """What a challenger showed in the shadow: ``gain`` over the champion, None where it cannot be told (``why``).

    ``batches`` of the ``most`` that were waited for had labels.
    """

    metric: str
    demand: Demand
    gain: Gain | None
    rows: int
    batches: int
    most: int
    why: str = ""

    @property
    def passed(self) -> bool:
        """Whether it may go live. Where nothing can be told, that is the spec's to say: ``gate.unsure``."""
        return self.demand.trusts if self.gain is None else self.demand.is_met(self.gain)

    @property
    def interval(self) -> tuple[float, float] | None:
        """The two-sided interval of the gain."""
        return None if self.gain is None else self.gain.interval(self.demand.gate.confidence)

    def sentence(self) -> str:
        """Say rows, difference, interval and what follows in one line."""
        batches = f"{self.batches} of {self.most}" if self.batches < self.most else str(self.batches)
        where = f"{self.rows} rows of {batches} batches since it was trained"
        if self.gain is None or self.interval is None:
            then = "goes live by gate.unsure" if self.passed else "champion stays"
            return f"{where} cannot tell, so the {'challenger ' if self.passed else ''}{then}: {self.why}"
        low, high = self.interval
        confidence = f"{self.demand.gate.confidence:.0%}"
        return (
            f"{self.metric} {self.gain.difference:+.4g} against the champion on {where} ({confidence} interval "
            f"{low:+.4g} to {high:+.4g}; {self.gain.method.value}): {self.demand.words(self.gain)}"
        )

    def finding(self) -> Finding:
        """Return it as a finding, also if it passed."""
        outcome = Outcome.CANNOT_TELL if self.gain is None else Outcome.PASSED if self.passed else Outcome.FAILED
        quiet = outcome is Outcome.PASSED
        return Finding(
            code=CODE,
            severity=Severity.INFO if quiet else Severity.WARNING,
            subject=self.metric,
            seen=self.sentence(),
            expected=self._expected(),
            remedy="" if quiet else AFTER[CODE].remedy,
            outcome=outcome,
            rows=self.rows,
        )

    def evidence(self) -> dict[str, Any]:
        """Return how it was tested, as small JSON."""
        said: dict[str, Any] = {"batches": self.batches, "of": self.most}
        if self.gain is not None:
            tail = self.demand.doubt if self.demand.trusts else self.demand.proof
            said |= {"method": self.gain.method.value, "block": self.gain.block, "level": tail}
        return said

    def _expected(self) -> str:
        gate = self.demand.gate
        if gate.comparison == "superior":
            return f"a gain surely above {gate.margin:g}"
        surely = "not surely worse" if self.demand.trusts else "surely not worse"
        return f"{surely} than the champion by more than {gate.margin:g}"


def stands_in_shadow(
    metric: Metric,
    truth: pd.DataFrame,
    ours: pd.DataFrame,
    theirs: pd.DataFrame,
    *,
    batches: int,
    most: int,
    gate: GateSpec,
    seed: int,
) -> ShadowLook:
    """Compare a challenger with the champion by predictions for the same rows in the order of time.

    Test and terms are the gate's own. The rows came after the challenger was trained, and one challenger is held at a
    time, so nobody was tried on them before: the level is that of a first attempt. The same arguments give the same
    answer.
    """
    gain: Gain | str = "no label came"
    if len(truth):
        gain = later_gain(metric, truth, ours, theirs, gate=gate, seed=seed)
    return ShadowLook(
        metric=metric.name,
        demand=Demand(gate),
        gain=None if isinstance(gain, str) else gain,
        rows=len(truth),
        batches=batches,
        most=most,
        why=gain if isinstance(gain, str) else "",
    )
