"""A new SQLite database has exactly what the migrations make; ``python -m`` this module writes the script anew."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from sqlalchemy import Connection

from ml.registry import Registry
from ml.registry.engine import open_engine, parse_url
from ml.registry.migrate import play_migrations
from ml.registry.new_database import SCRIPT

_OBJECTS = "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY rowid"


def script_of(connection: Connection) -> str:
    """Write what SQLite says of a database as the statements that make it, and its revision."""
    made = [f"{one};" for one in connection.exec_driver_sql(_OBJECTS).scalars()]
    revision = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one()
    return "\n".join([*made, f"INSERT INTO alembic_version (version_num) VALUES ('{revision}');", ""])


def migrated(path: Path) -> str:
    """Play all migrations on an empty database and return its script."""
    engine = open_engine(parse_url(f"sqlite:///{path}"))
    try:
        with engine.begin() as connection:
            play_migrations(connection)
            return script_of(connection)
    finally:
        engine.dispose()


def test_the_script_makes_what_the_migrations_make(tmp_path: Path) -> None:
    assert SCRIPT.read_text(encoding="utf-8") == migrated(tmp_path / "migrated.db")


def test_a_new_database_is_made_by_the_script(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'new.db'}"
    Registry.open(url).close()
    engine = open_engine(parse_url(url))
    with engine.connect() as connection:
        assert script_of(connection) == SCRIPT.read_text(encoding="utf-8")
    engine.dispose()


def test_a_database_with_tables_is_migrated(tmp_path: Path) -> None:
    """One that was taken back to its base has a table left: it is not new."""
    path = tmp_path / "emptied.db"
    engine = open_engine(parse_url(f"sqlite:///{path}"))
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
    engine.dispose()
    Registry.open(f"sqlite:///{path}").close()
    engine = open_engine(parse_url(f"sqlite:///{path}"))
    with engine.connect() as connection:
        found = connection.exec_driver_sql("SELECT count(*) FROM sqlite_master WHERE type = 'trigger'").scalar_one()
    engine.dispose()
    assert found == SCRIPT.read_text(encoding="utf-8").count("CREATE TRIGGER")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        SCRIPT.write_text(migrated(Path(folder) / "migrated.db"), encoding="utf-8")
    sys.stdout.write(f"{SCRIPT} is written.\n")
