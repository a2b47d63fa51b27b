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
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from random import Random
from statistics import median, quantiles
from typing import Any

from generated.bulk import fill
from generated.records import DAY, EVERY, START, name_of
from pydantic import TypeAdapter

from ml.registry import Registry
from ml.views import card
from ml.views.console import audit, batch, beside, drift, models, shapes, specs, story, version

LIMIT_MS = {"models, first page": 300.0}
OTHER_LIMIT_MS = 500.0


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
        "version, beside another": asking(
            lambda reader, model, _: beside.beside(reader, model, "accuracy", batches // EVERY, batches // EVERY - 1)
        ),
        "version, card": asking(lambda reader, model, _: card.card(reader, model)),
        "model, audit": asking(lambda reader, model, _: audit.audit_page(reader, model, limit=50)),
        "batch, where its profiles are": asking(
            lambda reader, model, random: shapes.sources_of(reader, model, start(random))
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
