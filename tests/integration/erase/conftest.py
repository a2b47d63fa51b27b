"""Homes in which the loop ran over orders: a copy for each test, and one on PostgreSQL."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from ml.flows.workspace import Workspace
from ml.settings import Settings
from ml.specs import ModelSpec
from tests.integration.erase.orders import made


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ModelSpec]:
    folder = tmp_path_factory.mktemp("orders")
    workspace, spec = made(folder)
    workspace.close()
    return folder, spec


@pytest.fixture
def orders(original: tuple[Path, ModelSpec], tmp_path: Path) -> Iterator[tuple[Workspace, ModelSpec]]:
    """A copy of a home in which the loop ran; its spec reads the original's source."""
    folder, spec = original
    home = tmp_path / "home"
    shutil.copytree(folder, home)
    names = {"EVERGREEN_HOME": str(home), "EVERGREEN_DATA_ROOT": str(folder)}
    with Workspace.open(Settings.from_environment(names), actor="tester") as workspace:
        yield workspace, spec


@pytest.fixture
def on_postgres(tmp_path: Path, postgres_url: str) -> Iterator[tuple[Workspace, ModelSpec]]:
    workspace, spec = made(tmp_path, postgres_url)
    with workspace:
        yield workspace, spec
