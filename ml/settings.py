"""The environment, read once into one frozen value."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

_DRIVERS = {"postgres": "postgresql+psycopg", "postgresql": "postgresql+psycopg"}


@dataclass(frozen=True, slots=True)
class Settings:
    """Where things are.

    ``home`` holds the default database and artifacts. ``database_url`` is a SQLAlchemy URL; ``artifacts_url`` a
    directory or fsspec URL; ``models_dir`` the folder of the specs; ``data_root`` the folder at which a relative
    source path starts. ``signing_key`` and ``verifying_key`` are paths of PEM files, empty where nothing is signed.
    """

    home: Path
    database_url: str
    artifacts_url: str
    models_dir: Path
    data_root: str
    signing_key: str = ""
    verifying_key: str = ""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """Read the variables ``EVERGREEN_…``: of an environment that is given, else of this process."""
        env = os.environ if environment is None else environment
        home = Path(env.get("EVERGREEN_HOME") or Path.cwd() / ".evergreen").absolute()
        return cls(
            home=home,
            database_url=env.get("EVERGREEN_DATABASE_URL") or f"sqlite:///{home / 'evergreen.db'}",
            artifacts_url=env.get("EVERGREEN_ARTIFACTS_URL") or str(home / "artifacts"),
            models_dir=Path(env.get("EVERGREEN_MODELS_DIR") or "dags/models").absolute(),
            data_root=env.get("EVERGREEN_DATA_ROOT") or str(Path.cwd()),
            signing_key=env.get("EVERGREEN_SIGNING_KEY", ""),
            verifying_key=env.get("EVERGREEN_VERIFYING_KEY", ""),
        )


def sqlalchemy_url(uri: str) -> str:
    """Write Airflow's URI of a connection as SQLAlchemy reads it.

    >>> sqlalchemy_url("postgres://me:secret@db:5432/shop?sslmode=require")
    'postgresql+psycopg://me:secret@db:5432/shop?sslmode=require'
    >>> sqlalchemy_url("sqlite://%2Fdata%2Fshop.db")
    'sqlite:////data/shop.db'
    """
    scheme, _, rest = uri.partition("://")
    if scheme == "sqlite" and (host := urlsplit(uri).netloc):  # Airflow keeps the path of the file as the host
        return f"sqlite:///{unquote(host)}"
    rest = rest.partition("?__extra__=")[0]  # what Airflow cannot write as a query is no option of a driver either
    return f"{_DRIVERS.get(scheme, scheme)}://{rest}"
