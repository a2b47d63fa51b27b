"""Short ways to write a file and read a window of it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from ml.data import SourceRead, read_window
from ml.domain.windows import Window
from ml.specs.source import FileSource, TimeSpec

SPAN = Window.parse("2026-01-01", "2026-02-01")


def read(
    path: Path | str, window: Window = SPAN, *, zone: str = "UTC", max_rows: int = 10**6, **source: Any
) -> SourceRead:
    return read_window(
        FileSource(kind="file", path=str(path), **source),
        time=TimeSpec(column="ts", batch=timedelta(days=1), zone=zone),
        window=window,
        max_rows=max_rows,
        data_root="/",
        resolve_connection=str,
    )


def read_csv(folder: Path, text: str, window: Window = SPAN, **options: Any) -> SourceRead:
    path = folder / "orders.csv"
    path.write_text(text, newline="")
    return read(path, window, **options)


def column(folder: Path, *cells: str, **options: Any) -> Any:
    """Read a CSV with one column ``x`` beside the time; return it."""
    lines = [f"2026-01-01T00:00:{number:02d}Z;{cell}" for number, cell in enumerate(cells)]
    return read_csv(folder, "\n".join(["ts;x", *lines]), delimiter=";", **options).frame["x"]
