"""Every record goes in once, comes out as it was, and is only seen from when it was known."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from ml.domain.errors import LeaseHeldError, NotFoundError, RegistryError
from ml.domain.records import Quantity, ScoringRole, SnapshotRole, Stage, Validation, Verdict
from ml.registry import Reader, Registry, Writer
from tests.integration.registry_builders import (
    DAY,
    MODEL,
    batch,
    day,
    decision,
    finding,
    gate_result,
    history,
    observation,
    promote,
    registered,
    replay,
    snapshot,
    version,
    window,
)


@pytest.fixture
def registry(database_url: str) -> Iterator[Registry]:
    with Registry.open(database_url) as opened:
        yield registered(opened)


def test_a_model_keeps_every_spec_and_answers_with_the_newest(registry: Registry) -> None:
    with registry.write() as writer:
        writer.register_model(MODEL, "spec-2", {"n": 2})
        writer.register_model(MODEL, "spec-1", {"n": 1})
        writer.register_model(MODEL, "spec-1", {"n": 1})
        writer.register_model("another", "x", {})
        assert writer.spec_of(MODEL) == {"n": 1}
        assert writer.models() == ("another", MODEL)
        assert writer.spec_of("unknown") is None
    assert count(registry, "spec") == 4, "each change is a row, and a repetition is none"


def test_the_first_frozen_schema_of_a_key_stays(registry: Registry) -> None:
    first, second = {"columns": [{"name": "b"}, {"name": "a"}]}, {"columns": []}
    with registry.write() as writer:
        assert writer.schema_of(MODEL, "k") is None
        assert writer.freeze_schema(MODEL, "k", first) == first
        assert writer.freeze_schema(MODEL, "k", second) == first
        assert writer.freeze_schema(MODEL, "other", second) == second
        assert writer.schema_of(MODEL, "k") == first


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
        first = Validation(stored.id, False, 7, 3, "kept", "quarantine", (finding(), finding(code="DV002")))
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


def test_predictions_are_recorded_once(registry: Registry) -> None:
    with registry.write() as writer:
        version(writer, "r1")
        version(writer, "r2")
        stored = snapshot(writer, 1)
        values = {"model": MODEL, "snapshot_id": stored.id, "window": window(1), "as_of": day(2), "rows": 10}
        (first,) = writer.add_scorings(roles={1: ScoringRole.CHAMPION}, sha256="p1", **values)
        roles = {2: ScoringRole.CHAMPION, 1: ScoringRole.SHADOW}
        kept, second = writer.add_scorings(roles=roles, sha256="p2", **values)
        assert kept == first
        assert (first.version, first.role, first.sha256) == (1, ScoringRole.CHAMPION, "p1")
        assert (second.version, second.role, second.sha256) == (2, ScoringRole.CHAMPION, "p2")
    with registry.read() as reader:
        assert reader.scorings(MODEL) == (first, second)
        assert reader.scorings(MODEL, window=window(1), version=2) == (second,)
        assert reader.scorings(MODEL, window=window(0)) == ()
        assert reader.scorings(MODEL, as_of=day(1)) == ()
        assert reader.scoring(MODEL, window(1), 1) == first
        assert reader.scoring(MODEL, window(1), 7) is None


def test_observations_are_recorded_once_and_measured_anew_if_they_changed(registry: Registry) -> None:
    rows = observation(1, 10.0, quantity=Quantity.ROWS, subject="", version=None, detail={})
    unknown = observation(1, None, subject="roc_auc", detail={"why": "one class"})
    with registry.write() as writer:
        writer.add_observations(MODEL, [observation(1), rows, unknown])
        writer.add_observations(MODEL, [observation(1), rows, unknown])
        writer.add_observations(MODEL, [])
    assert count(registry, "observation") == 3
    with registry.write() as writer:
        writer.add_observations(MODEL, [observation(1, 0.8), observation(1, 0.7, as_of=day(5))])
        writer.add_observations(MODEL, [observation(1, 0.8)])
    assert count(registry, "observation") == 5
    with registry.read() as reader:
        assert reader.observations(MODEL, as_of=day(1)) == ()
        found = reader.observations(MODEL, as_of=day(2))
        assert set(map(repr, found)) == set(map(repr, [observation(1, 0.8), rows, unknown]))
        assert reader.observations(MODEL)[-1] == observation(1, 0.7, as_of=day(5))
        assert reader.observations(MODEL, window=window(2)) == ()
        assert history(reader, 2).observations == found


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_could_not_be_measured_is_not_a_number_in_disguise(registry: Registry, value: float) -> None:
    with registry.write() as writer, pytest.raises(RegistryError, match="finite number"):
        writer.add_observations(MODEL, [observation(1, value)])


def test_the_gain_that_a_decision_asks_for_is_kept_with_the_rules_that_ask(registry: Registry) -> None:
    rules = decision(0).result
    asking = replace(rules, least_gain=0.0125, of=(replace(rules.of[0], least_gain=0.0),))
    with registry.write() as writer:
        written = writer.add_decision(decision(0, result=asking, least_gain=0.0125))
        assert written == decision(0, result=asking, least_gain=0.0125)
        assert writer.add_decision(decision(1)).least_gain is None


def test_a_decision_is_recorded_once(registry: Registry) -> None:
    with registry.write() as writer:
        assert writer.add_decision(decision(1)) == decision(1)
        assert writer.add_decision(decision(1, sentence="another")) == decision(1)
        writer.add_decision(decision(0, verdict=Verdict.KEEP))
    with registry.read() as reader:
        assert reader.decision("d1") == decision(1)
        assert reader.decision("unknown") is None
        assert [one.id for one in reader.decisions(MODEL)] == ["d0", "d1"], "oldest first, whatever was written first"
        assert [one.id for one in reader.decisions(MODEL, as_of=day(1))] == ["d0"]


def test_versions_are_numbered_and_one_run_makes_one(registry: Registry) -> None:
    with registry.write() as writer:
        first = version(writer, "r1", number=3)
        assert version(writer, "r1", number=9) == first
        assert version(writer, "r2").version == 2
        assert (first.version, first.stage) == (1, Stage.CHALLENGER)
        assert writer.version_by_run_key(MODEL, "r1") == first
        assert writer.version_by_run_key(MODEL, "r9") is None
        assert [one.version for one in writer.versions(MODEL)] == [1, 2]
        assert [one.version for one in writer.versions(MODEL, as_of=day(1))] == [2]
        with pytest.raises(NotFoundError, match=r"no version 7.*evergreen history"):
            writer.version(MODEL, 7)


def test_a_refit_is_written_once(registry: Registry) -> None:
    with registry.write() as writer:
        version(writer, "r1")
        first = writer.set_refit(MODEL, 1, sha256="refit", until=day(5))
        assert (first.serving_sha256, first.seen_until) == ("refit", day(5))
        assert writer.set_refit(MODEL, 1, sha256="other", until=day(6)) == first
        with pytest.raises(NotFoundError):
            writer.set_refit(MODEL, 2, sha256="refit", until=day(5))


def test_a_verdict_is_recorded_once(registry: Registry) -> None:
    with registry.write() as writer:
        version(writer, "r1")
        version(writer, "r2")
        assert writer.gate_result(MODEL, 1) is None
        assert writer.add_gate_result(gate_result(1)) == gate_result(1)
        assert writer.add_gate_result(gate_result(1, passed=False)) == gate_result(1)
        bare = gate_result(2, champion=1, difference=None, interval=None, findings=(), passed=False)
        assert writer.add_gate_result(bare) == bare
        assert writer.gate_results(MODEL) == (gate_result(1), bare)


def test_a_lease_keeps_others_out_until_it_ends(registry: Registry) -> None:
    def take(writer: Writer, holder: str, now: datetime) -> None:
        writer.acquire_lease(MODEL, holder, now=now, ttl=DAY)

    with registry.write() as writer:
        take(writer, "one", day(0))
        take(writer, "one", day(0) + DAY / 2)
        with pytest.raises(LeaseHeldError, match=r"retrained by one, until 2026-01-02 12:00"):
            take(writer, "two", day(1))
        take(writer, "two", day(2))
        writer.release_lease(MODEL, "one")
        with pytest.raises(LeaseHeldError, match="by two"):
            take(writer, "one", day(2))
        writer.release_lease(MODEL, "two")
        writer.release_lease(MODEL, "two")
        take(writer, "one", day(2))


def test_a_replay_is_recorded_once(registry: Registry) -> None:
    with registry.write() as writer:
        assert writer.add_replay(replay()) == replay()
        assert writer.add_replay(replay(actor="another", page_sha256="other")) == replay(), "the first record stays"
        later = writer.add_replay(replay("s", as_of=day(40), end=day(40)))
    with registry.read() as reader:
        assert reader.replays(MODEL) == (replay(), later)
        assert reader.replays("unknown") == ()
        assert reader.replay("s") == later
        assert reader.replay("unknown") is None


def test_the_newest_report_of_a_kind_holds(registry: Registry) -> None:
    with registry.write() as writer:
        for sha256 in ("a", "a", "b"):
            writer.add_report(MODEL, window(1), "drift", sha256, day(2))
        writer.add_report(MODEL, window(1), "other", "c", day(2))
        assert [(one.kind, one.sha256) for one in writer.reports(MODEL, window(1))] == [("drift", "b"), ("other", "c")]
    assert count(registry, "report") == 3


WRITES: dict[str, Callable[[Writer], object]] = {
    "freeze_schema": lambda writer: writer.freeze_schema("nobody", "k", {}),
    "add_snapshot": lambda writer: snapshot(writer, 0, model="nobody"),
    "add_findings": lambda writer: writer.add_findings("nobody", window(0), day(1), "ingest", []),
    "add_observations": lambda writer: writer.add_observations("nobody", [observation(0)]),
    "add_decision": lambda writer: writer.add_decision(decision(0, model="nobody")),
    "register_version": lambda writer: version(writer, "r", model="nobody"),
    "promote": lambda writer: promote(writer, 1, "r", generation=0, model="nobody"),
    "acquire_lease": lambda writer: writer.acquire_lease("nobody", "me", now=day(0), ttl=DAY),
    "add_report": lambda writer: writer.add_report("nobody", window(0), "drift", "a", day(1)),
    "add_replay": lambda writer: writer.add_replay(replay(model="nobody")),
}


def test_an_unknown_model_is_named_by_every_write(registry: Registry) -> None:
    with registry.write() as writer:
        for write in WRITES.values():
            with pytest.raises(NotFoundError, match="no model 'nobody'"):
                write(writer)


def test_an_error_undoes_the_whole_transaction(registry: Registry) -> None:
    def act(writer: Writer) -> None:
        snapshot(writer, 0)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), registry.write() as writer:
        act(writer)
    with registry.read() as reader:
        assert reader.watermark(MODEL) is None


def test_a_naive_moment_is_refused(registry: Registry) -> None:
    with pytest.raises(RegistryError, match="no time zone"), registry.write() as writer:
        snapshot(writer, 0, as_of=datetime(2026, 1, 2))  # noqa: DTZ001  # that is the point


def test_what_is_not_json_is_refused(registry: Registry) -> None:
    with pytest.raises(RegistryError, match="is not JSON"), registry.write() as writer:
        version(writer, "r", manifest={"estimator": object()})
    with pytest.raises(RegistryError, match="JSON compliant"), registry.write() as writer:
        version(writer, "r", manifest={"score": float("nan")})


def test_a_version_in_the_history_stands_where_it_stood_then(registry: Registry) -> None:
    with registry.write() as writer:
        for number in (1, 2, 3):
            version(writer, f"r{number}", number=number)
        promote(writer, 1, "p1", generation=0, number=1)
        promote(writer, 2, "p2", generation=1, number=2)
        writer.reject(MODEL, 3)
    with registry.read() as reader:
        stages = {number: [one.stage.value for one in history(reader, number).versions] for number in (0, 1, 2, 3)}
        assert [len(history(reader, number).promotions) for number in (0, 1, 2, 3)] == [0, 1, 2, 2]
    assert stages == {0: [], 1: ["champion"], 2: ["retired", "champion"], 3: ["retired", "champion", "rejected"]}


def test_a_history_costs_one_query_a_table_however_long_it_is(registry: Registry) -> None:
    with registry.write() as writer:
        for number in range(30):
            batch(writer, number)
            version(writer, f"r{number}", number=number + 1)
            writer.add_decision(decision(number))
            writer.add_observations(MODEL, [observation(number)])
    asked: list[str] = []
    with registry.read() as reader:
        event.listen(reader._connection, "before_cursor_execute", lambda *given: asked.append(given[2]))
        found = history(reader)
    assert len(found.windows) == len(found.versions) == len(found.decisions) == len(found.observations) == 30
    asks = [statement for statement in asked if statement.startswith("SELECT")]
    assert len(asks) == 6, "one a table, and one for the manifests, which are read only once"


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["batch", "stopped", "observe", "decide", "score", "undo", "read"]),
        st.integers(0, 3),
        st.integers(0, 2),
    ),
    max_size=15,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_a_registry_that_remembers_answers_as_a_fresh_one(
    registry: Registry, database_url: str, steps: list[tuple[str, int, int]]
) -> None:
    """Whatever is written and undone in between, and whenever it was read before."""
    model = f"m{len(everything(registry)['models'])}"
    registered(registry, model)
    with registry.write() as writer:
        version(writer, "r1", model=model)
    for step, number, value in steps:
        if step == "read":
            everything(registry, model)
        elif step == "undo":
            with pytest.raises(ZeroDivisionError), registry.write() as writer:
                undone(writer, model, number)
        else:
            with registry.write() as writer:
                take(writer, model, step, number, value)
    with Registry.open(database_url) as fresh:
        assert everything(registry, model) == everything(fresh, model)


def take(writer: Writer, model: str, step: str, number: int, value: int) -> None:
    if step in {"batch", "stopped"}:
        batch(writer, number, passed=step == "batch", sha256=f"{value}", model=model)
    elif step == "observe":
        writer.add_observations(model, [observation(number, float(value)), observation(number, subject="f1")])
    elif step == "decide":
        writer.add_decision(decision(number, f"{model}-{value}-", model=model))
    else:
        stored = snapshot(writer, number, sha256=f"{value}", model=model)
        place = {"model": model, "snapshot_id": stored.id, "window": stored.window, "as_of": stored.as_of}
        writer.add_scorings(roles={1: ScoringRole.CHAMPION}, sha256="p", rows=10, **place)


def undone(writer: Writer, model: str, number: int) -> None:
    for step in ("batch", "observe", "decide", "score"):
        take(writer, model, step, number, 9)
    history(writer, model=model)
    raise ZeroDivisionError


def everything(registry: Registry, model: str = MODEL) -> dict[str, object]:
    with registry.read() as reader:
        return {
            "models": reader.models(),
            "histories": [history(reader, number, model) for number in (0, 2, 9)],
            "batches": [reader.batches(model, as_of=day(number), passed=False) for number in (0, 2, 9)],
            "scorings": reader.scorings(model),
            "observations": reader.observations(model, window=window(1)),
        }


def count(registry: Registry, table: str) -> int:
    with registry.read() as reader:
        return int(_scalar(reader, f"SELECT count(*) FROM {table}"))


def _scalar(reader: Reader, statement: str) -> int:
    return reader._connection.exec_driver_sql(statement).scalar_one()
