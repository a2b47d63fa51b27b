"""What ``profiles.py`` measures: ours, the bare scan of the file, and the peers. Each runs in a process of its own.

Only the standard library is imported at the top: the scripts of peers run in environments that have nothing of ours.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

PIECE = 250_000
SPEC = {
    "model": "wide",
    "problem": {"kind": "regression", "target": "n0"},
    "source": {"kind": "file", "path": "current.parquet"},
    "time": {"column": "c0", "batch": "1d"},
}
Run = Callable[[Path, Path], dict[str, Any]]


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
    """Store the schema, the layout and the profile of a reference, as the loop does once."""
    import pyarrow.parquet as pq

    from ml.domain.schema import ColumnRole, ColumnSchema, ColumnType, TableSchema
    from ml.profiles import freeze, profile_parquet

    with pq.ParquetFile(path) as file:
        first = next(file.iter_batches(100_000)).to_pandas()
    kinds = {"n": (ColumnType.NUMBER, ColumnRole.NUMERIC), "c": (ColumnType.TEXT, ColumnRole.CATEGORICAL)}
    schema = TableSchema(tuple(ColumnSchema(name, *kinds[name[0]]) for name in first.columns))
    layout = freeze(first, schema, key=(), numeric_target=False)
    path.with_suffix(".schema").write_text(json.dumps(schema.to_json()))
    path.with_suffix(".layout").write_bytes(layout.to_bytes())
    path.with_suffix(".profile").write_bytes(profile_parquet(path, layout).to_bytes())


def load_ours() -> Run:
    """Profile, validate from the profile, and measure the drift of every column: what the loop does with a batch."""
    from importlib import import_module

    import numpy as np

    from ml.domain.schema import TableSchema
    from ml.monitoring.drift import measure_drift
    from ml.monitoring.pairing import paired
    from ml.profiles import Layout, Profile, profile_parquet
    from ml.profiles.columns import CategoricalProfile
    from ml.specs import ModelSpec, parse_spec
    from ml.validation.proof import is_proven
    from ml.validation.rules import rules_of

    import_module("scipy.special")  # measure_drift imports it when it is first needed, and imports are not measured

    def checked(now: Profile, spec: ModelSpec, schema: TableSchema) -> int:
        """Prove of every column its type, range, missing values and categories."""
        types = {True: np.dtype(object), False: np.dtype(np.float64)}
        rules = rules_of(spec, schema)
        proven = [is_proven(rule, types[isinstance(now.columns[rule.name], CategoricalProfile)], now) for rule in rules]
        if not all(proven):
            raise SystemExit(f"{len(proven) - sum(proven)} columns were not proven to be good")
        return len(proven)

    def run(current: Path, reference: Path) -> dict[str, Any]:
        past = Profile.from_bytes(reference.with_suffix(".profile").read_bytes())
        layout = Layout.from_bytes(reference.with_suffix(".layout").read_bytes())
        schema = TableSchema.from_json(json.loads(reference.with_suffix(".schema").read_text()))
        limits: dict[str, Any] = {}
        for name, column in layout.columns.items():
            names = getattr(column, "categories", None)
            limits[name] = {"categories": list(names)} if names else {"min": -1e9, "max": 1e9}
        spec = parse_spec(json.dumps(SPEC | {"validation": {"columns": limits}}))
        clock = [time.process_time()]
        now = profile_parquet(current, layout)
        clock.append(time.process_time())
        checks = checked(now, spec, schema)
        clock.append(time.process_time())
        drift = spec.monitoring.drift
        found = measure_drift(paired(past, now, list(now.columns)), spec=drift, level=drift.alpha / 3)
        clock.append(time.process_time())
        parts = [later - earlier for earlier, later in pairwise(clock)]
        return {
            "bytes": len(now.to_bytes()),
            "parts": parts,
            "note": f"{checks} columns proven good, {sum(one.tested for one in found)} tested for drift, "
            f"{sum(one.drifted for one in found)} drifted",
        }

    return run


def load_polars(streaming: bool) -> Run:
    import polars

    def run(current: Path, reference: Path) -> dict[str, Any]:
        if streaming:
            polars.scan_parquet(current).select(polars.all().max()).collect(engine="streaming")
        else:
            polars.read_parquet(current)
        return {}

    return run


def load_evidently() -> Run:
    import pandas
    from evidently import Report
    from evidently.presets import DataDriftPreset

    def run(current: Path, reference: Path) -> dict[str, Any]:
        Report([DataDriftPreset()]).run(pandas.read_parquet(current), pandas.read_parquet(reference)).save_html(
            str(current.with_suffix(".html"))
        )
        return {}

    return run


def load_nannyml() -> Run:
    import nannyml
    import pandas

    def run(current: Path, reference: Path) -> dict[str, Any]:
        now, past = pandas.read_parquet(current), pandas.read_parquet(reference)
        calculator = nannyml.UnivariateDriftCalculator(column_names=list(past.columns), chunk_size=len(past))
        calculator.fit(past)
        calculator.calculate(now)
        return {}

    return run


def load_whylogs() -> Run:
    import pandas
    import whylogs

    def run(current: Path, reference: Path) -> dict[str, Any]:
        return {"bytes": len(whylogs.log(pandas.read_parquet(current)).view().serialize())}

    return run


CONTENDERS: dict[str, tuple[str, Callable[[], Run]]] = {
    "polars: all decoded": ("polars", lambda: load_polars(streaming=False)),
    "polars: largest values": ("polars", lambda: load_polars(streaming=True)),
    "ours": ("", load_ours),
    "evidently": ("", load_evidently),
    "nannyml": ("nannyml", load_nannyml),
    "whylogs": ("whylogs", load_whylogs),
}
"""Each with the folder of its environment, "" for ours, and what imports it."""


def peak_gb() -> float:
    """The most memory that this process has had since it began; unlike ``ru_maxrss`` it leaves out its parent's."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1e6


def measure(name: str, current: Path, reference: Path) -> None:
    """Print as JSON what one contender costs, imports apart."""
    run = CONTENDERS[name][1]()
    imported, began = time.process_time(), time.perf_counter()
    said = run(current, reference)
    cost = {"wall": time.perf_counter() - began, "cpu": time.process_time() - imported, "imports": imported}
    print(json.dumps({**cost, "gb": peak_gb(), **said}))
