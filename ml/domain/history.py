"""What a policy may look at."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ml.domain.approvals import Approval
from ml.domain.holds import ShadowVerdict
from ml.domain.records import Decision, GateResult, Observation, Promotion, Version
from ml.domain.windows import Window


@dataclass(frozen=True, slots=True)
class History:
    """All that a policy may look at: records of one model known at ``as_of``, oldest first.

    ``metric`` is the primary one, ``retraining`` the id of the decision whose retraining is in flight, if any.
    """

    model: str
    as_of: datetime
    metric: str
    higher_is_better: bool
    windows: tuple[Window, ...] = ()
    observations: tuple[Observation, ...] = ()
    decisions: tuple[Decision, ...] = ()
    versions: tuple[Version, ...] = ()
    promotions: tuple[Promotion, ...] = ()
    gates: tuple[GateResult, ...] = ()
    approvals: tuple[Approval, ...] = ()
    shadows: tuple[ShadowVerdict, ...] = ()
    retraining: str | None = None
