"""The chain of custody: a record or event that is edited, removed, added or moved is found; the first is named."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError

from ml.domain.custody import EventKind, Fault, Head
from ml.domain.errors import NotFoundError, RegistryError, SpecError
from ml.registry import Registry, Writer
from ml.registry.base import Base
from ml.registry.custody.records import BY_ROW, LEFT_OUT, RECORDS
from ml.registry.migrate import downgrade
from tests.integration.custody_builders import audited, engine_of, everything, tamper
from tests.integration.registry_builders import FIRST, MODEL, count, promote, registered, version


def filled(url: str) -> str:
    """Fill a database with one record of every kind, of two models."""
    with Registry.open(url, actor="tester") as registry:
        everything(registry)
        everything(registry, model="other")
    return url


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("filled") / "evergreen.db"
    filled(f"sqlite:///{path}")
    return path


@pytest.fixture
def sqlite(original: Path, tmp_path: Path) -> str:
    """A copy of a filled database."""
    return f"sqlite:///{shutil.copy(original, tmp_path / 'evergreen.db')}"


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> str:
    """A filled database of either kind."""
    if request.param == "sqlite":
        return str(request.getfixturevalue("sqlite"))
    return filled(request.getfixturevalue("postgres_url"))


def test_every_table_is_in_the_chain_or_left_out_with_a_reason() -> None:
    rows = {mapper.class_ for mapper in Base.registry.mappers}
    assert rows == {*BY_ROW, *LEFT_OUT}
    assert set(BY_ROW).isdisjoint(LEFT_OUT)


def test_every_record_has_its_event(url: str) -> None:
    audit = audited(url)
    assert audit.breaches == ()
    with Registry.open(url) as registry, registry.read() as reader:
        events = reader.events(MODEL)
        assert reader.head(MODEL) == audit.head == Head(MODEL, len(events), events[-1].sha256)
    assert [event.number for event in events] == list(range(1, len(events) + 1))
    assert {event.actor for event in events} == {"tester"}
    assert {event.kind for event in events} == set(EventKind) - {
        EventKind.ANCHOR,
        EventKind.ERASURE,
    }
    assert {event.record for event in events} == {record.name for record in RECORDS}
    assert audit.records == sum(event.rows for event in events)
    dated = {event.kind for event in events if event.as_of is None}
    assert dated == {EventKind.SPEC, EventKind.SCHEMA, EventKind.REFIT, EventKind.REJECTION}


def test_the_same_again_adds_no_event(url: str) -> None:
    before = audited(url).head
    with Registry.open(url) as registry:
        everything_again(registry)
    assert audited(url).head == before


def everything_again(registry: Registry) -> None:
    registered(registry)
    with registry.write() as writer:
        version(writer, f"{MODEL}-d0")
        promote(writer, 1, f"{MODEL}-d0", generation=0)
        writer.set_refit(MODEL, 1, sha256="another", until=FIRST)
        writer.reject(MODEL, 3)


def test_what_is_rolled_back_leaves_no_event(url: str) -> None:
    def act(writer: Writer) -> None:
        version(writer, "lost")
        promote(writer, 77, "lost", generation=3)

    before = audited(url).head
    with Registry.open(url) as registry, pytest.raises(NotFoundError, match="no version 77"):
        registry.retrying(act)
    assert audited(url).head == before


def _columns() -> list[tuple[str, str]]:
    """Every column of every record that can be changed without another table's leave."""
    foreign = {"model", "set_id", "snapshot_id", "supersedes", "challenger", "champion", "from_version", "to_version"}
    found = {
        (record.table.name, column)
        for record in RECORDS
        for column in record.columns - foreign - {"stage", "refit_sha256", "refit_until", "layout_sha256"}
    }
    return sorted(found - {("version", "version"), ("scoring", "version"), ("snapshot", "id"), ("finding_set", "id")})


@pytest.mark.parametrize(("table", "column"), _columns(), ids=lambda name: name)
def test_a_changed_cell_of_any_column_is_found(table: str, column: str, sqlite: str) -> None:
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
    tamper(sqlite, "PRAGMA ignore_check_constraints = ON", f"UPDATE {table} SET {column} = {value} WHERE rowid = {row}")
    breach = audited(sqlite).breaches[0]
    assert breach.number > 0
    assert table in breach.what
    assert breach.fault in {Fault.EDITED, Fault.REMOVED}, breach
    assert audited(sqlite, "other").breaches == ()


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
def test_the_first_breach_is_named(sqlite: str, statement: str) -> None:
    check_change(sqlite, statement)


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
def test_what_is_added_behind_the_chain_s_back_is_found(sqlite: str, statement: str, said: str) -> None:
    tamper(sqlite, statement)
    first = audited(sqlite).breaches[0]
    assert first.fault is Fault.ADDED
    assert said in first.what


