"""Faults that a harness must find, or it proves nothing: each is planted into the running code of one process."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ml.artifacts import durable
from ml.artifacts.store import ArtifactStore
from ml.domain.records import Act, Stage
from ml.registry import Registry
from ml.registry.champions import ChampionWriter


@dataclass(frozen=True)
class Bug:
    """A fault, the flow and mode that must show it, and words of the breach: not any error is this one found."""

    flow: str
    mode: str
    plant: Callable[[], None]
    breach: str


def _non_atomic_write() -> None:
    """An artifact is written under its own name at once."""

    def write(target: Path, data: bytes) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        durable.sync(target.parent)

    durable.write_durably = write


def _row_before_blob() -> None:
    """The row is committed first, the bytes follow."""
    waiting: list[tuple[ArtifactStore, str, bytes]] = []
    real = ArtifactStore._write

    def later(self: ArtifactStore, sha256: str, data: bytes) -> None:
        waiting.append((self, sha256, data))

    write = Registry.write

    @contextmanager
    def then(self: Registry) -> Iterator[Any]:
        with write(self) as writer:
            yield writer
        while waiting:
            real(*waiting.pop())

    ArtifactStore._write = later
    Registry.write = then


def _two_transactions() -> None:
    """The old champion goes in one transaction, the new one comes in the next."""

    def change(self: ChampionWriter, model: str, to_version: int, act: Act) -> int | None:
        champion, target = self.champion(model), self.version(model, to_version)
        if champion is not None:
            self._move(model, champion.version, Stage.CHAMPION, Stage.RETIRED)
        self._connection.commit()
        self._connection.begin()
        self._move(model, to_version, target.stage, Stage.CHAMPION)
        return None if champion is None else champion.version

    ChampionWriter._change = change


def _no_fsync() -> None:
    """An artifact gets its name before its content is durable, and nobody waits for either."""

    def write(target: Path, data: bytes) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=".tmp-")
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(name).replace(target)

    durable.write_durably = write


def _rename_before_fsync() -> None:
    """The content is synchronised, the folder that holds the name is not."""
    durable.sync = lambda folder: None


BUGS: dict[str, Bug] = {
    "non-atomic write": Bug("ingest", "torn", _non_atomic_write, "is torn"),
    "row before blob": Bug("ingest", "kill", _row_before_blob, "which is not stored"),
    "promotion in two transactions": Bug("rollback", "kill", _two_transactions, "champions []"),
    "no fsync": Bug("ingest", "power", _no_fsync, "which is not stored"),
    "folder not synchronised": Bug("ingest", "power", _rename_before_fsync, "which is not stored"),
}
