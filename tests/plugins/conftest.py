"""Airflow's API server with our plugin, in this process: no port, no scheduler."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI

from ml.registry import Registry
from tests.airflow_home import ROOT, ignore_others_warnings, use_airflow_home
from tests.unit.views.story import told

with warnings.catch_warnings(action="ignore"):  # Starlette's, about the client that it uses
    from fastapi.testclient import TestClient

use_airflow_home()
if str(ROOT / "plugins") not in sys.path:
    sys.path.append(str(ROOT / "plugins"))

PREFIX = "/evergreen"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    ignore_others_warnings(items, Path(__file__).parent, "evergreen_console")


@pytest.fixture(scope="session")
def server(airflow_database: None) -> FastAPI:
    """Airflow's API server."""
    from airflow.api_fastapi.app import create_app

    return create_app(apps="core")


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Registry]:
    """Six weeks of a model on record, which the console then shows."""
    from evergreen_console import records

    url = f"sqlite:///{tmp_path / 'evergreen.db'}"
    monkeypatch.setenv("EVERGREEN_HOME", str(tmp_path))
    monkeypatch.setenv("EVERGREEN_DATABASE_URL", url)
    records.records.cache_clear()
    with told(url) as registry:
        yield registry
    records.records().registry.close()
    records.records.cache_clear()


Login = Callable[[str | None], TestClient]


@pytest.fixture
def login(server: FastAPI, registry: Registry) -> Login:
    """Return a client of the server as nobody, or as a user of the role."""

    def login(role: str | None) -> TestClient:
        from airflow.api_fastapi.app import get_auth_manager
        from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser

        client = TestClient(server, raise_server_exceptions=True)
        if role is not None:
            user = SimpleAuthManagerUser(username=f"the {role}", role=role.upper())
            client.headers["Authorization"] = f"Bearer {get_auth_manager().generate_jwt(user)}"
        return client

    return login