@pytest.mark.parametrize(("one", "another"), [(3, 4), (1, 2), (5, 12)])
def test_events_that_changed_places_are_found(sqlite: str, one: int, another: int) -> None:
    swap = [(one, 1000), (another, one), (1000, another)]
    tamper(sqlite, *(f"UPDATE event SET number = {to} WHERE number = {at} AND model = '{MODEL}'" for at, to in swap))
    first = audited(sqlite).breaches[0]
    assert first.fault is Fault.REORDERED, first
    assert f"event {one} was written as number {another}" in first.what


def test_a_cut_tail_is_found_only_by_a_head_that_was_noted(url: str) -> None:
    with Registry.open(url) as registry:
        before = audited(url).head
        with registry.write() as writer:
            writer.add_observations(MODEL, [])
            version(writer, "late", number=9)
    head = audited(url).head
    assert head.number == before.number + 1
    tamper(
        url,
        f"DELETE FROM event WHERE model = '{MODEL}' AND number = {head.number}",
        "DELETE FROM version WHERE version = 4",
    )
    assert audited(url).breaches == (), "nothing in the database knows that there was more"
    (breach,) = audited(url, expected=[head]).breaches
    assert breach.fault is Fault.REMOVED
    assert f"the chain ends with event {before.number}; it once had {head.number}" in breach.what
    assert audited(url, expected=[before]).breaches == ()
    (breach,) = audited(url, expected=[Head(MODEL, 3, "0" * 64)]).breaches
    assert "written anew" in breach.what


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_set_of_events_can_go_unnoticed(data: st.DataObject, sqlite: str) -> None:
    """Whatever events are taken away, in the middle or at the end, as long as their records stay."""
    last = audited(sqlite).head.number
    gone = data.draw(st.sets(st.integers(1, last), min_size=1, max_size=5))
    engine = engine_of(sqlite)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE IF NOT EXISTS kept AS SELECT * FROM event")
    numbers = ", ".join(map(str, gone))
    tamper(sqlite, f"DELETE FROM event WHERE model = '{MODEL}' AND number IN ({numbers})")
    try:
        first = audited(sqlite).breaches[0]
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


@pytest.mark.parametrize("statement", ["DELETE FROM event", "UPDATE event SET actor = 'x'"])
def test_the_database_refuses_to_change_an_event(url: str, statement: str) -> None:
    with Registry.open(url) as registry, registry.write() as writer, pytest.raises(IntegrityError, match="append-only"):
        writer._connection.exec_driver_sql(statement)


def test_nor_can_events_be_truncated_on_postgres(postgres_url: str) -> None:
    with Registry.open(postgres_url) as registry:
        registered(registry)
        with registry.write() as writer, pytest.raises(IntegrityError, match="append-only"):
            writer._connection.exec_driver_sql("TRUNCATE event")


def test_records_older_than_the_chain_are_anchored(url: str) -> None:
    engine = engine_of(url)
    downgrade(engine, "0003")
    audit = audited(url)
    assert audit.breaches == ()
    with Registry.open(url) as registry, registry.read() as reader:
        events = reader.events(MODEL)
        assert {event.kind for event in events} == {EventKind.ANCHOR}
        later = {"layout"}  # lies in a column that revision 0003 did not have
        assert {event.record for event in events} == {record.name for record in RECORDS} - later
    with Registry.open(url) as registry, registry.write() as writer:
        version(writer, "after", number=9)
    assert audited(url).breaches == ()
    tamper(url, "UPDATE decision SET sentence = 'No.' WHERE model = 'other'")
    assert audited(url).breaches == ()
    first = audited(url, "other").breaches[0]
    assert first.fault is Fault.EDITED
    assert "decision other-d0 is not what was written" in first.what
    engine.dispose()


def test_an_unknown_model_is_named(url: str) -> None:
    with pytest.raises(NotFoundError, match="'nobody'"):
        audited(url, "nobody")


