"""The chain of custody: every record has its event, and nobody can change one."""

from __future__ import annotations

import pytest
from sqlalchemy.exc import IntegrityError

from ml.domain.custody import EventKind, Fault, Head
from ml.domain.errors import NotFoundError, RegistryError
from ml.registry import Registry, Writer
from ml.registry.base import Base
from ml.registry.custody.records import BY_ROW, LEFT_OUT, RECORDS
from ml.registry.migrate import downgrade
from tests.integration.custody_builders import audited, engine_of, tamper
from tests.integration.registry_builders import FIRST, MODEL, count, promote, registered, version


def test_every_table_is_in_the_chain_or_left_out_with_a_reason() -> None:
    rows = {mapper.class_ for mapper in Base.registry.mappers}
    assert rows == {*BY_ROW, *LEFT_OUT}
    assert set(BY_ROW).isdisjoint(LEFT_OUT)


def test_every_record_has_its_event(filled_url: str) -> None:
    audit = audited(filled_url)
    assert audit.breaches == ()
    with Registry.open(filled_url) as registry, registry.read() as reader:
        events = reader.events(MODEL)
        assert reader.head(MODEL) == audit.head == Head(MODEL, len(events), events[-1].sha256)
    assert [event.number for event in events] == list(range(1, len(events) + 1))
    assert {event.actor for event in events} == {"tester"}
    assert {event.kind for event in events} == set(EventKind) - {
        EventKind.ANCHOR,
    }
    assert {event.record for event in events} == {record.name for record in RECORDS}
    assert audit.records == sum(event.rows for event in events)
    dated = {event.kind for event in events if event.as_of is None}
    assert dated == {EventKind.SPEC, EventKind.SCHEMA, EventKind.REFIT, EventKind.REJECTION, EventKind.ERASURE}


def test_the_same_again_adds_no_event(filled_url: str) -> None:
    before = audited(filled_url).head
    with Registry.open(filled_url) as registry:
        everything_again(registry)
    assert audited(filled_url).head == before


def everything_again(registry: Registry) -> None:
    registered(registry)
    with registry.write() as writer:
        version(writer, f"{MODEL}-d0")
        promote(writer, 1, f"{MODEL}-d0", generation=0)
        writer.set_refit(MODEL, 1, sha256="another", until=FIRST)
        writer.reject(MODEL, 3)


def test_what_is_rolled_back_leaves_no_event(filled_url: str) -> None:
    def act(writer: Writer) -> None:
        version(writer, "lost")
        promote(writer, 77, "lost", generation=3)

    before = audited(filled_url).head
    with Registry.open(filled_url) as registry, pytest.raises(NotFoundError, match="no version 77"):
        registry.retrying(act)
    assert audited(filled_url).head == before


@pytest.mark.parametrize("statement", ["DELETE FROM event", "UPDATE event SET actor = 'x'"])
def test_the_database_refuses_to_change_an_event(filled_url: str, statement: str) -> None:
    with (
        Registry.open(filled_url) as registry,
        registry.write() as writer,
        pytest.raises(IntegrityError, match="append-only"),
    ):
        writer._connection.exec_driver_sql(statement)


def test_nor_can_events_be_truncated_on_postgres(postgres_url: str) -> None:
    with Registry.open(postgres_url) as registry:
        registered(registry)
        with registry.write() as writer, pytest.raises(IntegrityError, match="append-only"):
            writer._connection.exec_driver_sql("TRUNCATE event")


def test_records_older_than_the_chain_are_anchored(filled_url: str) -> None:
    engine = engine_of(filled_url)
    downgrade(engine, "0003")
    audit = audited(filled_url)
    assert audit.breaches == ()
    with Registry.open(filled_url) as registry, registry.read() as reader:
        events = reader.events(MODEL)
        assert {event.kind for event in events} == {EventKind.ANCHOR}
        later = {
            "layout",
            "approval",
            "shadow_verdict",
            "erasure",
            "tombstone",
            "erasure_end",
        }  # what revision 0003 had no place for
        assert {event.record for event in events} == {record.name for record in RECORDS} - later
    with Registry.open(filled_url) as registry, registry.write() as writer:
        version(writer, "after", number=9)
    assert audited(filled_url).breaches == ()
    tamper(filled_url, "UPDATE decision SET sentence = 'No.' WHERE model = 'other'")
    assert audited(filled_url).breaches == ()
    first = audited(filled_url, "other").breaches[0]
    assert first.fault is Fault.EDITED
    assert "decision other-d0 is not what was written" in first.what
    engine.dispose()


def test_an_unknown_model_is_named(filled_url: str) -> None:
    with pytest.raises(NotFoundError, match="'nobody'"):
        audited(filled_url, "nobody")


def test_an_event_of_a_later_version_is_said(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with Registry.open(sqlite_url) as registry:
        registered(registry)
    from ml.registry.custody import audit

    monkeypatch.setattr(audit, "BY_NAME", {})
    with pytest.raises(RegistryError, match=r"speaks of a 'spec', which this version does not know"):
        audited(sqlite_url)


def test_an_audit_and_a_writer_do_not_disturb_each_other(filled_url: str) -> None:
    with Registry.open(filled_url) as registry:
        with registry.read() as reader:
            reached: list[int] = []

            def write_on(number: int) -> None:
                if not reached:
                    with registry.write() as writer:
                        version(writer, "meanwhile", number=9)
                reached.append(number)

            assert reader.audit(MODEL, on_event=write_on).breaches == ()
        assert count(registry, "version") == 7
