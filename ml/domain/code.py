"""What a finding's code means."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Code:
    """Title, meaning and remedy of a finding code, as documented in ``docs/findings.md``."""

    title: str
    meaning: str
    remedy: str
