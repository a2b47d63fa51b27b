"""One Airflow for all tests within this process: a home of its own, set before anything imports airflow."""

import os
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
_HOME = tempfile.TemporaryDirectory(prefix="evergreen-airflow-")


def _settings(home: Path) -> dict[str, str]:
    return {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": "vera:viewer,uma:user,oda:op,ada:admin",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home / 'airflow.db'}",
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(home / "logs"),
        "AIRFLOW__API_AUTH__JWT_SECRET": "of these tests alone, and longer than any hash asks for: " + "x" * 32,
    }


def use_airflow_home() -> None:
    """Let Airflow live in the tests' home, unless it is there already."""
    if "airflow" not in sys.modules:
        os.environ.update(_settings(Path(_HOME.name)))


def ignore_others_warnings(items: Iterable[pytest.Item], folder: Path, ours: str) -> None:
    """Let warnings that Airflow raises about its own code pass in a folder's tests, but none about our package."""
    others = [
        f"ignore::{category}" for category in ("DeprecationWarning", "FutureWarning", "UserWarning", "ResourceWarning")
    ]
    strict = [f"error::{category}:(ml|{ours}).*" for category in ("DeprecationWarning", "UserWarning")]
    for item in items:
        if folder in item.path.parents:
            item.add_marker(pytest.mark.filterwarnings(*others, *strict))
