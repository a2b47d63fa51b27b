"""A key's rows are erased from all that is stored, and what stands where they were is sound."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest

from ml.artifacts.frames import get_frame
from ml.data.labels import ROW_ID
from ml.domain.erasures import seen_by
from ml.domain.errors import ArtifactError, DataError, NotFoundError, SpecError
from ml.domain.records import SnapshotRole
from ml.flows.erase import Erased, erase, sealed
from ml.flows.ingest import ingest
from ml.flows.loop import run
from ml.flows.reproduce import reproduce
from ml.flows.workspace import Workspace
from ml.reports.card import card_markdown
from ml.specs import ModelSpec
from ml.views.card import card
from tests.integration.custody_builders import audited, tamper
from tests.integration.erase.orders import BAD, EXTRA, KEY, SERVED, check_sound, holds
from tests.integration.streams import SPAN, spec_of, stream


@pytest.mark.parametrize("key", [KEY, SERVED, BAD])
def test_no_stored_byte_holds_the_key_any_more(orders: tuple[Workspace, ModelSpec], key: str) -> None:
    check_erased(*orders, key)


def test_nor_on_postgres(on_postgres: tuple[Workspace, ModelSpec]) -> None:
    for key in (KEY, SERVED, BAD):
        check_erased(*on_postgres, key)


def check_erased(workspace: Workspace, spec: ModelSpec, key: str) -> None:
    held = holds(workspace, key)
    assert held
    done = erase(workspace, spec.model, [key], reason="request 12")
    assert holds(workspace, key) == []
    assert done.is_finished
    assert done.rows == 1
    assert done.removed >= len(held)
    records = {(stone.record, stone.field) for stone in done.tombstones}
    assert ("snapshot", "sha256") in records
    assert (("validation", "quarantine_sha256") in records) is (key == BAD)
    assert (("scoring", "sha256") in records) is (key == SERVED)
    check_sound(workspace, spec.model)
    with workspace.registry.read() as reader:
        labels = reader.snapshots(spec.model, SnapshotRole.LABELS, as_of=SPAN.end)
        assert labels
        erasure = reader.erasures(spec.model)[-1]
    assert (erasure.reason, erasure.column, erasure.rows) == ("request 12", "order_id", 1)
    assert erasure.finished_at is not None
    assert erasure.keys == sealed([key], erasure.keys["salt"])
    again = erase(workspace, spec.model, [key], reason="request 12")
    assert (again.tombstones, again.erasures, again.removed) == ([], [], 0)


def test_predictions_and_kept_rows_lose_the_same_row(orders: tuple[Workspace, ModelSpec]) -> None:
    workspace, spec = orders
    with workspace.registry.read() as reader:
        batch = reader.batches(spec.model, as_of=SPAN.end)[10]
        before = [get_frame(workspace.store, one.sha256) for one in reader.scorings_of(batch.snapshot.id)]
    kept = workspace.frame(batch.validation.kept_sha256)
    place = kept.index[kept["order_id"] == int(SERVED)][0]
    erase(workspace, spec.model, [SERVED], reason="request")
    with workspace.registry.read() as reader:
        batch = reader.batches(spec.model, as_of=SPAN.end)[10]
        after = [get_frame(workspace.store, one.sha256) for one in reader.scorings_of(batch.snapshot.id)]
    assert before
    for then, now in zip(before, after, strict=True):
        pd.testing.assert_frame_equal(now, then.drop(index=place).reset_index(drop=True))
    pd.testing.assert_frame_equal(
        workspace.frame(batch.validation.kept_sha256), kept.drop(index=place).reset_index(drop=True)
    )


def test_who_had_seen_the_row_is_said_and_cannot_be_reproduced(orders: tuple[Workspace, ModelSpec]) -> None:
    workspace, spec = orders
    with workspace.registry.read() as reader:
        assert len(reader.versions(spec.model)) > 1
    assert reproduce(workspace, spec.model, 1).is_exact
    done = erase(workspace, spec.model, [KEY], reason="request 12")
    assert 1 in done.seen
    with workspace.registry.read() as reader:
        first = reader.version(spec.model, 1)
        (seen,) = seen_by(first, reader.erasures(spec.model))
        page = card_markdown(card(reader, spec.model, 1))
    assert (seen.gathered, seen.learned) == (1, 1)
    assert "had seen rows that are erased" in page
    assert "request 12" in page
    with pytest.raises(ArtifactError, match=r"Version 1 of orders cannot be trained again bit for bit.*request 12"):
        reproduce(workspace, spec.model, 1)
    erase(workspace, spec.model, [SERVED], reason="request 13")
    with workspace.registry.read() as reader:
        assert len(seen_by(first, reader.erasures(spec.model))) == 1, "it is older than that row"


def test_the_loop_goes_on_after_it(orders: tuple[Workspace, ModelSpec]) -> None:
    workspace, spec = orders
    erase(workspace, spec.model, [KEY, SERVED], reason="request")
    longer = stream(seed=3)
    longer["ts"] = (pd.to_datetime(longer["ts"]) + timedelta(days=12)).dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    longer["order_id"] += 5000
    later = Path(workspace.settings.data_root) / "later"
    later.mkdir()
    spec = spec_of(later, pd.concat([stream(), longer]), extra=EXTRA)
    with workspace.registry.read() as reader:
        before = len(reader.versions(spec.model))
    run(workspace, spec, start=SPAN.end, end=SPAN.end.replace(day=19))
    check_sound(workspace, spec.model)
    with workspace.registry.read() as reader:
        versions = reader.versions(spec.model)
    assert len(versions) > before
    assert reproduce(workspace, spec.model, versions[-1].version).is_exact, "what learned from what is left"
    assert holds(workspace, KEY) == holds(workspace, SERVED) == []


def test_a_source_that_still_gives_the_row_is_refused(orders: tuple[Workspace, ModelSpec]) -> None:
    workspace, spec = orders
    erase(workspace, spec.model, [KEY], reason="request")
    window = next(iter(SPAN.batches(spec.time.batch)))
    with pytest.raises(DataError, match=r"still gives rows of .* that were erased"):
        ingest(workspace, spec, window)
    assert holds(workspace, KEY) == []


def test_a_dry_run_changes_nothing(orders: tuple[Workspace, ModelSpec]) -> None:
    workspace, spec = orders
    with workspace.registry.read() as reader:
        head = reader.head(spec.model)
    there = {one.name for one in workspace.store.stored()}
    would = erase(workspace, spec.model, [KEY], reason="request", remove=False)
    assert {one.name for one in workspace.store.stored()} == there
    with workspace.registry.read() as reader:
        assert reader.head(spec.model) == head
        assert reader.erasures(spec.model) == ()
    done = erase(workspace, spec.model, [KEY], reason="request")
    assert [stone.new_sha256 for stone in would.tombstones] == [stone.new_sha256 for stone in done.tombstones]


def test_another_column_names_the_rows_of_several_keys(orders: tuple[Workspace, ModelSpec]) -> None:
    workspace, spec = orders
    done = erase(workspace, spec.model, ["Oslo"], column="city", reason="request")
    assert done.rows > 100
    with workspace.registry.read() as reader:
        for batch in reader.batches(spec.model, as_of=SPAN.end):
            kept = workspace.frame(batch.validation.kept_sha256)
            assert set(kept["city"]) == {"Bern", "Rome"}
        labels = reader.snapshots(spec.model, SnapshotRole.LABELS, as_of=SPAN.end)
        sample = workspace.frame(reader.version(spec.model, 1).manifest["reference_sha256"])
    assert "Oslo" not in set(sample["city"])
    oslo = set(stream().query("city == 'Oslo'")["order_id"].astype(str))
    assert all(oslo.isdisjoint(workspace.frame(one.sha256)[ROW_ID]) for one in labels)
    check_sound(workspace, spec.model)


def test_what_cannot_be_asked_is_said(orders: tuple[Workspace, ModelSpec]) -> None:
    workspace, spec = orders
    with pytest.raises(NotFoundError, match="'nobody'"):
        erase(workspace, "nobody", ["1"], reason="r")
    with pytest.raises(NotFoundError, match=r"no column|has a column 'customer'; there are: city, late|city, order_id"):
        erase(workspace, spec.model, ["1"], column="customer", reason="r")
    with pytest.raises(SpecError, match="needs a reason"):
        erase(workspace, spec.model, ["1"], reason=" ")
    assert erase(workspace, spec.model, ["no such key"], reason="r") == Erased(spec.model)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE snapshot SET sha256 = 'x' WHERE id = 2",
        "UPDATE tombstone SET old_sha256 = 'x' WHERE id = 1",
        "DELETE FROM tombstone",
        "UPDATE erasure SET reason = 'x'",
        "DELETE FROM erasure_end",
    ],
)
def test_an_erasure_hides_no_other_change(orders: tuple[Workspace, ModelSpec], statement: str) -> None:
    workspace, spec = orders
    erase(workspace, spec.model, [KEY], reason="request")
    url = workspace.settings.database_url
    assert audited(url, spec.model).breaches == ()
    tamper(url, statement)
    assert audited(url, spec.model).breaches


def test_a_made_up_tombstone_is_found(orders: tuple[Workspace, ModelSpec]) -> None:
    """Whoever changes a digest and lays a tombstone on it has to write an event too, and that breaks the chain."""
    workspace, spec = orders
    with workspace.registry.read() as reader:
        one = next(one for one in reader.references(spec.model) if one.record == "snapshot")
    moment, other = "2026-01-01T00:00:00.000000+00:00", "0" * 64
    tamper(
        workspace.settings.database_url,
        f"UPDATE snapshot SET sha256 = '{other}' WHERE id = {one.key}",
        'INSERT INTO erasure (id, model, "column", keys, rows, reason, actor, created_at) '
        f"VALUES (1, 'orders', 'c', '{{}}', 1, 'r', 'a', '{moment}')",
        "INSERT INTO tombstone (model, erasure_id, record, key, field, old_sha256, new_sha256, rows, created_at) "
        f"VALUES ('orders', 1, 'snapshot', '{one.key}', 'sha256', '{one.sha256}', '{other}', 1, '{moment}')",
    )
    breaches = audited(workspace.settings.database_url, spec.model).breaches
    assert {"erasure 1 was added", "1 of 1 rows of tombstone"} <= {
        " ".join(breach.what.split()[: 4 if "erasure" in breach.what else 6]) for breach in breaches
    }
