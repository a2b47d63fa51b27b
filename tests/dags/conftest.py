"""Fixtures of the tests of the DAGs."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.airflow_home import ignore_others_warnings, use_airflow_home

DAGS = Path(__file__).parents[2] / "dags"

use_airflow_home()
if str(DAGS) not in sys.path:
    sys.path.append(str(DAGS))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    ignore_others_warnings(items, Path(__file__).parent, "evergreen_dags")


MINIMAL = """\
model: {model}
problem: {{kind: classification, target: late}}
source: {{kind: file, path: "orders/*.csv"}}
time: {{column: ts, batch: 7d}}
"""


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder of specs, which the DAGs are built from."""
    folder = tmp_path / "models"
    folder.mkdir()
    monkeypatch.setenv("EVERGREEN_MODELS_DIR", str(folder))
    monkeypatch.delenv("EVERGREEN_TRAINING_POOL", raising=False)
    return folder


@pytest.fixture
def write(models: Path) -> Callable[..., Path]:
    """Write the minimal spec of a model with more lines, into a file of its own."""

    def write(model: str, *lines: str, file: str | None = None) -> Path:
        path = models / (file or f"{model}.yaml")
        path.write_text(MINIMAL.format(model=model) + "\n".join(lines))
        return path

    return write


@pytest.fixture
def bag(models: Path) -> Callable[[], Any]:
    """Parse the DAG folder as Airflow does; of all DAGs in it, give those of the models, and ``keep``."""

    def parse(*, keep: str = "") -> Any:
        from airflow.dag_processing.dagbag import BundleDagBag

        before = list(sys.path)
        try:
            found = BundleDagBag(str(DAGS), bundle_path=DAGS, bundle_name="dags-folder")
        finally:
            sys.path[:] = before
        assert found.import_errors == {}
        for dag_id in {"evergreen.replay", "evergreen.report"} - {keep}:
            found.dags.pop(dag_id, None)
        return found

    return parse
