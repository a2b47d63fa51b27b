"""What the database says about how it finds the rows of a page's questions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, Engine, event

SMALL = ("model", "ux_version_one_champion")
"""A table and an index with a row a model: walking through one is what a list of all models does."""


LARGE = 20_000
"""Rows from which on PostgreSQL should not read a table whole; below that it is right to, asked about all models."""


def questions_of(asked_on: Connection | Engine, ask: Callable[[], object]) -> dict[str, Any]:
    """Return the texts of all questions that are asked meanwhile, each with the values of its last time."""
    asked: dict[str, Any] = {}

    def remember(*given: Any) -> None:
        if given[2].lstrip().startswith("SELECT"):
            asked[given[2]] = given[3]

    event.listen(asked_on, "before_cursor_execute", remember)
    try:
        ask()
    finally:
        event.remove(asked_on, "before_cursor_execute", remember)
    return asked


def read_whole(connection: Connection, question: str, values: Any) -> list[str]:
    """Return the large tables and indexes that a question reads from one end to the other."""
    if connection.dialect.name == "sqlite":
        plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {question}", values)]
        return [line for line in plan if line.startswith("SCAN ") and not _is_small(line)]
    (plan,) = connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {question}", values).scalars()
    return [found for node in _nodes(plan[0]["Plan"]) if (found := _whole(node))]


def _is_small(line: str) -> bool:
    return any(name in line.split() for name in SMALL) or "CONSTANT ROW" in line or "VALUES" in line


def _nodes(node: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield node
    for below in node.get("Plans", ()):
        yield from _nodes(below)


def _whole(node: Mapping[str, Any]) -> str:
    """Name what a node of PostgreSQL's plan reads whole, empty if it finds its rows by a condition."""
    if {node.get("Relation Name"), node.get("Index Name")} & set(SMALL):
        return ""
    kind = str(node["Node Type"])
    if kind == "Seq Scan":
        return f"{kind} on {node['Relation Name']}"
    is_of_index = kind in ("Index Scan", "Index Only Scan", "Bitmap Index Scan")
    return f"{kind} of all {node['Index Name']}" if is_of_index and "Index Cond" not in node else ""


def is_large(connection: Connection, found: str) -> bool:
    """Tell whether the table that was read whole has many rows; what is not a table is taken as large."""
    table = found.removeprefix("Seq Scan on ")
    if table == found:
        return True
    rows = connection.exec_driver_sql(
        f'SELECT count(*) FROM (SELECT 1 FROM "{table}" LIMIT {LARGE}) AS first_ones'
    ).scalar()
    return int(rows or 0) >= LARGE
