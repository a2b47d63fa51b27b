"""Profile a Parquet file of any size on Spark: every worker profiles its part, the driver merges.

The parts are counted by the very code that counts in memory, so the answers agree. A worker that is lost has its part
counted again by another. Workers need Evergreen's package and read access to the file.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

import pyarrow as pa

from ml.domain.errors import EvergreenError, SpecError
from ml.profiles.profile import Layout, Profile, merge_all
from ml.profiles.scan import profile_table

_SETTINGS = {
    "spark.ui.enabled": "false",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.execution.arrow.maxRecordsPerBatch": "65536",
    "spark.sql.parquet.enableVectorizedReader": "true",
}


def profile_on_spark(location: str, layout: Layout, *, master: str) -> Profile:
    """Return the profile of a Parquet file that the cluster at ``master`` can read.

    Raises:
        SpecError: Spark is not installed here.
        EvergreenError: the cluster cannot be reached or cannot read the file; says what Spark said.
    """
    session = session_at(master)
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    try:
        table = session.read.parquet(location)
        there = [name for name in layout.columns if name in table.columns]
        if not there:
            return _absent(layout, table.count())
        columns = Layout(layout.columns, pairs=layout.pairs)  # the key is counted over all parts together
        parts = table.select(*(_quoted(name) for name in there)).mapInArrow(_part_of(columns), "profile binary")
        found = merge_all([columns.empty(), *(Profile.from_bytes(bytes(row.profile)) for row in parts.collect())])
        return replace(found, key=layout.key, key_duplicates=_duplicates(table, layout))
    except (PySparkException, Py4JError) as error:
        said = str(error).strip().splitlines()[0]
        raise EvergreenError(
            f"Spark at {master} could not profile {location}: {said}",
            remedy="check that the cluster runs and that its workers can read the place and import Evergreen.",
        ) from error


def session_at(master: str) -> Any:
    """Return the session with a master, started if there is none in this process."""
    try:
        from pyspark.sql import SparkSession
    except ImportError as error:
        raise SpecError(
            "The spec asks for engine spark, and pyspark is not installed here.",
            remedy="pip install 'evergreen-ml[spark]', or leave engine out.",
        ) from error
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = SparkSession.builder.master(master).appName("evergreen-profiles")
    for name, value in _SETTINGS.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()


def _part_of(layout: Layout) -> Any:
    """Return what a worker does with its part; the layout travels as bytes."""
    packed = layout.to_bytes()

    def profiled(batches: Iterable[Any]) -> Iterator[Any]:
        mine = Layout.from_bytes(packed)
        part = merge_all([mine.empty(), *(profile_table(batch, mine) for batch in batches)])
        yield pa.RecordBatch.from_pydict({"profile": pa.array([part.to_bytes()], pa.binary())})

    return profiled


def _duplicates(table: Any, layout: Layout) -> int | None:
    if not layout.key or not set(layout.key) <= set(table.columns):
        return None
    keys = table.select(*(_quoted(name) for name in layout.key))
    return int(keys.count() - keys.distinct().count())


def _absent(layout: Layout, rows: int) -> Profile:
    columns = {name: replace(one.empty(), rows=rows, nulls=rows) for name, one in layout.columns.items()}
    return replace(layout.empty(), rows=rows, columns=columns, key_duplicates=None)


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"
