"""What every kind of source is asked, and what it answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pandas as pd

from ml.artifacts.rows import Rows
from ml.domain.codes_dv import data_finding
from ml.domain.errors import DataError
from ml.domain.findings import Finding, Severity
from ml.domain.windows import Window
from ml.specs.source import TimeSpec


@dataclass(frozen=True, slots=True)
class Request:
    """One window of a source, and the surroundings in which it is read."""

    time: TimeSpec
    window: Window
    max_rows: int
    data_root: str
    resolve_connection: Callable[[str], str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class SourceRead:
    """The rows of a window in the order of time, what was noticed on the way, and where they came from."""

    rows: Rows
    findings: tuple[Finding, ...]
    description: str

    @property
    def frame(self) -> pd.DataFrame:
        """All rows as one frame."""
        return self.rows.frame()


def refuse(subject: str, findings: Sequence[Finding], *, empty: bool = False) -> DataError:
    """Build the error that says why a source's content cannot be a batch."""
    reasons = "; ".join(f"{item.sentence()}" for item in findings)
    remedies = " ".join(dict.fromkeys(item.remedy for item in findings if item.severity is Severity.ERROR))
    return DataError(f"{subject}: {reasons}.", remedy=remedies, findings=tuple(findings), empty=empty)


def refusal(code: str, subject: str, *, seen: str, expected: str, rows: int = 0) -> DataError:
    """Build the error for a single finding."""
    return refuse(subject, [data_finding(code, Severity.ERROR, subject, seen=seen, expected=expected, rows=rows)])
