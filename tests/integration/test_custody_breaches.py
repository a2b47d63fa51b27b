"""A record or event that is edited, removed, added or moved is found; the first is named."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ml.domain.custody import Fault, Head
from ml.registry import Registry
from ml.registry.base import Base
from ml.registry.custody.records import RECORDS
from tests.integration.custody_builders import audited, engine_of, filled, tamper
from tests.integration.registry_builders import MODEL, version


def _columns() -> list[tuple[str, str]]:
    """Every column of every record that can be changed without another table's leave."""
    foreign = {
        "erasure_id",
        "model",
        "set_id",
        "snapshot_id",
        "supersedes",
        "challenger",
        "champion",
        "from_version",
        "to_version",
    }
    found = {
        (record.table.name, column)
        for record in RECORDS
        for column in record.columns - foreign - {"stage", "refit_sha256", "refit_until", "layout_sha256"}
    }
    named = {
        ("version", "version"),
        ("scoring", "version"),
        ("approval", "version"),
        ("shadow_verdict", "version"),
        ("snapshot", "id"),
        ("finding_set", "id"),
        ("erasure", "id"),
    }
    return sorted(found - named)


@pytest.mark.parametrize(("table", "column"), _columns(), ids=lambda name: name)
def test_a_changed_cell_of_any_column_is_found(table: str, column: str, filled_sqlite: str) -> None:
    kind = Base.metadata.tables[table].c[column].type
    number = kind.python_type in {int, float, bool}
    changed = f"1 - {column}" if kind.python_type is bool else f"{column} + 1000"
    value = changed if number else f"coalesce({column}, '') || ' '"
    if column in {"role", "verdict", "trigger", "act", "quantity"}:
        value = f"CASE {column} " + " ".join(f"WHEN '{a}' THEN '{b}'" for a, b in SWAPPED) + " END"
    if column.endswith(("_at", "as_of", "_start", "_end", "start", "_from", "_until")):
        value = f"replace({column}, '00:00:00.000000', '00:00:00.000001')"
        if column == "created_at":
            value = (
                f"substr({column}, 1, 25) || CASE substr({column}, 26, 1) WHEN '1' THEN '2' ELSE '1' END || '+00:00'"
            )
    if kind.__class__.__name__ == "JsonText":
        value = "'{\"another\":1}'" if column not in {"guards", "findings", "outcomes"} else "'[]'"
    row = f"(SELECT min(rowid) FROM {table} WHERE model = '{MODEL}')"
    tamper(
        filled_sqlite,
        "PRAGMA ignore_check_constraints = ON",
        f"UPDATE {table} SET {column} = {value} WHERE rowid = {row}",
    )
    breach = audited(filled_sqlite).breaches[0]
    assert breach.number > 0
    assert table in breach.what
    assert breach.fault in {Fault.EDITED, Fault.REMOVED}, breach
    assert audited(filled_sqlite, "other").breaches == ()


SWAPPED = (
    ("rows", "labels"),
    ("labels", "rows"),
    ("retrain", "keep"),
    ("schedule", "manual"),
    ("promote", "rollback"),
    ("champion", "shadow"),
    ("metric", "rows"),
)


CHANGES: dict[str, tuple[Fault, str]] = {
    "UPDATE table_schema SET layout_sha256 = 'x'": (Fault.EDITED, "layout k is not what was written"),
    "UPDATE promotion SET actor = 'eve' WHERE generation = 2": (Fault.EDITED, "promotion 2 is not what was written"),
    "DELETE FROM promotion WHERE generation = 3": (Fault.REMOVED, "promotion 3, written on"),
    "UPDATE version SET stage = 'retired' WHERE version = 3": (Fault.REMOVED, "rejection 3, written"),
    "UPDATE version SET stage = 'challenger' WHERE version = 2": (Fault.EDITED, "version 2 is on record as challenger"),
    "UPDATE model SET generation = 7": (Fault.EDITED, "generation is 7, but its champion changed 3 times"),
    "UPDATE version SET refit_sha256 = 'x' WHERE version = 1": (Fault.EDITED, "refit 1 is not what was written"),
    "UPDATE version SET refit_sha256 = 'x', refit_until = as_of WHERE version = 2": (Fault.ADDED, "refit 2 was added"),
    "UPDATE finding SET said = '{}' WHERE id = 2": (Fault.EDITED, "the findings of finding_set"),
    "DELETE FROM finding": (Fault.EDITED, "the findings of finding_set"),
    "DELETE FROM observation WHERE id = 3": (Fault.REMOVED, "one of 5 rows of observation"),
    "UPDATE observation SET value = 0.5 WHERE id = 4": (Fault.EDITED, "one of 5 rows of observation"),
    "UPDATE scoring SET sha256 = 'x'": (Fault.EDITED, "one of 2 rows of scoring"),
    "UPDATE event SET actor = 'eve' WHERE number = 7": (Fault.EDITED, "event 7 ("),
    "UPDATE event SET content_sha256 = 'x' WHERE number = 1": (Fault.EDITED, "event 1 ("),
    "DELETE FROM event WHERE number = 9": (Fault.REMOVED, "event 9 is missing"),
    "DELETE FROM event WHERE number = 1": (Fault.REMOVED, "event 1 is missing"),
    "DELETE FROM event WHERE number > 20": (Fault.ADDED, "added behind the chain's back"),
}
ON_POSTGRES = [statement for statement in CHANGES if "promotion" in statement or "= 9" in statement]


