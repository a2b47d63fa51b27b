"""Where a table is profiled: in this process, or on a cluster. The answers are the same."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pandas as pd

from ml.profiles.profile import Layout, Profile
from ml.profiles.scan import profile_frame, profile_parquet
from ml.profiles.spark import profile_on_spark
from ml.specs.engine import EmbeddedSpec, EngineSpec


@dataclass(frozen=True, slots=True)
class StoredTable:
    """A table as a Parquet file at a place, and in memory too, or at hand as a local file, if it happens to be."""

    location: str
    frame: pd.DataFrame | None = None
    path: Path | None = None


class Engine(Protocol):
    """Profiles tables. ``tests/contract/test_engines.py`` holds every engine to one set of answers."""

    def profile(self, table: StoredTable, layout: Layout) -> Profile:
        """Return the profile of a table."""
        ...


@dataclass(frozen=True, slots=True)
class Embedded:
    """Works in this process: on the frame if it is in memory, else on the file, a row group at a time."""

    def profile(self, table: StoredTable, layout: Layout) -> Profile:
        """Return the profile of a table."""
        return (
            profile_parquet(table.path or table.location, layout)
            if table.frame is None
            else profile_frame(table.frame, layout)
        )


@dataclass(frozen=True, slots=True)
class Spark:
    """Works on a Spark cluster, whose workers read the file themselves."""

    master: str

    def profile(self, table: StoredTable, layout: Layout) -> Profile:
        """Return the profile of a table."""
        return profile_on_spark(table.location, layout, master=self.master)


def engine_of(spec: EngineSpec) -> Engine:
    """Return the engine that a spec names."""
    return Embedded() if isinstance(spec, EmbeddedSpec) else Spark(spec.master)
