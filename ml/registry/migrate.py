"""Brings a database to the tables of this version, once, whoever comes first."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, inspect, text

from ml.domain.errors import RegistryError
from ml.registry.custody.anchor import begin_chains
from ml.registry.engine import reading

if TYPE_CHECKING:
    from alembic.config import Config

HEAD = "0010"
"""The newest revision in ``migrations/versions``; a test compares."""

_LOCK = 0x45564552  # any number, as long as it stays the same


def migrate(engine: Engine) -> None:
    """Upgrade to :data:`HEAD` under a lock; costs one question if there is nothing to do.

    Raises:
        RegistryError: the database is somebody else's, or of a newer version.
    """
    with reading(engine) as connection:
        if revision_of(connection) == HEAD:
            return
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        revision = revision_of(connection)
        if revision != HEAD:
            if revision is not None:
                _refuse_unknown(connection, revision)
            _upgrade(connection)
            begin_chains(connection)


def downgrade(engine: Engine, revision: str) -> None:
    """Go back to an earlier revision, ``base`` for no tables at all. For people with a backup; nothing calls it."""
    from alembic import command

    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        command.downgrade(_config(connection), revision)


def revision_of(connection: Connection) -> str | None:
    """The revision of the database's tables, None if it has none."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return None if found is None else str(found)


def _upgrade(connection: Connection) -> None:
    from alembic import command

    command.upgrade(_config(connection), "head")


def _refuse_unknown(connection: Connection, revision: str) -> None:
    from alembic.script import ScriptDirectory

    known = {script.revision for script in ScriptDirectory.from_config(_config(connection)).walk_revisions()}
    if revision not in known:
        raise RegistryError(
            f"The database's tables are of revision {revision!r}, which this version of Evergreen does not know.",
            remedy="give Evergreen a database of its own (never Airflow's), or install the newer version that made it.",
        )


def _config(connection: Connection) -> Config:
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    folder = str(Path(__file__).parent / "migrations")
    config.set_main_option("script_location", folder.replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
