"""What every flow works with: the records, the artifacts, and the few things that come from outside."""

from __future__ import annotations

import getpass
import os
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self, TypeVar

import pandas as pd

from ml.artifacts.frames import get_frame
from ml.artifacts.models import get_model
from ml.artifacts.rows import WHOLE, Frames, stored_frames
from ml.artifacts.store import ArtifactStore
from ml.domain.errors import SpecError
from ml.registry import Registry
from ml.settings import Settings

T = TypeVar("T")
_CACHED_CELLS = 64 * 1024**2
"""Half a gigabyte, at eight bytes a cell."""
_CACHED_MODELS = 8
_SMALL_THINGS = 256


def connection_from_environment(connection: str) -> str:
    """Turn the ``connection`` of a SQL source into a SQLAlchemy URL.

    A URL is returned as it is; a connection id is looked up as Airflow does, in ``AIRFLOW_CONN_<ID>``.

    Raises:
        SpecError: there is no such connection.
    """
    if "://" in connection:
        return connection
    name = f"AIRFLOW_CONN_{connection.upper()}"
    url = os.environ.get(name)
    if url is None:
        raise SpecError(
            f"The connection {connection!r} of the source is not known here.",
            remedy=f"define it in Airflow, or set {name} to a SQLAlchemy URL.",
        )
    return url


@dataclass
class Workspace:
    """The registry, the artifact store and the environment of one process.

    Frames and models that were read once are kept in bounded caches: they are immutable and addressed by content, so
    a cached one is as good as the stored one.
    """

    settings: Settings
    registry: Registry
    store: ArtifactStore
    resolve_connection: Callable[[str], str] = connection_from_environment
    clock: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))
    actor: str = ""
    _frames: OrderedDict[str, pd.DataFrame] = field(default_factory=OrderedDict, repr=False)
    _cells: int = field(default=0, repr=False)
    _models: OrderedDict[str, Any] = field(default_factory=OrderedDict, repr=False)
    _small: OrderedDict[str, Any] = field(default_factory=OrderedDict, repr=False)
    _gathered: tuple[str, Any] = field(default=("", None), repr=False)

    @classmethod
    def open(
        cls, settings: Settings, *, resolve_connection: Callable[[str], str] | None = None, actor: str | None = None
    ) -> Self:
        """Open the database (migrating it if it is older) and the artifact store.

        Raises:
            EvergreenError: one of them cannot be reached; the message says which and what to do.
        """
        who = actor if actor is not None else _login()
        return cls(
            settings=settings,
            registry=Registry.open(settings.database_url, actor=who, signing_key=settings.signing_key),
            store=ArtifactStore(settings.artifacts_url),
            resolve_connection=resolve_connection or connection_from_environment,
            actor=who,
        )

    def frame(self, sha256: str) -> pd.DataFrame:
        """Return a stored frame; do not change it in place."""
        if sha256 not in self._frames:
            self.remember(sha256, get_frame(self.store, sha256))
        self._frames.move_to_end(sha256)
        return self._frames[sha256]

    @contextmanager
    def frames(self, sha256: str, *, cells: int) -> Iterator[Frames]:
        """Lend a stored frame of so many cells: whole where it is small, else some rows at a time."""
        if cells <= WHOLE:
            yield Frames.of(self.frame(sha256))
            return
        with stored_frames(self.store, sha256) as frames:
            yield frames

    def remember(self, sha256: str, frame: pd.DataFrame) -> None:
        """Keep a frame that was just stored, so that the next flow of this process need not read it back."""
        if sha256 not in self._frames:
            self._frames[sha256] = frame
            self._cells += frame.size
        while self._cells > _CACHED_CELLS and len(self._frames) > 1:
            _, dropped = self._frames.popitem(last=False)
            self._cells -= dropped.size

    def model(self, sha256: str) -> Any:
        """Return a stored estimator, audited before it is built."""
        if sha256 not in self._models:
            self.remember_model(sha256, get_model(self.store, sha256))
        self._models.move_to_end(sha256)
        return self._models[sha256]

    def remember_model(self, sha256: str, estimator: Any) -> None:
        """Keep an estimator that was just stored."""
        self._models[sha256] = estimator
        while len(self._models) > _CACHED_MODELS:
            self._models.popitem(last=False)

    def gathered(self, identity: str, gather: Callable[[], T]) -> T:
        """Return what ``gather`` gives; what it gave last is kept: training and judging it go over the same rows."""
        if self._gathered[0] != identity:
            self._gathered = (identity, gather())
        found: T = self._gathered[1]
        return found

    def kept(self, sha256: str, build: Callable[[bytes], T]) -> T:
        """Return a small stored thing, built from its bytes: a profile or a layout."""
        if sha256 not in self._small:
            self.keep(sha256, build(self.store.get(sha256)))
        self._small.move_to_end(sha256)
        found: T = self._small[sha256]
        return found

    def keep(self, sha256: str, thing: Any) -> None:
        """Keep a small thing that was just stored."""
        self._small[sha256] = thing
        while len(self._small) > _SMALL_THINGS:
            self._small.popitem(last=False)

    def forget(self) -> None:
        """Forget all that was read: after an erasure it must not be used again."""
        self.registry.forget()
        self._frames.clear()
        self._cells = 0
        self._gathered = ("", None)

    def close(self) -> None:
        """Release the database."""
        self.registry.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def _login() -> str:
    """Name the person at the keyboard; a container may have a user id without a name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"
