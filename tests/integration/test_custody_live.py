"""What was live when, and why, in one query."""

from __future__ import annotations

from ml.domain.custody import EventKind
from ml.registry import Registry
from tests.integration.registry_builders import FIRST, MODEL


def test_what_was_live_when_and_why_in_one_query(filled_url: str) -> None:
    with Registry.open(filled_url) as registry, registry.read() as reader:
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
        assert now.approved_by == "ann", "who said yes, not the process that wrote it down"
        events = {event.number: event for event in reader.events(MODEL)}
        assert now.event is not None
        assert events[now.event].sha256 == now.event_sha256
        assert events[now.event].kind is EventKind.ROLLBACK
    assert count_statements(filled_url) == 2, "whether the model is known, and the answer"


def count_statements(url: str) -> int:
    from sqlalchemy import event

    with Registry.open(url) as registry, registry.read() as reader:
        said: list[str] = []
        event.listen(reader._connection, "before_cursor_execute", lambda *given: said.append(given[2]))
        reader.live_at(MODEL, FIRST.replace(year=2030))
    return len(said)
