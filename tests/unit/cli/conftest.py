"""A shop's year in small: data, a spec, a home, and a way to call the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from ml.cli import main

SPEC = """\
model: shop
problem: {kind: classification, target: returned}
source: {kind: file, path: shop.csv}
time: {column: ts, batch: 7d}
training:
  candidates: [{estimator: DecisionTreeClassifier, parameters: {max_depth: 3}}]
  min_rows: 20
gate: {resamples: 100}
policy: {when: {kind: schedule, every: 2}, min_labelled: 20}
monitoring: {report: never}
"""
START = datetime(2026, 1, 5, tzinfo=UTC)
ROWS_A_WEEK, WEEKS = 240, 5


@dataclass(frozen=True)
class Called:
    """What a call of the command line gave."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)


Evergreen = Callable[..., Called]


def shop_frame() -> pd.DataFrame:
    rng = np.random.default_rng(7)
    rows = ROWS_A_WEEK * WEEKS
    price = rng.gamma(2.0, 20.0, rows).round(2)
    moments = [START + timedelta(hours=24 * 7 * number / ROWS_A_WEEK) for number in range(rows)]
    return pd.DataFrame(
        {
            "order_id": np.arange(1000, 1000 + rows),
            "ts": [moment.strftime("%Y-%m-%dT%H:%M:%SZ") for moment in moments],
            "price": price,
            "country": rng.choice(["NO", "SE", "DK"], rows),
            "zip": [f"{number:05d}" for number in rng.integers(100, 99_999, rows)],
            "returned": ((price > 40) ^ (rng.random(rows) < 0.1)).astype(int),
        }
    )


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the data and the spec; nobody writes into it."""
    folder = tmp_path_factory.mktemp("shop")
    shop_frame().to_csv(folder / "shop.csv", index=False)
    (folder / "models").mkdir()
    (folder / "models" / "shop.yaml").write_text(SPEC, encoding="utf-8")
    return folder


@pytest.fixture
def evergreen(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Evergreen:
    """Call the command line in this process, with a home of the test's own."""
    monkeypatch.setenv("EVERGREEN_DATA_ROOT", str(shop))
    monkeypatch.setenv("EVERGREEN_MODELS_DIR", str(shop / "models"))
    monkeypatch.setenv("EVERGREEN_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("COLUMNS", raising=False)  # a worker process of the tests has it, a pipe has not
    monkeypatch.delenv("EVERGREEN_DATABASE_URL", raising=False)
    monkeypatch.delenv("EVERGREEN_ARTIFACTS_URL", raising=False)
    monkeypatch.chdir(tmp_path)

    def call(*arguments: object) -> Called:
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main([str(argument) for argument in arguments])
        written = capsys.readouterr()
        return Called(int(left.value.code or 0), written.out, written.err)

    return call
