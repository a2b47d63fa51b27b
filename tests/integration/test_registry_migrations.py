"""The tables that migrations make are those of the code, and the guards are in the database's own catalogue."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.exc import IntegrityError

from ml.domain.errors import RegistryError
from ml.domain.records import RuleResult, Verdict
from ml.registry import Registry
from ml.registry.base import Base
from ml.registry.engine import open_engine, parse_url
from ml.registry.migrate import HEAD, _config, downgrade, migrate, revision_of
from tests.integration.custody_builders import GUARDED
from tests.integration.registry_builders import MODEL, decision, gate_result, promote, registered, version


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    opened = open_engine(parse_url(database_url))
    yield opened
    opened.dispose()


def tables(engine: Engine) -> set[str]:
    return set(inspect(engine).get_table_names())


def catalogue(connection: Connection) -> str:
    """All definitions of indexes, constraints and triggers, as the database itself tells them, in one text."""
    if connection.dialect.name == "sqlite":
        statement = "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL"
    else:
        statement = (
            "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' "
            "UNION ALL SELECT conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint "
            "UNION ALL SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal"
        )
    return "\n".join(connection.exec_driver_sql(statement).scalars())


def test_up_down_and_up_again(engine: Engine) -> None:
    migrate(engine)
    migrate(engine)
    first = tables(engine)
    with engine.connect() as connection:
        assert revision_of(connection) == HEAD
        before = catalogue(connection)
    assert first == {*Base.metadata.tables, "alembic_version"}
    downgrade(engine, "base")
    assert tables(engine) == {"alembic_version"}
    migrate(engine)
    with engine.connect() as connection:
        assert sorted(catalogue(connection).splitlines()) == sorted(before.splitlines())


def test_what_was_decided_before_a_migration_is_read_after_it(engine: Engine, database_url: str) -> None:
    with Registry.open(database_url) as registry:
        registered(registry)
        with registry.write() as writer:
            writer.add_decision(decision(0, result=RuleResult("manual", Verdict.RETRAIN, "asked", least_gain=0.5)))
    downgrade(engine, "0001")
    with engine.connect() as connection:
        assert "least_gain" not in {column["name"] for column in inspect(connection).get_columns("decision")}
    with Registry.open(database_url) as registry:
        with registry.read() as reader:
            assert reader.decision("d0") == decision(
                0, result=RuleResult("manual", Verdict.RETRAIN, "asked", least_gain=0.5)
            )
        with registry.write() as writer:
            assert writer.add_decision(decision(1, least_gain=0.25)).least_gain == 0.25


def test_the_migrations_make_what_the_code_expects(engine: Engine) -> None:
    migrate(engine)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_the_newest_revision_is_the_one_that_the_code_names(engine: Engine) -> None:
    with engine.connect() as connection:
        assert ScriptDirectory.from_config(_config(connection)).get_heads() == [HEAD]


def test_the_guards_are_in_the_catalogue(engine: Engine) -> None:
    """Read back from the database: a migration tool does not notice a changed predicate or a lost CHECK."""
    migrate(engine)
    with engine.connect() as connection:
        found = " ".join(catalogue(connection).replace("'::text", "'").replace("(", " ").replace(")", " ").split())
    champion = [line for line in found.split("CREATE ") if "ux_version_one_champion" in line]
    assert len(champion) == 1
    assert champion[0].startswith("UNIQUE INDEX")
    assert "WHERE stage = 'champion'" in champion[0]
    checks = {
        constraint.name
        for table in Base.metadata.tables.values()
        for constraint in table.constraints
        if constraint.name
    }
    assert {name for name in checks if str(name) not in found} == set()
    for stage in ("challenger", "champion", "retired", "rejected"):
        assert f"'{stage}'" in found
    for table in GUARDED:
        assert f"{table}_append_only" in found
    if engine.dialect.name == "postgresql":
        assert "event_no_truncate BEFORE TRUNCATE ON public.event" in found


VERSION: dict[str, Any] = {
    "model": MODEL,
    "version": 8,
    "stage": "champion",
    "run_key": "x",
    "as_of": datetime(2026, 1, 1, tzinfo=UTC),
    "trained_from": datetime(2026, 1, 1, tzinfo=UTC),
    "trained_until": datetime(2026, 1, 2, tzinfo=UTC),
    "model_sha256": "m",
    "manifest": {},
}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"stage": "boss"},
        {"stage": "challenger", "run_key": "r1"},
        {"stage": "challenger", "version": 1},
        {"stage": "challenger", "version": 0},
        {"stage": "challenger", "refit_sha256": "r"},
        {"stage": "challenger", "model": "nobody"},
        {"stage": "challenger", "trained_until": datetime(2025, 1, 1, tzinfo=UTC)},
    ],
    ids=["second champion", "stage", "run key", "number", "zero", "half a refit", "no model", "trained backwards"],
)
def test_the_database_refuses_what_the_code_would_not_do(sqlite_url: str, changes: dict[str, Any]) -> None:
    with Registry.open(sqlite_url) as registry:
        champion(registry)
        with pytest.raises(RegistryError, match="do not allow this"), registry.write() as writer:
            writer._connection.execute(Base.metadata.tables["version"].insert(), {**VERSION, **changes})


@pytest.mark.parametrize("table", ["decision", "gate_result", "promotion"])
@pytest.mark.parametrize("statement", ["DELETE FROM {}", "UPDATE {} SET actor = 'x'", "UPDATE {} SET model = model"])
def test_what_was_decided_and_done_cannot_be_rewritten(sqlite_url: str, table: str, statement: str) -> None:
    refuse_rewriting(
        sqlite_url, statement.format(table).replace("actor", "sentence" if table == "gate_result" else "actor")
    )


def test_nor_on_postgres(postgres_url: str) -> None:
    refuse_rewriting(postgres_url, "UPDATE promotion SET actor = 'x'")
    refuse_rewriting(postgres_url, "DELETE FROM decision")


def test_postgres_refuses_a_second_champion(postgres_url: str) -> None:
    with Registry.open(postgres_url) as registry:
        champion(registry)
        with pytest.raises(RegistryError, match="ux_version_one_champion"), registry.write() as writer:
            writer._connection.execute(Base.metadata.tables["version"].insert(), VERSION)


def test_somebody_else_s_tables_are_left_alone(engine: Engine, database_url: str) -> None:
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)"))
        connection.execute(text("INSERT INTO alembic_version VALUES ('509b94a1042d')"))
    with pytest.raises(RegistryError, match="'509b94a1042d', which this version of Evergreen does not know"):
        Registry.open(database_url)
    assert tables(engine) == {"alembic_version"}


def champion(registry: Registry) -> None:
    """A model with a decision, a verdict and a champion."""
    registered(registry)
    with registry.write() as writer:
        if writer.champion(MODEL) is None:
            writer.add_decision(decision(0))
            version(writer, "r1")
            writer.add_gate_result(gate_result(1))
            promote(writer, 1, "p1", generation=0)


def refuse_rewriting(url: str, statement: str) -> None:
    with Registry.open(url) as registry:
        champion(registry)
        with registry.write() as writer, pytest.raises(IntegrityError, match="append-only"):
            writer._connection.exec_driver_sql(statement)
