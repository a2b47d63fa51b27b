"""Profiles and what they cost: validation and drift of a Parquet file beside the bare scan of it, and beside the peers.

    python benchmarks/profiles.py [--sizes 10000x20 100000x50 1000000x50 10000000x50] [--widths 10 100 1000]
                                  [--peers FOLDER] [--patience SECONDS]

Each is measured in a process of its own, from before it opens the file to the end, imports left out: wall and CPU
seconds, and the peak of the process' memory, imports included. The limit is the bare scan: Polars decodes every column
(``read_parquet``), or, streaming, takes the largest value of each. *Ours* freezes nothing: with the stored layout and
the stored profile of the reference it profiles the file, reads every check of the spec off the profile, and compares
each column's bins with the reference's (one population stability index a column stands for the measures of drift,
which all work on the same few counts). The peers compare the file with a reference of the same size, which they load;
what takes longer than ``--patience`` is stopped and said so.

Polars, NannyML and whylogs are no dependencies of ours. ``--peers`` is a folder of throwaway environments; one that is
not there is left out, and the reason printed:

    for name in polars nannyml whylogs; do python -m venv peers/$name && peers/$name/bin/pip install $name pyarrow; done
    peers/whylogs/bin/pip install "numpy<2"  # whylogs 1.6 does not run on NumPy 2

The tables are 60 % numbers (a third each normal, log-normal, whole) and 40 % categories (5 to 61 texts each).
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

SIZES = ("10000x20", "100000x50", "1000000x50", "10000000x50")
WIDTHS = ("10", "100", "500", "1000")
WIDE_ROWS = 20_000
PIECE = 250_000
MOST_ROWS = {"evidently": 100_000, "nannyml": 100_000, "whylogs": 100_000, "polars: all decoded": 1_000_000}


def write(path: Path, rows: int, columns: int, seed: int) -> None:
    """Write a table in pieces, so that its size does not matter."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    rng = np.random.default_rng(seed)
    numbers = round(columns * 0.6)

    def number(place: int, size: int) -> Any:
        if place % 3 == 2:
            return rng.integers(0, 1000, size).astype(np.float64)
        return rng.normal(size=size) if place % 3 == 0 else rng.lognormal(size=size)

    def category(place: int, size: int) -> Any:
        distinct = 5 + place * 7 % 57
        codes = pa.array(rng.integers(0, distinct, size).astype(np.int32))
        return pa.DictionaryArray.from_arrays(codes, pa.array([f"v{n}" for n in range(distinct)])).cast(pa.string())

    writer = None
    for start in range(0, rows, PIECE):
        size = min(PIECE, rows - start)
        table = pa.table(
            {f"n{place}": number(place, size) for place in range(numbers)}
            | {f"c{place}": category(place, size) for place in range(columns - numbers)}
        )
        writer = writer or pq.ParquetWriter(path, table.schema)
        writer.write_table(table)
    if writer is not None:
        writer.close()


def freeze_reference(path: Path) -> None:
    """Store the layout and the profile of a reference, as the loop does once."""
    import pyarrow.parquet as pq

    from ml.domain.schema import ColumnRole, ColumnSchema, ColumnType, TableSchema
    from ml.profiles import freeze, profile_parquet

    with pq.ParquetFile(path) as file:
        first = next(file.iter_batches(100_000)).to_pandas()
    kinds = {"n": (ColumnType.NUMBER, ColumnRole.NUMERIC), "c": (ColumnType.TEXT, ColumnRole.CATEGORICAL)}
    schema = TableSchema(tuple(ColumnSchema(name, *kinds[name[0]]) for name in first.columns))
    layout = freeze(first, schema, key=(), numeric_target=False)
    path.with_suffix(".layout").write_bytes(layout.to_bytes())
    path.with_suffix(".profile").write_bytes(profile_parquet(path, layout).to_bytes())


def psi(reference: Any, current: Any) -> float:
    import numpy as np

    past, now = (np.maximum(np.asarray(counts) / max(sum(counts), 1), 1e-4) for counts in (reference, current))
    return float(((past - now) * np.log(past / now)).sum())