def check_change(url: str, statement: str) -> None:
    fault, said = CHANGES[statement]
    tamper(url, statement)
    first = audited(url).breaches[0]
    assert first.fault is fault, first
    assert said in first.what


@pytest.mark.parametrize("statement", CHANGES)
def test_the_first_breach_is_named(filled_sqlite: str, statement: str) -> None:
    check_change(filled_sqlite, statement)


@pytest.mark.parametrize("statement", ON_POSTGRES)
def test_the_first_breach_is_named_on_postgres(postgres_url: str, statement: str) -> None:
    check_change(filled(postgres_url), statement)


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        (
            "INSERT INTO observation (model, window_start, window_end, as_of, quantity, subject, version, revision, "
            "rows, detail, created_at) SELECT model, window_start, window_end, as_of, quantity, 'y', version, "
            "revision, rows, detail, created_at FROM observation WHERE id = 2",
            "1 of 6 rows of observation were added",
        ),
        (
            "INSERT INTO spec (model, sha256, spec, created_at) SELECT model, 'y', spec, created_at FROM spec LIMIT 1",
            "was added behind the chain's back: no event speaks of it",
        ),
    ],
)
def test_what_is_added_behind_the_chain_s_back_is_found(filled_sqlite: str, statement: str, said: str) -> None:
    tamper(filled_sqlite, statement)
    first = audited(filled_sqlite).breaches[0]
    assert first.fault is Fault.ADDED
    assert said in first.what


@pytest.mark.parametrize(("one", "another"), [(3, 4), (1, 2), (5, 12)])
def test_events_that_changed_places_are_found(filled_sqlite: str, one: int, another: int) -> None:
    swap = [(one, 1000), (another, one), (1000, another)]
    tamper(
        filled_sqlite, *(f"UPDATE event SET number = {to} WHERE number = {at} AND model = '{MODEL}'" for at, to in swap)
    )
    first = audited(filled_sqlite).breaches[0]
    assert first.fault is Fault.REORDERED, first
    assert f"event {one} was written as number {another}" in first.what


def test_a_cut_tail_is_found_only_by_a_head_that_was_noted(filled_url: str) -> None:
    with Registry.open(filled_url) as registry:
        before = audited(filled_url).head
        with registry.write() as writer:
            writer.add_observations(MODEL, [])
            version(writer, "late", number=9)
    head = audited(filled_url).head
    assert head.number == before.number + 1
    tamper(
        filled_url,
        f"DELETE FROM event WHERE model = '{MODEL}' AND number = {head.number}",
        "DELETE FROM version WHERE version = 4",
    )
    assert audited(filled_url).breaches == (), "nothing in the database knows that there was more"
    (breach,) = audited(filled_url, expected=[head]).breaches
    assert breach.fault is Fault.REMOVED
    assert f"the chain ends with event {before.number}; it once had {head.number}" in breach.what
    assert audited(filled_url, expected=[before]).breaches == ()
    (breach,) = audited(filled_url, expected=[Head(MODEL, 3, "0" * 64)]).breaches
    assert "written anew" in breach.what


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_set_of_events_can_go_unnoticed(data: st.DataObject, filled_sqlite: str) -> None:
    """Whatever events are taken away, in the middle or at the end, as long as their records stay."""
    last = audited(filled_sqlite).head.number
    gone = data.draw(st.sets(st.integers(1, last), min_size=1, max_size=5))
    engine = engine_of(filled_sqlite)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE IF NOT EXISTS kept AS SELECT * FROM event")
    numbers = ", ".join(map(str, gone))
    tamper(filled_sqlite, f"DELETE FROM event WHERE model = '{MODEL}' AND number IN ({numbers})")
    try:
        first = audited(filled_sqlite).breaches[0]
        inner = {number for number in gone if set(range(number, last + 1)) - gone}
        if inner:
            assert first.fault is Fault.REMOVED
            assert first.number == min(inner)
        else:
            assert first.fault is Fault.ADDED or "is on record as" in first.what
    finally:
        with engine.begin() as connection:
            connection.exec_driver_sql("DELETE FROM event")
            connection.exec_driver_sql("INSERT INTO event SELECT * FROM kept")
        engine.dispose()
