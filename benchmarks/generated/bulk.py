"""Writes generated records fast: no rules of a loop, but the tables, indexes and constraints of a real database."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, insert, text

from generated.records import rows_of
from ml.registry.base import Base
from ml.registry.engine import open_engine, parse_url
from ml.registry.tables import ObservationRow

CHUNK = 4000
ORDER = [table.name for table in Base.metadata.sorted_tables]

# The many rows are made where they shall be: each scored batch beside each column. A value is spread evenly over 0 to
# 0.11, so that one in eleven is beyond the threshold; the text is as long as that which monitoring writes.
_COLUMNS = "CREATE TEMPORARY TABLE generated_column (number INTEGER, name TEXT)"
_DRIFT = """
    INSERT INTO observation (model, window_start, window_end, as_of, quantity, subject, version, revision, value, rows,
      detail, created_at)
    SELECT s.model, s.window_start, s.window_end, s.as_of, 'column_drift', c.name, 0, 0,
      (s.id * 7919 + c.number * 104729) % 1100 / 10000.0, s.rows,
      '{"method":"wasserstein","threshold": 0.1,"drifted": '
        || CASE WHEN (s.id * 7919 + c.number * 104729) % 1100 > 1000 THEN 'true' ELSE 'false' END
        || ',"significant": false,"outcome":"passed","note":"","interval":[0.0,0.137815],"p_value": 0.721828,"weight": '
        || CAST(c.number AS TEXT) || 'e-3}',
      s.created_at
    FROM scoring s CROSS JOIN generated_column c WHERE s.model = :model ORDER BY s.window_start, c.name"""


def fill(url: str, many: int, batches: int, columns: int) -> None:
    """Write the records, a transaction a model, each table in the order of its references."""
    with open_engine(parse_url(url)).connect() as connection:
        with connection.begin():
            if connection.dialect.name == "sqlite":
                connection.exec_driver_sql("PRAGMA cache_size = -400000")
            connection.exec_driver_sql(_COLUMNS)
            connection.execute(
                text("INSERT INTO generated_column VALUES (:number, :name)"),
                [{"number": number, "name": f"column_{number:02d}"} for number in range(columns)],
            )
        for number in range(many):
            with connection.begin():
                connection.execute(text(_DRIFT), {"model": _small_tables(connection, number, batches)})
            print(f"\r{number + 1} of {many} models", end="", file=sys.stderr, flush=True)
        with connection.begin():
            if connection.dialect.name == "postgresql":  # as it does by itself; nobody does it for SQLite
                connection.exec_driver_sql("ANALYZE")
    print(file=sys.stderr)


def _small_tables(connection: Connection, number: int, batches: int) -> str:
    grouped: dict[type[Base], list[dict[str, Any]]] = {}
    for table, row in rows_of(number, batches):
        grouped.setdefault(table, []).append(row)
    write = _copied if connection.dialect.name == "postgresql" else _executed
    for table in sorted(grouped, key=lambda one: ORDER.index(one.__tablename__)):
        write(connection, table, grouped[table])
    return str(grouped[ObservationRow][0]["model"])


def _executed(connection: Connection, table: type[Base], rows: list[dict[str, Any]]) -> None:
    for first in range(0, len(rows), CHUNK):
        connection.execute(insert(table), rows[first : first + CHUNK])


def _copied(connection: Connection, table: type[Base], rows: list[dict[str, Any]]) -> None:
    """PostgreSQL's COPY, which takes many rows far faster than its INSERT."""
    dated = {"created_at": datetime.now(UTC)} if "created_at" in table.__table__.c else {}
    names = [*rows[0], *dated]
    kept = [_kept(connection, table, name) for name in names]
    quoted = ", ".join(f'"{name}"' for name in names)
    driver: Any = connection.connection.cursor()
    with driver.copy(f'COPY "{table.__tablename__}" ({quoted}) FROM STDIN') as copy:
        for row in rows:
            copy.write_row([keep(value) for keep, value in zip(kept, [*row.values(), *dated.values()], strict=True)])


def _kept(connection: Connection, table: type[Base], name: str) -> Callable[[Any], Any]:
    """How a value of a column is written: as JSON, as UTC, or as it is."""
    return table.__table__.c[name].type.bind_processor(connection.dialect) or (lambda value: value)
