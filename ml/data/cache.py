"""Files that were parsed already, for as long as they do not change.

One big CSV file would otherwise be parsed again for every window. The cache belongs to the process and is bounded by
memory; an entry is found only under the exact identity of the file (path, size, time of change, inode or etag) and of
the way it was read.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable

from ml.data.pieces import Piece

LIMIT = 256 * 1024**2
"""Most bytes of parsed tables that are kept; a larger one never is."""


class PieceCache:
    """Parsed tables by identity, the least recently used dropped first. Safe to share between threads."""

    def __init__(self, limit: int = LIMIT) -> None:
        self.limit = limit
        self._pieces: OrderedDict[Hashable, Piece] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> Piece | None:
        """Return what is kept under the key."""
        with self._lock:
            piece = self._pieces.get(key)
            if piece is not None:
                self._pieces.move_to_end(key)
            return piece

    def put(self, key: Hashable, piece: Piece) -> None:
        """Keep a table unless it is too large."""
        if piece.nbytes > self.limit:
            return
        with self._lock:
            self._pieces[key] = piece
            self._pieces.move_to_end(key)
            while sum(kept.nbytes for kept in self._pieces.values()) > self.limit:
                self._pieces.popitem(last=False)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._pieces.clear()


PARSED = PieceCache()
"""The cache of this process."""
