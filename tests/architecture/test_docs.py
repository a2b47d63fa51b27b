"""What a person can set is documented, and what the pages link to is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
_SOURCES = [path for room in ("ml", "dags", "config") for path in (ROOT / room).rglob("*.py")]
VARIABLES = sorted({name for path in _SOURCES for name in re.findall(r'"(EVERGREEN_[A-Z_]+)"', path.read_text())})


def test_there_are_settings() -> None:
    assert "EVERGREEN_DATABASE_URL" in VARIABLES


@pytest.mark.parametrize("variable", VARIABLES)
def test_every_setting_is_in_operations(variable: str) -> None:
    assert f"`{variable}" in (ROOT / "docs" / "operations.md").read_text()


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_within_the_project_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text()):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.name} links to {target}"
