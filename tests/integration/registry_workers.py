"""What the rival processes of the concurrency tests do; in a module of its own, so that each process can import it."""

from __future__ import annotations

from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from ml.domain.errors import StalePromotionError
from ml.domain.records import Promotion
from ml.registry import Registry, Writer
from tests.integration.registry_builders import MODEL, promote, registered, version


def promote_many(url: str, name: str, number: int) -> list[tuple[str, int]]:
    """Train and promote ``number`` versions against all rivals; return what was acknowledged: key and generation."""
    acknowledged = []
    with Registry.open(url) as registry:
        for index in range(number):
            done = promote_once(registry, f"{name}-{index}")
            acknowledged.append((done.run_key, done.generation))
    return acknowledged


def promote_once(registry: Registry, key: str) -> Promotion:
    """Train and promote under a key; the same key again finds what was done."""
    made = registry.retrying(lambda writer: version(writer, key))
    return _promoted(registry, made.version, key)


def _promoted(registry: Registry, number: int, key: str) -> Promotion:
    """Promote as a gate does that judged a moment ago; if a rival was faster, look again under the lock."""
    with registry.read() as reader:
        generation = reader.generation(MODEL)
    try:
        return registry.retrying(lambda writer: promote(writer, number, key, generation=generation))
    except StalePromotionError:
        return registry.retrying(lambda writer: _promoted_under_lock(writer, number, key))


def _promoted_under_lock(writer: Writer, number: int, key: str) -> Promotion:
    version(writer, key)  # finds its version, and has locked the model
    return promote(writer, number, key, generation=writer.generation(MODEL))


def start_first(url: str, name: str, at: str) -> str:
    """Open the registry at the same moment as all others, and use it."""
    while not Path(at).exists():
        pass
    with Registry.open(url) as registry:
        registered(registry, name)
    return name


def in_processes(work: Callable[..., Any], arguments: list[tuple[Any, ...]], before: Callable[[], None]) -> list[Any]:
    """Run ``work`` in one process for each tuple of arguments, all at once; an error of one is an error here."""
    context = get_context("forkserver")
    context.set_forkserver_preload([__name__])
    with context.Pool(len(arguments)) as pool:
        waiting = pool.starmap_async(work, arguments, chunksize=1)
        before()
        return list(waiting.get(timeout=120))