def load_ours() -> Callable[[Path, Path], dict[str, Any]]:
    import numpy as np

    from ml.domain.schema import ColumnRole, ColumnType
    from ml.profiles import Layout, Profile, profile_parquet
    from ml.profiles.columns import CategoricalProfile, NumericProfile
    from ml.validation.proof import is_proven
    from ml.validation.rules import Rule

    def run(current: Path, reference: Path) -> dict[str, Any]:
        past = Profile.from_bytes(reference.with_suffix(".profile").read_bytes())
        layout = Layout.from_bytes(reference.with_suffix(".layout").read_bytes())
        now = profile_parquet(current, layout)
        proven, drift = 0, []
        for name, column in now.columns.items():
            if isinstance(column, NumericProfile):
                limits = {"min": -1e9, "max": 1e9}
                rule = Rule(name, ColumnType.NUMBER, ColumnRole.NUMERIC, True, False, 0.0, **limits)  # type: ignore[arg-type]
                proven += is_proven(rule, np.dtype(np.float64), now)
            elif isinstance(column, CategoricalProfile):
                allowed = column.layout.categories
                rule = Rule(name, ColumnType.TEXT, ColumnRole.CATEGORICAL, True, False, 0.0, categories=allowed)
                proven += is_proven(rule, np.dtype(object), now)
            drift.append(psi(past.columns[name].counts, column.counts))  # type: ignore[union-attr]
        if proven != len(now.columns):
            raise SystemExit(f"{len(now.columns) - proven} columns were not proven to be good")
        return {"bytes": len(now.to_bytes()), "rows": now.rows}

    return run


def load_polars(streaming: bool) -> Callable[[Path, Path], dict[str, Any]]:
    import polars

    def run(current: Path, reference: Path) -> dict[str, Any]:
        if streaming:
            polars.scan_parquet(current).select(polars.all().max()).collect(engine="streaming")
        else:
            polars.read_parquet(current)
        return {}

    return run


def load_evidently() -> Callable[[Path, Path], dict[str, Any]]:
    import pandas
    from evidently import Report
    from evidently.presets import DataDriftPreset

    def run(current: Path, reference: Path) -> dict[str, Any]:
        Report([DataDriftPreset()]).run(pandas.read_parquet(current), pandas.read_parquet(reference)).save_html(
            str(current.with_suffix(".html"))
        )
        return {}

    return run


def load_nannyml() -> Callable[[Path, Path], dict[str, Any]]:
    import nannyml
    import pandas

    def run(current: Path, reference: Path) -> dict[str, Any]:
        now, past = pandas.read_parquet(current), pandas.read_parquet(reference)
        calculator = nannyml.UnivariateDriftCalculator(column_names=list(past.columns), chunk_size=len(past))
        calculator.fit(past)
        calculator.calculate(now)
        return {}

    return run


def load_whylogs() -> Callable[[Path, Path], dict[str, Any]]:
    import pandas
    import whylogs

    def run(current: Path, reference: Path) -> dict[str, Any]:
        whylogs.log(pandas.read_parquet(current)).view().serialize()
        return {}

    return run


LOADERS: dict[str, tuple[str, Callable[[], Callable[[Path, Path], dict[str, Any]]]]] = {
    "polars: all decoded": ("polars", lambda: load_polars(streaming=False)),
    "polars: largest values": ("polars", lambda: load_polars(streaming=True)),
    "ours": ("", load_ours),
    "evidently": ("", load_evidently),
    "nannyml": ("nannyml", load_nannyml),
    "whylogs": ("whylogs", load_whylogs),
}


