"""A crash at any point of a flow is safe: all points are played, and the harness is shown to find faults.

A process of its own plays them (``tests/torture/crash.py``): it forks at every point, which a process full of threads
must not do.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.torture.bugs import BUGS

ROOT = Path(__file__).parents[2]


def played(*arguments: str, seconds: int = 600) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.torture.crash", *arguments]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=seconds, check=False
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


# Not train: every point of it fits a model again, which is for the long campaign.
FLOWS = ["ingest", "label", "promote", "rollback", "settle", "watch"]


@pytest.fixture(scope="module")
def power_cuts() -> dict[str, Any]:
    """What came of all flows: one process imports everything once."""
    return played(*(word for flow in FLOWS for word in ("--flow", flow)), "--mode", "power", seconds=1200)


@pytest.mark.parametrize("flow", FLOWS)
def test_no_point_of_a_power_cut_breaks_a_promise(power_cuts: dict[str, Any], flow: str) -> None:
    found = power_cuts[flow]
    assert found["violations"] == []
    assert found["runs"] == found["points"] > 10


def test_a_full_disk_is_a_clean_stop() -> None:
    found = played("--flow", "ingest", "--mode", "full")["ingest"]
    assert found["violations"] == []
    assert found["runs"] == found["points"]


def test_the_harness_finds_every_fault_that_is_put_in() -> None:
    found = played("--bugs")
    assert set(found) == set(BUGS)
    said = {name: "\n".join(result["violations"]) for name, result in found.items()}
    assert {name: text for name, text in said.items() if BUGS[name].breach not in text} == {}
