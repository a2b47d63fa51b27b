"""Many processes at once: nothing lost, nothing locked, and one champion."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from ml.domain.records import Stage
from ml.registry import Registry
from ml.registry.engine import open_engine, parse_url
from ml.registry.migrate import migrate
from tests.integration.registry_builders import MODEL, day, history, promote, registered, snapshot, version
from tests.integration.registry_workers import in_processes, promote_many, start_first

PROCESSES, PROMOTIONS = 8, 100


def test_no_promotion_is_lost(database_url: str) -> None:
    with Registry.open(database_url) as registry:
        registered(registry)
        work = [(database_url, f"w{number}", PROMOTIONS) for number in range(PROCESSES)]
        answers = in_processes(promote_many, work, before=lambda: None)
        acknowledged = {pair for answer in answers for pair in answer}
        with registry.read() as reader:
            log = reader.promotions(MODEL)
            versions = reader.versions(MODEL)
            audit = reader.audit(MODEL)
            assert len(acknowledged) == PROCESSES * PROMOTIONS
            assert reader.generation(MODEL) == len(log) == len(versions) == PROCESSES * PROMOTIONS
        assert audit.breaches == ()
        assert audit.events == 1 + 2 * len(log), "the spec, and for each key its version and its promotion"
        assert acknowledged == {(one.run_key, one.generation) for one in log}, (
            "what was said to be done is what is on record"
        )
        assert [one.generation for one in log] == list(range(1, len(log) + 1))
        assert [one.from_version for one in log[1:]] == [one.to_version for one in log[:-1]]
        assert [one.version for one in versions] == list(range(1, len(versions) + 1))
        assert [one.version for one in versions if one.stage is Stage.CHAMPION] == [log[-1].to_version]


def test_first_starts_at_once(database_url: str, tmp_path: Path) -> None:
    at = tmp_path / "now"
    names = [f"m{number}" for number in range(10)]
    assert in_processes(start_first, [(database_url, name, str(at)) for name in names], before=at.touch) == names
    with Registry.open(database_url) as registry, registry.read() as reader:
        assert list(reader.models()) == names


def test_a_reader_neither_waits_for_a_writer_nor_holds_it_up(database_url: str) -> None:
    with Registry.open(database_url) as registry:
        registered(registry)
        with registry.read() as reader:
            assert reader.generation(MODEL) == 0
            started = time.monotonic()
            with registry.write() as writer:
                version(writer, "r1")
                promote(writer, 1, "p1", generation=0)
                with registry.read() as another:
                    assert another.champion(MODEL) is None, "nobody sees what is not committed"
            assert time.monotonic() - started < 5, "an open reader held the writer up"
            history(reader)
        with registry.read() as reader:
            assert reader.generation(MODEL) == 1


def test_sqlite_with_wal_works_as_well(sqlite_url: str) -> None:
    url = parse_url(sqlite_url)
    engine = open_engine(url, journal="wal")
    migrate(engine)
    with Registry(engine, url) as registry:
        registered(registry)
        with registry.read() as reader:
            assert reader.generation(MODEL) == 0
            with registry.write() as writer:
                version(writer, "r1")
                promote(writer, 1, "p1", generation=0)
            assert reader.generation(MODEL) == 0, "a reader sees one unchanging state"
    with Registry.open(sqlite_url) as registry, registry.read() as reader:
        assert reader.generation(MODEL) == 1, "a runtime without WAL's repair takes the file over"


def test_a_long_reader_of_postgres_sees_one_state(postgres_url: str) -> None:
    with Registry.open(postgres_url) as registry:
        registered(registry)
        with registry.read() as reader:
            assert reader.watermark(MODEL) is None
            with registry.write() as writer:
                snapshot(writer, 0)
            assert reader.watermark(MODEL) is None
        with registry.read() as reader:
            assert reader.watermark(MODEL) == day(1)


def test_threads_may_share_a_registry(database_url: str) -> None:
    def work(number: int) -> None:
        try:
            registry.retrying(lambda writer: version(writer, f"r{number}"))
        except BaseException as error:
            failures.append(error)
            raise

    failures: list[BaseException] = []
    with Registry.open(database_url) as registry:
        registered(registry)
        threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with registry.read() as reader:
            assert [one.version for one in reader.versions(MODEL)] == list(range(1, 9))
    assert not failures


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_a_forked_child_gets_connections_of_its_own(database_url: str) -> None:
    with Registry.open(database_url) as registry:
        registered(registry)
        child = os.fork()
        if child == 0:
            failed = 1
            try:
                with registry.write() as writer:
                    version(writer, "child")
                failed = 0
            finally:
                os._exit(failed)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        with registry.write() as writer:
            assert version(writer, "parent").version == 2
