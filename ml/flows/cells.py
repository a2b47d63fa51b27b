"""What a replay has computed before, by content: a killed replay goes on where it was, the next one starts there.

It is a cache and nothing else: one file a model, safe to delete, never read by the loop.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

from ml.domain.errors import ArtifactError

_BUSY_SECONDS = 60.0


class Cells:
    """Bytes by key, in one SQLite file; several replays may write to it at once, the same key means the same bytes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._database = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None)
            self._database.execute("PRAGMA journal_mode = WAL")
            self._database.execute("PRAGMA synchronous = NORMAL")
            self._database.execute("CREATE TABLE IF NOT EXISTS cell (key TEXT PRIMARY KEY, value BLOB)")
        except (sqlite3.Error, OSError) as error:
            raise ArtifactError(
                f"The replay's cache {path} cannot be used: {error}.",
                remedy="delete the file, it holds nothing that cannot be computed again, or make its folder writable.",
            ) from error

    def get(self, key: str) -> bytes | None:
        """Return what is stored for a key, None if nothing is."""
        row = self._database.execute("SELECT value FROM cell WHERE key = ?", (key,)).fetchone()
        return None if row is None else bytes(row[0])

    def known(self, keys: Iterable[str]) -> frozenset[str]:
        """Return those of the keys that something is stored for."""
        wanted = set(keys)
        return frozenset(row[0] for row in self._database.execute("SELECT key FROM cell") if row[0] in wanted)

    def put(self, cells: Iterable[tuple[str, bytes]]) -> None:
        """Store all or nothing."""
        self._database.execute("BEGIN IMMEDIATE")
        self._database.executemany("INSERT OR REPLACE INTO cell (key, value) VALUES (?, ?)", list(cells))
        self._database.execute("COMMIT")

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