def peak_gb() -> float:
    """The most memory that this process has had since it began; unlike ``ru_maxrss`` it leaves out its parent's."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1e6


def measure(name: str, current: Path, reference: Path) -> None:
    run = LOADERS[name][1]()
    imported = time.process_time()
    began = time.perf_counter()
    said = run(current, reference)
    found = {"wall": time.perf_counter() - began, "cpu": time.process_time() - imported, "gb": peak_gb(), **said}
    print(json.dumps({**found, "imports": imported}))


def measured(name: str, files: tuple[Path, Path], peers: Path, patience: float) -> dict[str, Any] | str:
    """Measure in a process of its own; say in words why there is nothing to tell."""
    peer = LOADERS[name][0]
    python = peers / peer / "bin" / "python" if peer else Path(sys.executable)
    if not python.exists():
        return f"left out: there is no {python}"
    if name == "evidently" and importlib.util.find_spec("evidently") is None:
        return "left out: Evidently is not installed"
    command = [str(python), __file__, "--measure", name, *map(str, files)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=patience, check=False)
    except subprocess.TimeoutExpired:
        return f"stopped after {patience:.0f} s"
    if done.returncode:
        return f"failed: {(done.stderr.strip().splitlines() or ['no reason given'])[-1][:120]}"
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def show(name: str, found: dict[str, Any] | str, limits: list[dict[str, Any]]) -> None:
    if isinstance(found, str):
        print(f"  {name:24} {found}")
        return
    ratios = "".join(f" {found['cpu'] / limit['cpu']:8.1f}x" for limit in limits)
    size = f"  {found['bytes'] / 1000:.1f} kB" if "bytes" in found else ""
    print(
        f"  {name:24} {found['wall']:8.2f} s {found['cpu']:8.2f} s {found['gb']:6.2f} GB"
        f" {found['imports']:8.2f} s{ratios}{size}",
        flush=True,
    )


def table(rows: int, columns: int, folder: Path, options: argparse.Namespace) -> None:
    current, reference = folder / "current.parquet", folder / "reference.parquet"
    write(current, rows, columns, seed=1)
    write(reference, min(rows, 1_000_000), columns, seed=0)
    subprocess.run([sys.executable, __file__, "--freeze", str(reference)], check=True)
    print(f"\n{rows:,} x {columns} ({current.stat().st_size / 1e6:.0f} MB)")
    print(f"  {'':24} {'wall':>10} {'CPU':>10} {'peak':>9} {'imports':>10}  CPU to each limit")
    limits: list[dict[str, Any]] = []
    for name in options.only or LOADERS:
        if rows > MOST_ROWS.get(name, rows) and not options.all:
            show(name, f"left out: measured up to {MOST_ROWS[name]:,} rows; --all measures it here too", limits)
            continue
        found = measured(name, (current, reference), Path(options.peers), options.patience)
        if name.startswith("polars") and isinstance(found, dict):
            limits.append(found)
        show(name, found, limits)


def wide(widths: list[int], folder: Path, options: argparse.Namespace) -> None:
    print(f"\n{WIDE_ROWS:,} rows, by number of columns: CPU milliseconds a column")
    for columns in widths:
        current, reference = folder / "current.parquet", folder / "reference.parquet"
        write(current, WIDE_ROWS, columns, seed=1)
        write(reference, WIDE_ROWS, columns, seed=0)
        subprocess.run([sys.executable, __file__, "--freeze", str(reference)], check=True)
        found = measured("ours", (current, reference), Path(options.peers), options.patience)
        if isinstance(found, str):
            print(f"  {columns:6} {found}")
        else:
            print(f"  {columns:6} {1000 * found['cpu'] / columns:8.3f} ms {found['gb']:6.2f} GB", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", nargs="*", default=SIZES)
    parser.add_argument("--widths", nargs="*", default=WIDTHS)
    parser.add_argument("--only", nargs="*", choices=LOADERS)
    parser.add_argument("--all", action="store_true", help="also the peers on tables on which they take minutes")
    parser.add_argument("--peers", default="peers")
    parser.add_argument("--patience", type=float, default=900)
    parser.add_argument("--measure", nargs=3, help=argparse.SUPPRESS)
    parser.add_argument("--freeze", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        measure(options.measure[0], Path(options.measure[1]), Path(options.measure[2]))
    elif options.freeze:
        freeze_reference(Path(options.freeze))
    else:
        with tempfile.TemporaryDirectory() as folder:
            for size in options.sizes:
                rows, columns = map(int, size.split("x"))
                table(rows, columns, Path(folder), options)
            wide([int(width) for width in options.widths], Path(folder), options)


if __name__ == "__main__":
    main()
