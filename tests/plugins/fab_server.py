"""Asks the console as users of FAB's roles and prints the answers as JSON: Airflow has one auth manager a process."""

from __future__ import annotations

import json
import os
import sys
import warnings
from pathlib import Path

warnings.simplefilter("ignore")  # Airflow's and Flask's own
ROLES = ("Viewer", "User", "Op", "Admin", "Public")


def main(home: Path) -> None:
    """Make an Airflow in ``home`` and ask."""
    from tests import airflow_home
    from tests.builders import MODEL
    from tests.unit.views.story import told

    os.environ.update(
        {
            **airflow_home._settings(home),
            "AIRFLOW__CORE__AUTH_MANAGER": "airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager",
            "EVERGREEN_HOME": str(home),
            "EVERGREEN_DATABASE_URL": f"sqlite:///{home / 'evergreen.db'}",
        }
    )
    sys.path.append(str(airflow_home.ROOT / "plugins"))
    told(os.environ["EVERGREEN_DATABASE_URL"]).close()
    from airflow.api_fastapi.app import create_app, get_auth_manager
    from airflow.providers.fab.auth_manager.cli_commands.utils import get_application_builder
    from airflow.utils.db import initdb
    from fastapi.testclient import TestClient

    initdb()
    client = TestClient(create_app(apps="core"))
    found: dict[str, list[int]] = {}
    with get_application_builder() as builder:
        builder.sm.sync_roles()
        for role in ROLES:
            user = builder.sm.add_user(
                role, role, role, f"{role}@example.com", builder.sm.find_role(role), password="x"
            )
            client.headers["Authorization"] = f"Bearer {get_auth_manager().generate_jwt(user)}"
            listed = client.get("/evergreen/api/models")
            shown = client.get(f"/evergreen/api/models/{MODEL}")
            body = {"reason": "no such champion", "to_version": 2}
            acted = client.post(f"/evergreen/api/models/{MODEL}/rollback", json=body)
            worded = client.post(f"/evergreen/api/models/{MODEL}/versions/3/approve", json={"comment": "nobody asked"})
            total = listed.json()["page"]["total"] if listed.is_success else -1
            found[role] = [listed.status_code, total, shown.status_code, acted.status_code, worded.status_code]
    print(f"\n{json.dumps(found)}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
