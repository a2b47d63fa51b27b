"""The registry: the write side of our database."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self, TypeVar

from sqlalchemy import URL, Engine
from sqlalchemy.exc import DBAPIError

from ml.registry.approvals import ApprovalWriter
from ml.registry.champions import ChampionWriter
from ml.registry.custody.chain import Author
from ml.registry.custody.reader import CustodyReader
from ml.registry.custody.signing import Signer
from ml.registry.data import DataWriter
from ml.registry.deciding import DecisionReader, DecisionWriter
from ml.registry.engine import open_engine, parse_url, reading, time_limit
from ml.registry.erasures import ErasureReader, ErasureWriter
from ml.registry.failures import in_words, is_passing
from ml.registry.lineage import LineageReader
from ml.registry.migrate import migrate
from ml.registry.models import ModelWriter
from ml.registry.replays import ReplayReader, ReplayWriter
from ml.registry.session import NOBODY, Memories
from ml.registry.shadows import ShadowWriter
from ml.registry.watching import WatchWriter

T = TypeVar("T")
_ATTEMPTS = 7
_FIRST_PAUSE_SECONDS = 0.05


class Reader(DecisionReader, ReplayReader, ErasureReader, CustodyReader, LineageReader):
    """All questions, on one connection."""


class Writer(
    DecisionWriter,
    ModelWriter,
    DataWriter,
    WatchWriter,
    ChampionWriter,
    ApprovalWriter,
    ShadowWriter,
    ReplayWriter,
    ErasureWriter,
    Reader,
):
    """All questions and all changes, in one transaction."""


class Registry:
    """The records of all models, in a database of our own: SQLite or PostgreSQL.

    May be shared by threads; after a fork the child gets connections of its own.
    """

    def __init__(self, engine: Engine, url: URL, author: Author = NOBODY) -> None:
        self._engine = engine
        self._url = url
        self._author = author
        self._process = os.getpid()
        self._memories = Memories()

    @classmethod
    def open(cls, url: str, *, actor: str = "", signing_key: str = "") -> Self:
        """Connect, and bring the tables up to date under a lock; safe for any number of first starts at once.

        ``actor`` is who the chain of custody says has written; with the path of a ``signing_key`` what it says of
        versions and champions is signed.

        Raises:
            SpecError: the key cannot be used.
            RegistryUnavailableError: the database cannot be reached.
            RegistryError: the URL is none of a supported database, or the tables are not ours.
        """
        parsed = parse_url(url)
        author = Author(actor, Signer.read(signing_key) if signing_key else None)
        engine = open_engine(parsed)
        registry = cls(engine, parsed, author)
        try:
            with in_words(parsed):
                registry._again(lambda: migrate(engine))
        except BaseException:
            registry.close()
            raise
        return registry

    @contextmanager
    def read(self) -> Iterator[Reader]:
        """Ask questions; writers go on meanwhile."""
        with in_words(self._url), reading(self._own_engine()) as connection:
            yield Reader(connection, self._memories)

    @contextmanager
    def consult(self, *, seconds: float) -> Iterator[Reader]:
        """Ask a page's questions: each ends after ``seconds``, and none is remembered, however many models there are.

        Raises:
            RegistryUnavailableError: a question took longer.
        """
        with (
            in_words(self._url),
            reading(self._own_engine()) as connection,
            time_limit(connection, seconds=seconds),
        ):
            yield Reader(connection)

    @contextmanager
    def write(self) -> Iterator[Writer]:
        """Change records in one transaction: all of it on success, nothing on an error."""
        with in_words(self._url):
            with self._own_engine().begin() as connection:
                writer = Writer(connection, self._memories.models, self._author)
                yield writer
                writer.seal()
            self._memories.models |= writer.locked

    def retrying(self, act: Callable[[Writer], T]) -> T:
        """Do ``act`` in one transaction, and all of it again after a lost connection, a deadlock or a lock.

        After a connection lost while committing nobody knows whether it was done, so ``act`` must be one that finds its
        own result: the same key again.
        """

        def once() -> T:
            with self._own_engine().begin() as connection:
                writer = Writer(connection, self._memories.models, self._author)
                result = act(writer)
                writer.seal()
                return result

        with in_words(self._url):
            return self._again(once)

    def forget(self) -> None:
        """Forget what was read: after an erasure references lead elsewhere."""
        self._memories = Memories()

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _again(self, once: Callable[[], T]) -> T:
        pause = _FIRST_PAUSE_SECONDS
        for _ in range(_ATTEMPTS - 1):
            try:
                return once()
            except DBAPIError as error:
                if not is_passing(error):
                    raise
            time.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311  # spreads rivals, hides nothing
            pause *= 2
        return once()

    def _own_engine(self) -> Engine:
        """A connection must not cross a fork: two processes would talk over each other on one socket."""
        if self._process != os.getpid():
            self._engine.dispose(close=False)
            self._memories = Memories()  # another thread of the parent may have held one's lock
            self._process = os.getpid()
        return self._engine
