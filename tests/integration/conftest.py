"""Databases that hold one record of every kind."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.integration.custody_builders import filled


@pytest.fixture(scope="session")
def filled_original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that nobody writes into."""
    path = tmp_path_factory.mktemp("filled") / "evergreen.db"
    filled(f"sqlite:///{path}")
    return path


@pytest.fixture
def filled_sqlite(filled_original: Path, tmp_path: Path) -> str:
    """A copy of a filled database."""
    return f"sqlite:///{shutil.copy(filled_original, tmp_path / 'evergreen.db')}"


@pytest.fixture(params=["sqlite", "postgresql"])
def filled_url(request: pytest.FixtureRequest) -> str:
    """A filled database of either kind."""
    if request.param == "sqlite":
        return str(request.getfixturevalue("filled_sqlite"))
    return filled(request.getfixturevalue("postgres_url"))
