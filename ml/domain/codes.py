"""The catalogue of all finding codes, and the page that documents them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from ml.domain.code import Code
from ml.domain.codes_dr import DRIFT
from ml.domain.codes_dv import DATA_VALIDATION
from ml.domain.codes_pf import PERFORMANCE
from ml.domain.codes_pg import AFTER, GATE

_CHAPTERS: tuple[tuple[str, str, Mapping[str, Code]], ...] = (
    (
        "DV: data validation",
        "Codes up to DV029 speak of the source and stop the batch before it is stored, unless they say otherwise; "
        "from DV030 on they "
        "speak of the rows of a stored batch.",
        DATA_VALIDATION,
    ),
    ("DR: drift", "What became of the distributions.", DRIFT),
    ("PF: performance", "What became of the champion's metrics.", PERFORMANCE),
    (
        "PG: promotion gate",
        "What the gate saw in a challenger, and in a champion after its promotion.",
        {**GATE, **AFTER},
    ),
)

CODES: Mapping[str, Code] = MappingProxyType(
    {code: entry for _, _, chapter in _CHAPTERS for code, entry in sorted(chapter.items())}
)
"""Every code, by prefix and number."""


def findings_page() -> str:
    """Return ``docs/findings.md``: every code with its meaning and remedy, in Markdown."""
    parts = [
        "# Findings",
        "",
        "A check never just fails: it leaves a finding with a code, what was seen, what was expected and what to "
        "do. Codes are stable: "
        "a code never changes its meaning and is never used again. This page is generated from the catalogue in "
        "`ml/domain/codes.py`.",
    ]
    for title, introduction, chapter in _CHAPTERS:
        parts += ["", f"## {title}", "", introduction]
        for code, entry in sorted(chapter.items()):
            parts += ["", f"### {code}: {entry.title}", "", entry.meaning, "", f"What to do: {entry.remedy}"]
    return "\n".join(parts) + "\n"
