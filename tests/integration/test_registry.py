"""Every record goes in once, comes out as it was, and is only seen from when it was known."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime

import pytest

from ml.domain.errors import LeaseHeldError, NotFoundError, RegistryError
from ml.domain.records import Quantity, ScoringRole, Stage, Verdict
from ml.registry import Registry, Writer
from tests.integration.registry_builders import (
    DAY,
    MODEL,
    count,
    day,
    decision,
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
