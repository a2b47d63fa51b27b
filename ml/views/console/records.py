"""The records and the artifacts as a page uses them: opened once, only read."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ml.artifacts.store import ArtifactStore
from ml.registry import Reader, Registry
from ml.settings import Settings
from ml.views.console.answers import Answers
from ml.views.console.standing import Known

if TYPE_CHECKING:
    from ml.profiles import Profile

__all__ = ["Reader", "Records"]

_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Records:
    """An open registry and the store beside it; ``known`` is where models stood when a page last asked, and
    ``answers`` what views then said of one.
    """

    registry: Registry
    store: ArtifactStore
    known: Known = field(default_factory=Known)
    answers: Answers = field(default_factory=Answers)

    @classmethod
    def open(cls, settings: Settings) -> Records:
        """Open both.

        Raises:
            RegistryError: the database cannot be used; the message says why and what to do.
        """
        return cls(Registry.open(settings.database_url), ArtifactStore(settings.artifacts_url))

    def consult(self, *, seconds: float) -> AbstractContextManager[Reader]:
        """Ask questions, each of which may take so long."""
        return self.registry.consult(seconds=seconds)

    def artifact(self, sha256: str) -> bytes:
        """Return stored bytes, checked against their digest."""
        return self.store.get(sha256)

    def model_file(self, sha256: str) -> bytes:
        """Return the file of an estimator, after every check that is made before one is loaded."""
        from ml.artifacts.models import audited

        return audited(self.store, sha256)

    def profile(self, sha256: str) -> Profile:
        """Return a stored profile."""
        from ml.profiles import Profile

        return Profile.from_bytes(self.store.get(sha256))

    def first_rows(self, sha256: str, *, limit: int) -> tuple[list[str], list[list[str | None]], int]:
        """Return the first rows of a stored frame as short texts: names of columns, rows, and how many rows in all."""
        from ml.artifacts.frames import get_frame

        frame = get_frame(self.store, sha256)
        head = frame.head(limit)
        cells = [
            [None if missing else _short(value) for value, missing in zip(row, gone, strict=True)]
            for row, gone in zip(head.itertuples(index=False), head.isna().itertuples(index=False), strict=True)
        ]
        return [str(name) for name in frame.columns], cells, len(frame)


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
