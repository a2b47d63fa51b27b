"""What the console's pages cost at the server, on records of many models.

    python benchmarks/console.py                                  # SQLite: 500 models x 60 batches x 10 columns
    python benchmarks/console.py --models 20 --batches 500 --columns 50
    python benchmarks/console.py --batches 500 --columns 50       # the whole size, 14 million measurements
    python benchmarks/console.py --url postgresql://…             # an empty PostgreSQL database

Prints a line a page: the median and the 95th percentile in milliseconds of wall time, question and JSON together, in
this process, and the CPU time of this process (with SQLite, the database's as well), which says more on a busy
machine. Ends with 1 if one is above its limit. That no question reads a large table whole is a test:
tests/integration/test_console_plans.py.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from statistics import median, quantiles
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import insert, text

from ml.registry import Registry
from ml.registry.base import Base
from ml.registry.engine import open_engine, parse_url
from ml.registry.tables import (
    DecisionRow,
    FindingRow,
    FindingSetRow,
    GateResultRow,
    ModelRow,
    ObservationRow,
    PromotionRow,
    ScoringRow,
    SnapshotRow,
    SpecRow,
    ValidationRow,
    VersionRow,
)
from ml.views.console import batch, drift, models, specs, story, version

START = datetime(2017, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
EVERY = 25
CHUNK = 4000
LIMIT_MS = {"models, first page": 300.0}
OTHER_LIMIT_MS = 500.0


def name_of(number: int) -> str:
    return f"model-{number:04d}"


def spec_of(model: str) -> dict[str, Any]:
    return {
        "model": model,
        "owner": f"team-{hash(model) % 7}",
        "tags": ["generated"],
        "problem": {"kind": "classification", "target": "y", "metric": "accuracy"},
        "labels": {"delay": "0s"},
        "policy": {"when": {"kind": "any", "of": [{"kind": "performance", "drop": 0.05}]}},
    }


def rows_of(number: int, batches: int, columns: int) -> Iterator[tuple[type[Base], dict[str, Any]]]:
    """All rows of one model; ids are given here, so that tables can be filled in any order."""
    model, random = name_of(number), Random(number)
    yield ModelRow, {"name": model, "generation": (batches - 1) // EVERY + 1}
    yield SpecRow, {"model": model, "sha256": "s", "spec": spec_of(model)}
    for place in range(batches):
        yield from _batch(number, place, batches, columns, random)


def _batch(
    number: int, place: int, batches: int, columns: int, random: Random
) -> Iterator[tuple[type[Base], dict[str, Any]]]:
    model, ident = name_of(number), number * batches + place + 1
    start = START + place * DAY
    window = {"model": model, "window_start": start, "window_end": start + DAY, "as_of": start + DAY}
    yield (
        SnapshotRow,
        {
            **window,
            "id": ident,
            "role": "rows",
            "sha256": f"{ident:064d}",
            "rows": 1000,
            "columns": {"y": "bool"},
            "source": "x",
            "code_version": "1",
            "supersedes": None,
        },
    )
    yield FindingSetRow, {**window, "id": 2 * ident, "step": "validate", "key": "", "sha256": "x"}
    yield FindingSetRow, {**window, "id": 2 * ident + 1, "step": "monitor", "key": "", "sha256": "x"}
    said = {"subject": "accuracy", "seen": "0.8", "expected": "0.9", "remedy": "look"}
    if random.random() < 0.3:
        finding = {"code": "PF001", "severity": "warning", "outcome": "failed", "rows": 1, "said": said}
        yield FindingRow, {**finding, "set_id": 2 * ident + 1}
    yield (
        ValidationRow,
        {
            **window,
            "snapshot_id": ident,
            "set_id": 2 * ident,
            "passed": place % 97 != 96,
            "rows_kept": 995,
            "rows_quarantined": 5,
            "kept_sha256": f"{ident:064d}",
            "quarantine_sha256": None,
        },
    )
    serving = place // EVERY + 1
    if place % EVERY == 0:
        yield from _retraining(model, serving, start, serving == (batches - 1) // EVERY + 1)
    yield (
        ScoringRow,
        {**window, "version": serving, "role": "champion", "snapshot_id": ident, "sha256": "x", "rows": 995},
    )
    yield DecisionRow, _decision(window, ident, place)
    for quantity, subject, of, value in _measured(serving, columns, random):
        yield (
            ObservationRow,
            {
                **window,
                "quantity": quantity,
                "subject": subject,
                "version": of,
                "revision": 0,
                "value": value,
                "rows": 995,
                "detail": {"method": "wasserstein", "threshold": 0.1, "drifted": value > 0.1, "outcome": "passed"},
            },
        )


def _measured(serving: int, columns: int, random: Random) -> Iterator[tuple[str, str, int, float]]:
    for metric in ("accuracy", "f1_macro", "log_loss", "roc_auc"):
        yield "metric", metric, serving, 0.85 + random.gauss(0, 0.02)
    if serving > 1:
        yield "metric", "accuracy", serving - 1, 0.8
    for quantity in ("rows", "labelled", "drift_share"):
        yield quantity, "", 0, 0.3
    for column in range(columns):
        yield "column_drift", f"column_{column:02d}", serving, abs(random.gauss(0.05, 0.04))


def _decision(window: dict[str, Any], ident: int, place: int) -> dict[str, Any]:
    leaf = {"kind": "performance", "verdict": "keep", "sentence": "It holds.", "value": 0.01, "threshold": 0.05}
    leaf |= {"evidence": {}, "of": []}
    return {
        **window,
        "number": ident,
        "id": f"{window['model']}-{place}",
        "verdict": "retrain" if place % EVERY == 0 else "keep",
        "sentence": "Keep: 0 of 1 rules asks for a retraining.",
        "trigger": "schedule",
        "result": {**leaf, "kind": "any", "of": [leaf]},
        "guards": [leaf],
        "policy_sha256": "x",
        "history_sha256": "x",
        "reason": "",
        "actor": "",
        "least_gain": None,
    }


def _retraining(
    model: str, number: int, start: datetime, champion: bool
) -> Iterator[tuple[type[Base], dict[str, Any]]]:
    manifest = {"estimator": "X", "snapshots": [f"{i:064d}" for i in range(min(400, number * EVERY))], "rows": 1000}
    yield (
        VersionRow,
        {
            "model": model,
            "version": number,
            "stage": "champion" if champion else "retired",
            "run_key": f"{model}-{(number - 1) * EVERY}",
            "as_of": start + DAY,
            "trained_from": START,
            "trained_until": start + DAY,
            "model_sha256": "x",
            "manifest": manifest,
            "refit_sha256": None,
            "refit_until": None,
        },
    )
    metrics = {"challenger": {"accuracy": 0.87}, "champion": {"accuracy": 0.85}}
    verdict = {"passed": True, "sentence": "Passed.", "metrics": metrics, "difference": 0.02, "low": 0.01, "high": 0.03}
    yield (
        GateResultRow,
        {
            "model": model,
            "challenger": number,
            "champion": number - 1 or None,
            "as_of": start + DAY,
            **verdict,
            "rows": 500,
            "rows_sha256": "x",
            "refitted": False,
            "generation": number - 1,
            "findings": [],
        },
    )
    yield (
        PromotionRow,
        {
            "model": model,
            "generation": number,
            "act": "promote",
            "from_version": number - 1 or None,
            "to_version": number,
            "run_key": f"{model}-{(number - 1) * EVERY}",
            "as_of": start + DAY,
            "baseline": {"accuracy": 0.87},
            "reason": "Passed.",
            "actor": "airflow",
        },
    )


ORDER = [table.name for table in Base.metadata.sorted_tables]


def fill(url: str, many: int, batches: int, columns: int) -> None:
    """Write the records model by model, each table in the order of its references."""
    with open_engine(parse_url(url)).begin() as connection:
        for number in range(many):
            grouped: dict[type[Base], list[dict[str, Any]]] = {}
            for table, row in rows_of(number, batches, columns):
                grouped.setdefault(table, []).append(row)
            for table in sorted(grouped, key=lambda one: ORDER.index(one.__tablename__)):
                for first in range(0, len(grouped[table]), CHUNK):
                    connection.execute(insert(table), grouped[table][first : first + CHUNK])
            print(f"\r{number + 1} of {many} models", end="", file=sys.stderr, flush=True)
        connection.execute(text("ANALYZE"))
    print(file=sys.stderr)


def pages(registry: Registry, many: int, batches: int) -> dict[str, Callable[[Random], Any]]:
    """Each page as a function that asks for one at random."""
    every = [name_of(number) for number in range(many)]

    def asking(ask: Callable[[Any, str, Random], Any]) -> Callable[[Random], Any]:
        def page(random: Random) -> Any:
            with registry.consult(seconds=30) as reader:
                return ask(reader, random.choice(every), random)

        return page

    def start(random: Random) -> datetime:
        return START + random.randrange(batches) * DAY

    return {
        "models, first page": asking(
            lambda reader, _, __: models.page(reader, models.names(reader), models.Choice(), limit=50, after=None)
        ),
        "models, searched": asking(
            lambda reader, model, _: models.page(
                reader, models.names(reader), models.Choice(search=model), limit=50, after=None
            )
        ),
        "model, head": asking(lambda reader, model, _: models.one(reader, model)),
        "model, story of 200 batches": asking(
            lambda reader, model, _: story.story(reader, model, "accuracy", limit=200)
        ),
        "model, drift of 30 columns": asking(
            lambda reader, model, _: drift.drift_map(reader, model, batches=60, columns=30)
        ),
        "model, versions": asking(lambda reader, model, _: version.versions_page(reader, model, limit=50)),
        "model, spec": asking(lambda reader, model, _: specs.spec_page(reader, model)),
        "version": asking(
            lambda reader, model, random: version.version_page(reader, model, random.randrange(batches // EVERY) + 1)
        ),
        "batch": asking(lambda reader, model, random: batch.batch_page(reader, model, start(random))),
    }


def measured(page: Callable[[Random], Any], repeats: int) -> tuple[list[float], float]:
    """Milliseconds of each of so many calls, JSON included, and the mean of their CPU time in this process."""
    random, found = Random(1), []
    cpu = time.process_time()
    adapter: TypeAdapter[Any] = TypeAdapter(Any)
    for _ in range(repeats):
        begun = time.perf_counter()
        adapter.dump_json(page(random))
        found.append(1000 * (time.perf_counter() - begun))
    return found, 1000 * (time.process_time() - cpu) / repeats


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--url", help="an empty database; by default an SQLite file that is removed again")
    parser.add_argument("--models", type=int, default=500)
    parser.add_argument("--batches", type=int, default=60)
    parser.add_argument("--columns", type=int, default=10)
    parser.add_argument("--repeats", type=int, default=40)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="evergreen-console-") as folder:
        url = asked.url or f"sqlite:///{Path(folder) / 'evergreen.db'}"
        with Registry.open(url) as registry:
            with registry.read() as reader:
                filled = bool(reader.models())
            if not filled:
                fill(url, asked.models, asked.batches, asked.columns)
            return report(pages(registry, asked.models, asked.batches), asked.repeats)


def report(asked: dict[str, Callable[[Random], Any]], repeats: int) -> int:
    print(f"{'page':<30} {'median ms':>10} {'p95 ms':>10} {'CPU ms':>8} {'limit':>8}")
    slow = 0
    for name, page in asked.items():
        found, cpu = measured(page, repeats)
        limit, high = LIMIT_MS.get(name, OTHER_LIMIT_MS), quantiles(found, n=20)[-1]
        slow += high > limit
        late = "  TOO SLOW" if high > limit else ""
        print(f"{name:<30} {median(found):>10.1f} {high:>10.1f} {cpu:>8.1f} {limit:>8.0f}{late}")
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
