"""What ingesting and validating a batch of many rows costs, beside loading the same file with pandas.

    python benchmarks/ingest.py [--rows 1000000 4000000] [--columns 20] [--tables FOLDER]

A Parquet file has two days of so many rows each, in the order of time: a moment, a key, a target, and of the other
columns 60 % numbers and 40 % short texts. *Ours* ingests and validates both days in one process, the first of which
freezes the schema; *pandas* loads the file's columns of one day, and does nothing else. *Scan* is the limit: every row
group is decoded and dropped. CPU seconds, and the peak of the process' memory up to then above that with everything
imported, all told and in bytes a row.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

DAY = 86_400_000_000
FROM = 1_767_225_600_000_000  # 1 January 2026
GROUP = 250_000
SPEC = """
model: large
problem: {{kind: regression, target: y}}
source: {{kind: file, path: "{path}"}}
time: {{column: ts, batch: 1d}}
key: [id]
validation: {{max_rows: {rows}}}
"""


def write(path: Path, rows: int, columns: int) -> None:
    """Write two days."""
    rng = np.random.default_rng(0)
    numbers = round((columns - 3) * 0.6)
    writer: Any = None
    for start in range(0, 2 * rows, GROUP):
        here = np.arange(start, min(start + GROUP, 2 * rows))
        made: dict[str, Any] = {"ts": pa.array(FROM + here * (DAY // rows)).cast(pa.timestamp("us", "UTC")), "id": here}
        made |= {f"n{place}": rng.normal(size=len(here)) for place in range(numbers)}
        for place in range(columns - 3 - numbers):
            texts = np.array([f"value {value}" for value in range(20 + place)], dtype=object)
            made[f"c{place}"] = pa.array(texts[rng.integers(0, len(texts), len(here))])
        table = pa.table(made | {"y": rng.normal(size=len(here))})
        writer = writer or pq.ParquetWriter(path, table.schema, compression="zstd")
        writer.write_table(table)
    writer.close()


def peak() -> int:
    """Return the peak of this process' memory in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def timed(name: str, work: Callable[[], Any], base: int) -> None:
    """Do one thing and say what it cost."""
    start = time.process_time()
    work()
    print(json.dumps({"name": name, "cpu": time.process_time() - start, "bytes": peak() - base}), flush=True)


def ours(path: Path, rows: int) -> None:
    """Ingest and validate both days."""
    from ml.domain.windows import Window
    from ml.flows.ingest import ingest
    from ml.flows.validate import validate
    from ml.flows.workspace import Workspace
    from ml.settings import Settings
    from ml.specs import parse_spec

    spec = parse_spec(SPEC.format(path=path, rows=rows))
    with (
        tempfile.TemporaryDirectory() as home,
        Workspace.open(Settings.from_environment({"EVERGREEN_HOME": home, "EVERGREEN_DATA_ROOT": home})) as workspace,
    ):
        base = peak()
        for window in Window.parse("2026-01-01", "2026-01-03").batches(spec.time.batch):
            for name, flow in (("ingest", ingest), ("validate", validate)):
                day = "first" if window.start.day == 1 else "second"
                timed(f"ours: {name}, {day} day", partial(flow, workspace, spec, window), base)


def pandas(path: Path, rows: int) -> None:
    """Load one day."""
    import pandas as pd

    base = peak()
    until = pd.Timestamp(FROM + DAY, unit="us", tz="UTC")
    timed("pandas: loads one day", lambda: pd.read_parquet(path, filters=[("ts", "<", until)]), base)


def scan(path: Path, rows: int) -> None:
    """Decode one day, a row group at a time."""

    def decode() -> None:
        with pq.ParquetFile(path) as file:
            for group in range(rows // GROUP):
                file.read_row_group(group, use_threads=False)

    timed("scan of one day (limit)", decode, peak())


CONTENDERS = {"ours": ours, "pandas": pandas, "scan": scan}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000_000])
    parser.add_argument("--columns", type=int, default=20)
    parser.add_argument("--tables", type=Path)
    parser.add_argument("--measure", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        name, path, rows = options.measure
        CONTENDERS[name](Path(path), int(rows))
        return
    with tempfile.TemporaryDirectory() as folder:
        for rows in options.rows:
            path = (options.tables or Path(folder)) / f"{rows}x{options.columns}.two-days.parquet"
            if not path.exists():
                write(path, rows, options.columns)
            print(f"{rows:,} rows a day x {options.columns} columns")
            for name in CONTENDERS:
                command = [sys.executable, __file__, "--measure", name, str(path), str(rows)]
                done = subprocess.run(command, capture_output=True, text=True, check=True)
                for one in map(json.loads, done.stdout.splitlines()):
                    each = one["bytes"] / rows
                    print(
                        f"  {one['name']:28} {one['cpu']:8.2f} s {one['bytes'] / 1e9:7.2f} GB {each:7.0f} bytes a row"
                    )


if __name__ == "__main__":
    main()
