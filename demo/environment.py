"""The environment of the demo's Airflow: one machine, loopback only, tuned for many short tasks on two cores."""

from __future__ import annotations

import base64
import json
import os
import secrets
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from demo.places import Places
from demo.ports import HOST

USER = "admin"
_KEY_BYTES = 64
_FOREIGN = ("AIRFLOW_", "_AIRFLOW_")
_UNWANTED = ("PYTHONDONTWRITEBYTECODE", "PYTHONPATH", "PYTHONHASHSEED")


@dataclass(frozen=True, slots=True)
class Secrets:
    """What must not be guessed; made on this machine, never shipped."""

    password: str
    fernet_key: str
    jwt_secret: str
    api_secret: str

    @classmethod
    def generate(cls) -> Secrets:
        """Draw new ones."""
        fernet = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
        return cls(
            secrets.token_urlsafe(12), fernet, secrets.token_urlsafe(_KEY_BYTES), secrets.token_urlsafe(_KEY_BYTES)
        )


def load_secrets(places: Places) -> Secrets:
    """Return the installation's secrets, made and stored with mode 0600 on the first call."""
    if places.secrets.exists():
        return Secrets(**json.loads(places.secrets.read_text(encoding="utf-8")))
    made = Secrets.generate()
    write_private(places.secrets, json.dumps(asdict(made)))
    return made


def write_private(path: Path, text: str) -> None:
    """Write a file that nobody else can read, at no moment."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)


def airflow_environment(places: Places, port: int, keys: Secrets, base: Mapping[str, str]) -> dict[str, str]:
    """Return ``base`` without any foreign Airflow's settings, with those of the demo.

    ``EVERGREEN_*`` variables that are set in ``base`` win, so that ``make up`` also runs a user's own models.
    """
    kept = {name: value for name, value in base.items() if not name.startswith(_FOREIGN) and name not in _UNWANTED}
    environment = {**_evergreen(places), **kept, **_process(places), **_airflow(places, port, keys)}
    for name in ("NO_PROXY", "no_proxy"):  # a proxy has no business between our own processes
        environment[name] = ",".join(filter(None, (environment.get(name, ""), HOST, "localhost")))
    if sys.platform == "darwin":
        environment["OBJC_DISABLE_INITIALIZE_FORK_SAFETY"] = "YES"
    return environment


def _evergreen(places: Places) -> dict[str, str]:
    return {
        "EVERGREEN_HOME": str(places.home),
        "EVERGREEN_MODELS_DIR": str(places.models),
        "EVERGREEN_DATA_ROOT": str(places.home),
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }


def _process(places: Places) -> dict[str, str]:
    return {
        "PYTHONPATH": os.pathsep.join((str(places.root), str(places.root / "config"))),
        "PYTHONUNBUFFERED": "1",
        "AIRFLOW_HOME": str(places.airflow),
    }


def _airflow(places: Places, port: int, keys: Secrets) -> dict[str, str]:
    address = f"http://{HOST}:{port}"
    sections: dict[str, dict[str, object]] = {
        "core": {
            "dags_folder": places.root / "dags",
            "plugins_folder": places.root / "plugins",
            "load_examples": False,
            "executor": "LocalExecutor",
            "parallelism": 3,
            "fernet_key": keys.fernet_key,
            "execution_api_server_url": f"{address}/execution/",
            "hostname_callable": "socket.gethostname",  # the default asks DNS, which may be slow or absent
            "simple_auth_manager_users": f"{USER}:admin",
            "simple_auth_manager_passwords_file": places.passwords,
        },
        "database": {"sql_alchemy_conn": places.metadata_url},
        "logging": {"base_log_folder": places.airflow / "logs"},
        "api": {"host": HOST, "port": port, "base_url": address, "workers": 1, "secret_key": keys.api_secret},
        "api_auth": {"jwt_secret": keys.jwt_secret},
        "scheduler": {"scheduler_idle_sleep_time": 0.25, "enable_health_check": False},
        "dag_processor": {
            "refresh_interval": 10,
            "min_file_process_interval": 30,
            "dag_bundle_storage_path": places.airflow / "bundles",
        },
    }
    return {
        f"AIRFLOW__{section.upper()}__{name.upper()}": str(value)
        for section, settings in sections.items()
        for name, value in settings.items()
    }