def test_an_event_of_a_later_version_is_said(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with Registry.open(sqlite_url) as registry:
        registered(registry)
    from ml.registry.custody import audit

    monkeypatch.setattr(audit, "BY_NAME", {})
    with pytest.raises(RegistryError, match=r"speaks of a 'spec', which this version does not know"):
        audited(sqlite_url)


def openssl(*arguments: str) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("keys")
    for name in ("ours", "theirs"):
        openssl("genpkey", "-algorithm", "ed25519", "-out", str(folder / f"{name}.key"))
        openssl("pkey", "-in", str(folder / f"{name}.key"), "-pubout", "-out", str(folder / f"{name}.pub"))
    openssl("genpkey", "-algorithm", "x25519", "-out", str(folder / "other.key"))
    openssl("pkey", "-in", str(folder / "other.key"), "-pubout", "-out", str(folder / "other.pub"))
    (folder / "text.key").write_text("not a key")
    return folder


def test_versions_and_champions_are_signed(database_url: str, keys: Path) -> None:
    with Registry.open(database_url, signing_key=str(keys / "ours.key")) as registry:
        everything(registry)
    audit = audited(database_url, verifying_key=str(keys / "ours.pub"))
    assert audit.breaches == ()
    assert audit.signed == 7, "three versions, a refit, two promotions, a rollback"
    (breach,) = audited(database_url, verifying_key=str(keys / "theirs.pub")).breaches
    assert breach.fault is Fault.UNSIGNED
    assert "signed by another key" in breach.what
    with Registry.open(database_url) as registry, registry.write() as writer:
        version(writer, "unsigned", number=9)
    (breach,) = audited(database_url, verifying_key=str(keys / "ours.pub")).breaches
    assert "is not signed" in breach.what
    assert audited(database_url).breaches == (), "without a key nothing can be said of signatures"


@pytest.mark.parametrize("name", ["missing.key", "text.key", "other.key"])
def test_a_key_that_cannot_be_used_is_said_with_what_to_do(sqlite_url: str, keys: Path, name: str) -> None:
    with pytest.raises(SpecError, match=r"EVERGREEN_SIGNING_KEY.*openssl genpkey"):
        Registry.open(sqlite_url, signing_key=str(keys / name))
    registered(Registry.open(sqlite_url)).close()
    with pytest.raises(SpecError, match=r"EVERGREEN_VERIFYING_KEY.*openssl pkey"):
        audited(sqlite_url, verifying_key=str(keys / name.replace(".key", ".pub")))


def test_what_was_live_when_and_why_in_one_query(url: str) -> None:
    with Registry.open(url) as registry, registry.read() as reader:
        assert reader.live_at(MODEL, FIRST) is None
        first = reader.live_at(MODEL, FIRST.replace(day=2))
        assert first is not None
        assert (first.version, first.act, first.changed_by, first.until) == (
            1,
            "promote",
            "tester",
            FIRST.replace(day=5),
        )
        assert first.decision == "Retrain: accuracy fell."
        assert first.verdict == "The challenger is not worse."
        assert first.manifest["snapshots"] == ["a", "b"]
        assert first.serving_sha256 == "refit"
        now = reader.live_at(MODEL, FIRST.replace(year=2030))
        assert now is not None
        assert (now.version, now.act, now.since, now.until) == (1, "rollback", FIRST.replace(day=7), None)
        assert now.changed_by == "ann"
        assert now.approved_by is None
        events = {event.number: event for event in reader.events(MODEL)}
        assert now.event is not None
        assert events[now.event].sha256 == now.event_sha256
        assert events[now.event].kind is EventKind.ROLLBACK
    assert count_statements(url) == 2, "whether the model is known, and the answer"


def count_statements(url: str) -> int:
    from sqlalchemy import event

    with Registry.open(url) as registry, registry.read() as reader:
        said: list[str] = []
        event.listen(reader._connection, "before_cursor_execute", lambda *given: said.append(given[2]))
        reader.live_at(MODEL, FIRST.replace(year=2030))
    return len(said)


def test_an_audit_and_a_writer_do_not_disturb_each_other(url: str) -> None:
    with Registry.open(url) as registry:
        with registry.read() as reader:
            reached: list[int] = []

            def write_on(number: int) -> None:
                if not reached:
                    with registry.write() as writer:
                        version(writer, "meanwhile", number=9)
                reached.append(number)

            assert reader.audit(MODEL, on_event=write_on).breaches == ()
        assert count(registry, "version") == 7
