"""What came in of a batch and what was found in it goes in once, and is only seen from when it was known."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta, timezone

import pytest

from ml.domain.errors import NotFoundError
from ml.domain.records import SnapshotRole, Validation
from ml.registry import Registry
from tests.integration.registry_builders import (
    MODEL,
    batch,
    count,
    day,
    finding,
    history,
    registered,
    snapshot,
    window,
)


@pytest.fixture
def registry(database_url: str) -> Iterator[Registry]:
    with Registry.open(database_url) as opened:
        yield registered(opened)


def test_a_snapshot_comes_out_as_it_went_in(registry: Registry) -> None:
    local = timezone(timedelta(hours=2))
    with registry.write() as writer:
        stored = snapshot(writer, 0, source="file a\x00b\udcff.csv", as_of=window(0).end.astimezone(local))
    with registry.read() as reader:
        assert reader.snapshot(stored.id) == stored
        assert list(stored.columns) == ["z", "a"], "the order of the columns is kept"
        assert stored.as_of == window(0).end
        assert stored.as_of.utcoffset() == timedelta(0)
        assert stored.source == "file a\ufffdb?.csv", "what PostgreSQL cannot store is replaced on both databases"
        with pytest.raises(NotFoundError, match="no snapshot 999"):
            reader.snapshot(999)


def test_the_same_data_adds_nothing_and_other_data_supersedes(registry: Registry) -> None:
    with registry.write() as writer:
        first = snapshot(writer, 0, sha256="a")
        assert snapshot(writer, 0, sha256="a") == first
        second = snapshot(writer, 0, sha256="b")
        back = snapshot(writer, 0, sha256="a")
        other = snapshot(writer, 1, sha256="a")
        assert (first.supersedes, second.supersedes, back.supersedes) == (None, first.id, second.id)
        assert writer.snapshots(MODEL, SnapshotRole.ROWS, as_of=day(9)) == (back, other)
        assert writer.watermark(MODEL) == day(2)
        assert writer.watermark("unknown") is None


def test_snapshots_are_those_known_at_the_time(registry: Registry) -> None:
    with registry.write() as writer:
        early = snapshot(writer, 0, role=SnapshotRole.LABELS, as_of=day(2), sha256="few")
        late = snapshot(writer, 0, role=SnapshotRole.LABELS, as_of=day(4), sha256="more")
        assert snapshot(writer, 0, role=SnapshotRole.LABELS, as_of=day(2), sha256="few") == early
        snapshot(writer, 1)
    with registry.read() as reader:
        assert reader.snapshots(MODEL, SnapshotRole.LABELS, as_of=day(1)) == ()
        assert reader.snapshots(MODEL, SnapshotRole.LABELS, as_of=day(3)) == (early,)
        assert reader.snapshots(MODEL, SnapshotRole.LABELS, as_of=day(4)) == (late,)
        assert late.supersedes == early.id
        rows = reader.snapshots(MODEL, SnapshotRole.ROWS, as_of=day(9), start=day(1), end=day(2))
        assert [one.window for one in rows] == [window(1)]
        assert reader.snapshots(MODEL, SnapshotRole.ROWS, as_of=day(9), end=day(1)) == ()


def test_a_validation_is_recorded_once_with_its_findings(registry: Registry) -> None:
    with registry.write() as writer:
        stored = snapshot(writer, 0)
        assert writer.validation_of(stored.id) is None
        first = Validation(stored.id, False, 7, 3, "kept", "quarantine", (finding(), finding(code="DV002")), "profile")
        place = {"model": MODEL, "window": stored.window, "as_of": stored.as_of}
        assert writer.add_validation(first, **place) == first
        again = Validation(stored.id, True, 10, 0, "kept", None, ())
        assert writer.add_validation(again, **place) == first
    with registry.read() as reader:
        assert reader.validation_of(stored.id) == first
        assert reader.findings(MODEL, window(0)) == first.findings
        assert reader.findings(MODEL, window(1)) == ()


def test_batches_are_the_newest_rows_that_passed(registry: Registry) -> None:
    with registry.write() as writer:
        batch(writer, 0, rows=5)
        batch(writer, 1, passed=False)
        batch(writer, 2, sha256="old")
        newer = batch(writer, 2, sha256="new", rows=7)
        batch(writer, 3, sha256="good")
        snapshot(writer, 3, sha256="not validated yet")
        batch(writer, 5)
        passed = writer.batches(MODEL, as_of=day(5))
        assert [one.window for one in passed] == [window(0), window(2)]
        assert passed[1].snapshot == newer
        assert passed[1].validation.snapshot_id == newer.id
        known = writer.batches(MODEL, as_of=day(5), passed=False)
        assert [(one.window, one.validation.passed) for one in known][1] == (window(1), False)
        assert known[1].validation.findings == (finding(),)
        assert writer.recent_rows(MODEL, before=day(3), limit=5) == (5, 7)
        assert writer.recent_rows(MODEL, before=day(3), limit=1) == (7,)
        assert writer.recent_rows(MODEL, before=day(3), limit=0) == ()
        assert history(writer, 5).windows == (window(0), window(2))


def test_of_one_step_the_newest_findings_hold(registry: Registry) -> None:
    with registry.write() as writer:
        for found in ([finding()], [finding()], []):
            writer.add_findings(MODEL, window(0), day(1), "ingest", found)
        writer.add_findings(MODEL, window(0), day(1), "monitor", [finding(code="DR001")])
        writer.add_findings(MODEL, window(0), day(1), "monitor", [finding(code="DR002")], key="other")
        writer.add_findings(MODEL, window(1), day(2), "ingest", [finding(code="DV009")])
    with registry.read() as reader:
        assert [one.code for one in reader.findings(MODEL, window(0))] == ["DR001", "DR002"]
        places = [(one.window, one.step, one.as_of) for one in reader.recorded_findings(MODEL)]
        assert places[-1] == (window(1), "ingest", day(2))
        assert len(places) == 3
        assert reader.findings(MODEL, window(1)) == (finding(code="DV009"),), "also what PostgreSQL's text cannot hold"
    assert count(registry, "finding_set") == 5
