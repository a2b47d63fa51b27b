"""No question of the console reads a large table whole: the database's own plans say so."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event

from benchmarks.generated.plans import questions_of, read_whole
from ml.registry import Registry
from ml.views.approvals import waiting
from ml.views.card import card
from ml.views.console import audit, batch, beside, decision, drift, models, replays, shapes, specs, story, version
from tests.builders import MODEL, week
from tests.unit.views.story import SPEC, told


@pytest.fixture
def registry(database_url: str) -> Iterator[Registry]:
    with told(database_url) as registry:
        yield registry


def test_every_question_finds_its_rows_by_an_index(registry: Registry) -> None:
    with registry.consult(seconds=5) as reader:
        connection = reader._connection
        if connection.dialect.name == "postgresql":  # of so few rows it would read any table whole
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        asked = questions_of(connection, lambda: every_page(reader))
        whole = {question: read_whole(connection, question, values) for question, values in asked.items()}
    assert len(asked) > 15
    assert {question: found for question, found in whole.items() if found} == {}


def test_the_list_asks_as_often_however_many_models_there_are(registry: Registry) -> None:
    with registry.consult(seconds=5) as reader:
        connection = reader._connection
        few = questions_of(connection, lambda: models.page(reader, [MODEL], models.Choice(), limit=10, after=None))
    with registry.write() as writer:
        for number in range(30):
            model = f"another-{number:02d}"
            writer.register_model(model, "1", {**SPEC, "model": model})
    times = []
    with registry.consult(seconds=5) as reader:
        known = models.names(reader)
        event.listen(reader._connection, "before_cursor_execute", lambda *_: times.append(1))
        page = models.page(reader, known, models.Choice(), limit=100, after=None)
    assert len(page.rows) == 31
    assert len(times) == len(few)


def test_a_model_of_which_nothing_is_new_is_not_looked_at_again(registry: Registry) -> None:
    known = models.Known()

    def health_of(questions: int) -> str:
        with registry.consult(seconds=5) as reader:
            pages: list[models.ModelPage] = []
            asked = questions_of(
                reader._connection,
                lambda: pages.append(models.page(reader, [MODEL], models.Choice(), limit=10, after=None, known=known)),
            )
        assert (len(asked) == 1) is (questions == 1), list(asked)
        assert pages[0].rows[0].spark
        return pages[0].rows[0].health.word.value

    assert health_of(questions=8) == "failing data"
    assert health_of(questions=1) == "failing data"
    with registry.write() as writer:
        writer.add_findings(MODEL, week(6), week(6).end, "ingest", [])
    assert health_of(questions=8) != "failing data"
    assert health_of(questions=1) != "failing data"


def every_page(reader: Any) -> None:
    known = models.names(reader)
    models.page(reader, known, models.Choice(), limit=10, after=None)
    story.story(reader, MODEL, "accuracy", limit=10)
    drift.drift_map(reader, MODEL, batches=10, columns=10)
    (first, *_) = story.decisions(reader, MODEL)
    decision.decision_page(reader, MODEL, first.id)
    version.versions_page(reader, MODEL, limit=10)
    version.version_page(reader, MODEL, 1)
    batch.batch_page(reader, MODEL, week(3).start)
    batch.validation_at(reader, MODEL, week(3).start)
    batch.report_of(reader, MODEL, week(3).start)
    shapes.sources_of(reader, MODEL, week(3).start)
    beside.compared(reader, MODEL, 1)
    card(reader, MODEL, 1)
    waiting(reader, [MODEL])
    for acts in (True, False):
        audit.audit_page(reader, MODEL, limit=10, acts=acts)
    specs.spec_page(reader, MODEL)
    replays.replays_page(reader, MODEL)


def test_the_console_says_the_same_on_both_databases(database_url: str) -> None:
    with told(database_url) as registry, registry.consult(seconds=5) as reader:
        row = models.one(reader, MODEL)
        told_story = story.story(reader, MODEL, "accuracy", limit=10)
        page = batch.batch_page(reader, MODEL, week(3).start)
        every_page(reader)
    assert row is not None
    assert row.health.word == "failing data"
    assert row.champion is not None
    assert row.champion.version == 1
    assert [round(one.metric, 2) for one in told_story.batches if one.metric is not None] == [0.81, 0.83, 0.84]
    assert [one.kind for one in told_story.events] == ["promoted", "rejected", "promoted", "rolled back"]
    assert page.window.length == timedelta(days=7)


def test_a_question_that_takes_too_long_is_given_up(database_url: str) -> None:
    from sqlalchemy import text

    from ml.domain.errors import RegistryUnavailableError

    endless = (
        "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 1000000000) SELECT count(*) FROM n"
    )
    with told(database_url) as registry:
        with pytest.raises(RegistryUnavailableError, match="ask for less"), registry.consult(seconds=0.3) as reader:
            reader.ask(text(endless))
        with registry.consult(seconds=5) as reader:
            assert models.names(reader) == (MODEL,)
