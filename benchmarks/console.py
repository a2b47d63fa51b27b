"""What the console's pages cost at the server, on records of many models.

    python benchmarks/console.py                                  # SQLite: 500 models x 60 batches x 10 columns
    python benchmarks/console.py --models 20 --batches 500 --columns 50
    python benchmarks/console.py --batches 500 --columns 50       # the whole size, 14 million measurements
    python benchmarks/console.py --url postgresql://…             # an empty PostgreSQL database

Prints a line a page: the median and the 95th percentile in milliseconds of wall time, question and JSON together, in
this process, and the CPU time of this process (with SQLite, the database's as well), which says more on a busy
machine; then whether one reads a large table whole, by the database's own plans at this size. Ends with 1 if one does,
or is above its limit. That of the plans is a test on small tables, too: tests/integration/test_console_plans.py.
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
from generated.plans import is_large, questions_of, read_whole
from generated.records import DAY, EVERY, START, name_of
from pydantic import TypeAdapter

from ml.registry import Reader, Registry
from ml.views import approvals, card
from ml.views.console import audit, batch, beside, drift, models, shapes, specs, story, version

LIMIT_MS = {"models, first page": 300.0, "models, nothing new": 300.0}
OTHER_LIMIT_MS = 500.0


def listed(reader: Reader, choice: models.Choice, known: models.Known | None = None) -> Any:
    """All that the page Models asks the records."""
    page = models.page(reader, models.names(reader), choice, limit=50, after=None, known=known)
    return page, approvals.how_many_wait(reader, [row.model for row in page.rows])


def pages(registry: Registry, many: int, batches: int) -> dict[str, Callable[[Random], Any]]:
    """Each page as a function that asks for one at random."""
    every, known = [name_of(number) for number in range(many)], models.Known()

    def asking(ask: Callable[[Any, str, Random], Any]) -> Callable[[Random], Any]:
        def page(random: Random) -> Any:
            with registry.consult(seconds=30) as reader:
                return ask(reader, random.choice(every), random)

        return page

    def start(random: Random) -> datetime:
        return START + random.randrange(batches) * DAY

    return {
        "models, first page": asking(lambda reader, _, __: listed(reader, models.Choice())),
        "models, nothing new": asking(lambda reader, _, __: listed(reader, models.Choice(), known)),
        "models, searched": asking(lambda reader, model, _: listed(reader, models.Choice(search=model))),
        "approvals": asking(lambda reader, _, __: approvals.waiting(reader, models.names(reader))),
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
            lambda reader, model, _: beside.compared(reader, model, batches // EVERY, batches // EVERY - 1)
        ),
        "version, card": asking(lambda reader, model, _: card.card(reader, model)),
        "model, audit": asking(lambda reader, model, _: audit.audit_page(reader, model, limit=50)),
        "batch, where its profiles are": asking(
            lambda reader, model, random: shapes.sources_of(reader, model, start(random))
        ),
        "batch": asking(lambda reader, model, random: batch.batch_page(reader, model, start(random))),
    }


def whole_tables(registry: Registry, asked: dict[str, Callable[[Random], Any]]) -> list[str]:
    """Name the pages that read a large table from one end to the other, by the plans of the database on this size."""
    found = []
    with registry.consult(seconds=30) as reader:
        connection = reader._connection  # noqa: SLF001 - a page has no other use for it
        for name, page in asked.items():
            questions = questions_of(connection.engine, lambda page=page: page(Random(1)))
            whole = {table for one, values in questions.items() for table in read_whole(connection, one, values)}
            found += [f"{name}: {table}" for table in sorted(whole) if is_large(connection, table)]
    return found


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
            asking = pages(registry, asked.models, asked.batches)
            slow = report(asking, asked.repeats)
            whole = whole_tables(registry, asking)
            print("\n".join(["no page reads a large table whole"] if not whole else ["READ WHOLE:", *whole]))
            return 1 if slow or whole else 0


def report(asked: dict[str, Callable[[Random], Any]], repeats: int) -> int:
    """Print a line a page, and return how many are above their limit."""
    print(f"{'page':<30} {'median ms':>10} {'p95 ms':>10} {'CPU ms':>8} {'limit':>8}")
    slow = 0
    for name, page in asked.items():
        found, cpu = measured(page, repeats)
        limit, high = LIMIT_MS.get(name, OTHER_LIMIT_MS), quantiles(found, n=20)[-1]
        slow += high > limit
        late = "  TOO SLOW" if high > limit else ""
        print(f"{name:<30} {median(found):>10.1f} {high:>10.1f} {cpu:>8.1f} {limit:>8.0f}{late}")
    return slow


if __name__ == "__main__":
    sys.exit(main())
