"""A new SQLite database: its tables as the migrations make them, without playing these one after another.

``new_database.sql`` is what SQLite says of a database that was migrated; a test plays the migrations and compares, so
that there is one truth. A first start need not import Alembic, nor its dialects, nor the migrations.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import Connection

SCRIPT = Path(__file__).with_suffix(".sql")
"""Written anew, after a migration was added, by ``python -m tests.integration.test_registry_new_database``."""


def create_tables(connection: Connection) -> None:
    """Make all tables, indexes and guards of the newest revision in an empty SQLite database."""
    for statement in _statements(SCRIPT.read_text(encoding="utf-8")):
        connection.exec_driver_sql(statement)


def _statements(script: str) -> Iterator[str]:
    """Cut a script where SQLite itself says that a statement ends: a trigger holds semicolons of its own."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
