"""Records that only readers of the registry need, beside those of the domain."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ml.domain.findings import Finding
from ml.domain.records import Snapshot, Validation
from ml.domain.windows import Window


@dataclass(frozen=True, slots=True)
class Outline:
    """The least that is read of every snapshot of rows: which batch it is of."""

    id: int
    window: Window
    rows: int


@dataclass(frozen=True, slots=True)
class Batch:
    """The newest rows of one window, with what validation made of them."""

    snapshot: Snapshot
    validation: Validation

    @property
    def window(self) -> Window:
        """The batch's window."""
        return self.snapshot.window


@dataclass(frozen=True, slots=True)
class RecordedFinding:
    """A finding with its place: which step noticed it, on which batch, as of when."""

    window: Window
    as_of: datetime
    step: str
    finding: Finding


@dataclass(frozen=True, slots=True)
class Report:
    """A page made of one batch, in the artifact store."""

    model: str
    window: Window
    as_of: datetime
    kind: str
    sha256: str
