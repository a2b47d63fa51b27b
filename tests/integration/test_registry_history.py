"""What a reader tells of the past: the history of a model, and the same from memory as from a fresh start."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from ml.domain.records import ScoringRole
from ml.registry import Registry, Writer
from tests.integration.registry_builders import (
    MODEL,
    batch,
    day,
    decision,
    history,
    observation,
    promote,
    registered,
    snapshot,
    version,
    window,
)


@pytest.fixture
def registry(database_url: str) -> Iterator[Registry]:
    with Registry.open(database_url) as opened:
        yield registered(opened)


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
    assert len(asks) == 7, "one a table, and one for the manifests, which are read only once"


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
