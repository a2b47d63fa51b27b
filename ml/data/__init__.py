"""Sources of rows: one window in, one frame out, and nothing of it silently changed.

One file a kind, listed in :data:`SOURCES`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ml.data.database import read_query
from ml.data.files import read_files
from ml.data.source import Request, SourceRead
from ml.domain.windows import Window
from ml.specs.source import SourceSpec, TimeSpec

__all__ = ["SOURCES", "SourceRead", "read_window"]

SOURCES: Mapping[str, Callable[[Any, Request], SourceRead]] = {"file": read_files, "sql": read_query}
"""Every kind of source by its name in a spec."""


def read_window(
    source: SourceSpec,
    *,
    time: TimeSpec,
    window: Window,
    max_rows: int,
    data_root: str,
    resolve_connection: Callable[[str], str],
) -> SourceRead:
    """Return the rows with ``window.start <= time < window.end``, sorted by time, with a fresh index.

    Rows of one moment keep the source's order. The time column is datetime64[us, UTC]; a row whose moment is missing or
    cannot be read has none and comes behind the row before it. The other columns have one of the types in
    :mod:`ml.artifacts.arrow`, found from these rows alone.

    Raises:
        DataError: the content cannot be a batch: its structure is broken, it is too much, or the window has no rows
            (then ``empty`` is true). ``findings`` say why; warnings come with the result instead.
        SourceUnavailableError: no such file yet, no connection, no permission, no answer in time: it may work later.
    """
    return SOURCES[source.kind](source, Request(time, window, max_rows, data_root, resolve_connection))
