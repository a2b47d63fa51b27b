"""Codes are stable, whole sentences, and documented."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ml.domain.codes import CODES, findings_page
from ml.domain.codes_dv import DATA_VALIDATION, data_finding
from ml.domain.findings import Outcome, Severity

PAGE = Path(__file__).parents[3] / "docs" / "findings.md"


@pytest.mark.parametrize("code", CODES)
def test_every_code_is_explained(code: str) -> None:
    entry = CODES[code]
    assert re.fullmatch(r"(DV|DR|PF|PG)[0-9]{3}", code)
    assert entry.title
    assert entry.meaning.endswith(".")
    assert entry.remedy.endswith(".")
    assert f"### {code}: {entry.title}" in findings_page()


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text() == findings_page(), (
        "write docs/findings.md again: "
        "python -c \"from ml.domain.codes import findings_page; print(findings_page(), end='')\" > docs/findings.md"
    )


def test_a_finding_takes_its_remedy_from_the_catalogue() -> None:
    finding = data_finding("DV001", Severity.ERROR, "a.csv", seen="no content", expected="rows")
    assert finding.remedy == DATA_VALIDATION["DV001"].remedy
    assert finding.outcome is Outcome.FAILED
    other = data_finding("DV002", Severity.WARNING, "a.csv", seen="a header", expected="rows", remedy="ask Eve.")
    assert other.remedy == "ask Eve."
    assert other.outcome is Outcome.WARNING
