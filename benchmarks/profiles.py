"""Profiles and what they cost: validation and drift of a Parquet file beside the bare scan of it, and beside the peers.

    python benchmarks/profiles.py [--sizes 10000x20 100000x50 1000000x50 10000000x50] [--widths 10 100 500 1000]
                                  [--peers FOLDER] [--tables FOLDER] [--repeats 3] [--patience SECONDS] [--all]

Each is measured in a process of its own, from before it opens the file to the end, imports left out: wall and CPU
seconds, and the peak of the process' memory, imports included; of ``--repeats`` runs the one with the least CPU. The
limit is the bare scan: Polars decodes every column (``read_parquet``), or, streaming, takes the largest value of each.
*Ours* freezes nothing: with the stored schema, layout and profile of the reference it profiles the file, proves every
check of the spec (type, range, missing values, categories of every column) from the profile, and measures the drift of
every column as monitoring does (test, effect, interval, false discovery rate). The peers compare the file with a
reference of the same size, at most a million rows, which they load; whylogs only profiles. What takes longer than
``--patience`` is stopped and said so.

Polars, NannyML and whylogs are no dependencies of ours. ``--peers`` is a folder of throwaway environments; one that is
not there is left out, and the reason printed:

    for name in polars nannyml whylogs; do python -m venv peers/$name && peers/$name/bin/pip install $name pyarrow; done
    peers/nannyml/bin/pip install statsmodels  # NannyML 0.13 imports it and does not ask for it
    peers/whylogs/bin/pip install "pandas<3" "numpy<2" "pyarrow<21"  # whylogs 1.6 does not run on newer ones

The tables are 60 % numbers (a third each normal, log-normal, whole) and 40 % categories (5 to 61 texts each).
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from profiles_contenders import CONTENDERS, freeze_reference, measure, write

SIZES = ("10000x20", "100000x50", "1000000x50", "10000000x50")
WIDTHS = ("10", "100", "500", "1000")
WIDE_ROWS = 20_000
MOST_CELLS = {"evidently": 5_000_000, "nannyml": 5_000_000, "whylogs": 5_000_000, "polars: all decoded": 50_000_000}
"""Cells of a table up to which a contender is measured without ``--all``: minutes, or (Polars) many gigabytes."""


def measured(name: str, files: tuple[Path, Path], options: argparse.Namespace) -> dict[str, Any] | str:
    """Measure in processes of its own; say in words why there is nothing to tell."""
    peer = CONTENDERS[name][0]
    python = Path(options.peers) / peer / "bin" / "python" if peer else Path(sys.executable)
    if not python.exists():
        return f"left out: there is no {python}"
    if name == "evidently" and importlib.util.find_spec("evidently") is None:
        return "left out: Evidently is not installed"
    command = [str(python), __file__, "--measure", name, *map(str, files)]
    found: list[dict[str, Any]] = []
    while not found or (len(found) < options.repeats and sum(one["cpu"] for one in found) < options.enough):
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=options.patience, check=False)
        except subprocess.TimeoutExpired:
            return f"stopped after {options.patience:.0f} s"
        if done.returncode:
            return f"failed: {(done.stderr.strip().splitlines() or ['no reason given'])[-1][:120]}"
        found.append(json.loads(done.stdout.splitlines()[-1]))
    return min(found, key=lambda one: float(one["cpu"]))


def show(name: str, found: dict[str, Any] | str, limits: list[dict[str, Any]], columns: int) -> None:
    if isinstance(found, str):
        print(f"  {name:24} {found}", flush=True)
        return
    ratios = "".join(f" {found['cpu'] / limit['cpu']:8.1f}x" for limit in limits)
    size = f"  {found['bytes'] / 1000:.1f} kB" if "bytes" in found else ""
    print(
        f"  {name:24} {found['wall']:8.2f} s {found['cpu']:8.3f} s {found['gb']:6.2f} GB {found['imports']:8.2f} s"
        f" {1000 * found['cpu'] / columns:9.3f} ms{ratios}{size}",
        flush=True,
    )
    if "parts" in found:
        profile, checks, drift = (1000 * part for part in found["parts"])
        print(f"  {'':24} profile {profile:.1f} ms, checks {checks:.1f} ms, drift {drift:.1f} ms: {found['note']}")


def tables(rows: int, columns: int, folder: Path) -> tuple[Path, Path]:
    """Make the file and its reference, unless they are there already."""
    place = folder / f"{rows}x{columns}"
    current, reference = place / "current.parquet", place / "reference.parquet"
    if not reference.with_suffix(".schema").exists():
        place.mkdir(parents=True, exist_ok=True)
        write(current, rows, columns, seed=1)
        write(reference, min(rows, 1_000_000), columns, seed=0)
        subprocess.run([sys.executable, __file__, "--freeze", str(reference)], check=True)
    return current, reference


def compare(rows: int, columns: int, folder: Path, options: argparse.Namespace) -> None:
    """Print what each contender costs on one table."""
    files = tables(rows, columns, folder)
    print(f"\n{rows:,} x {columns} ({files[0].stat().st_size / 1e6:.0f} MB)")
    print(f"  {'':24} {'wall':>10} {'CPU':>10} {'peak':>9} {'imports':>10} {'CPU a column':>12}  CPU to each limit")
    limits: list[dict[str, Any]] = []
    for name in options.only or CONTENDERS:
        if rows * columns > MOST_CELLS.get(name, rows * columns) and not options.all:
            show(name, "left out of a table of this size; --all measures it here too", limits, columns)
            continue
        found = measured(name, files, options)
        if name.startswith("polars") and isinstance(found, dict):
            limits.append(found)
        show(name, found, limits, columns)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", nargs="*", default=SIZES)
    parser.add_argument("--widths", nargs="*", default=WIDTHS, help=f"numbers of columns of {WIDE_ROWS:,} rows")
    parser.add_argument("--only", nargs="*", choices=CONTENDERS)
    parser.add_argument("--all", action="store_true", help="also contenders on tables on which they take minutes")
    parser.add_argument("--peers", default="peers")
    parser.add_argument("--tables", help="where to keep the tables (5 GB); by default they are thrown away")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--enough", type=float, default=30, help="no further run after so many CPU seconds")
    parser.add_argument("--patience", type=float, default=900)
    parser.add_argument("--measure", nargs=3, help=argparse.SUPPRESS)
    parser.add_argument("--freeze", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        measure(options.measure[0], Path(options.measure[1]), Path(options.measure[2]))
        return
    if options.freeze:
        freeze_reference(Path(options.freeze))
        return
    with tempfile.TemporaryDirectory() as folder:
        kept = Path(options.tables or folder)
        for size in options.sizes:
            rows, columns = map(int, size.split("x"))
            compare(rows, columns, kept, options)
        for width in options.widths:
            compare(WIDE_ROWS, int(width), kept, options)


if __name__ == "__main__":
    main()
