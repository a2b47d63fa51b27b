"""Under FAB's auth manager, its roles see and do what they may with the model's DAG."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.airflow_home import ROOT


def test_fabs_roles_see_and_act_as_airflow_lets_them(tmp_path: Path) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW_", "EVERGREEN_"))}
    done = subprocess.run(
        [sys.executable, "-m", "tests.plugins.fab_server", str(tmp_path)],
        cwd=ROOT,
        env=kept,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    listed_total_shown_acted_worded = json.loads(done.stdout.strip().splitlines()[-1])
    assert listed_total_shown_acted_worded == {
        "Viewer": [200, 1, 200, 403, 403],
        "User": [200, 1, 200, 409, 409],
        "Op": [200, 1, 200, 409, 409],
        "Admin": [200, 1, 200, 409, 409],
        "Public": [200, 0, 403, 403, 403],
    }
