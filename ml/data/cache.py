"""Files that were parsed already, for as long as they do not change.

One big CSV file would otherwise be parsed again for every window. The cache belongs to the process and is bounded by
memory; an entry is found only under the exact identity of the file (path, size, time of change, inode or etag) and of
the way it was read.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass

from ml.data.pieces import Piece
from ml.domain.findings import Finding

LIMIT = 256 * 1024**2
"""Most bytes of parsed tables that are kept; a larger one never is."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """A whole file, in the order of time, and what was noticed about it."""

    piece: Piece
    findings: tuple[Finding, ...] = ()


class PieceCache:
    """Parsed tables by identity, the least recently used dropped first. Safe to share between threads."""

    def __init__(self, limit: int = LIMIT) -> None:
        self.limit = limit
        self._kept: OrderedDict[Hashable, Parsed] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> Parsed | None:
        """Return what is kept under the key."""
        with self._lock:
            parsed = self._kept.get(key)
            if parsed is not None:
                self._kept.move_to_end(key)
            return parsed

    def put(self, key: Hashable, parsed: Parsed) -> None:
        """Keep a table unless it is too large."""
        if parsed.piece.nbytes > self.limit:
            return
        with self._lock:
            self._kept[key] = parsed
            self._kept.move_to_end(key)
            while sum(kept.piece.nbytes for kept in self._kept.values()) > self.limit:
                self._kept.popitem(last=False)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._kept.clear()


PARSED = PieceCache()
"""The cache of this process."""
