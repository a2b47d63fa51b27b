"""What the demo says when the year is over: the table, the sum, the picture, and what the simulator had done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rich.console import Console

from demo.places import MODEL, Places
from demo.simulator import START, STORY, WEEK
from ml.domain.findings import Severity
from ml.registry import Registry
from ml.reports import Table, plain_text, summary_text, timeline_png, timeline_table
from ml.reports.tables import Column
from ml.specs import ModelSpec
from ml.views import BatchRow, summary, timeline

_LEFT_OUT = ("drift", "labels")


def tell(places: Places, spec: ModelSpec, registry: Registry, console: Console) -> None:
    """Print a line a batch with the simulator's story beside it, sum up, and draw the picture."""
    with registry.read() as reader:
        rows = timeline(reader, spec.model)
    metric = spec.problem.metric
    table = table_with_story(rows, metric)
    lines = plain_text(table).splitlines()
    for line, style in zip(lines, ("bold", "", *table.styles), strict=True):
        console.print(line, style=style, markup=False, highlight=False, soft_wrap=True)
    _print(console, "")
    _print(console, summary_text(summary(rows), metric=metric))
    _print(console, "\nWhat the simulator did:")
    for episode in STORY:
        _print(console, f"  week {episode.first:2d}  {episode.name}: {episode.sentence}")
    picture = timeline_png(rows, places.picture, metric=metric, title=f"{MODEL}: a year of weekly batches")
    _print(console, f"\nPicture:   {picture}")


def table_with_story(rows: Sequence[BatchRow], metric: str) -> Table:
    """The timeline's table on one line a batch: drift as a number, and the name of what the simulator began."""
    table = timeline_table(rows, metric=metric)
    kept = [at for at, column in enumerate(table.columns) if column.heading not in _LEFT_OUT]
    columns = (
        Column("week", right=True),
        *(replace(table.columns[at], wraps=False) for at in kept),
        Column("drift", right=True),
        Column("simulator"),
    )
    cells = []
    for row, line in zip(rows, table.rows, strict=True):
        week = (row.window.start - START) // WEEK
        drift = "" if row.drift_share is None else f"{row.drift_share:.0%}"
        began = ", ".join(episode.name for episode in STORY if episode.first == week)
        shown = (_short(row) if table.columns[at].heading == "findings" else line[at] for at in kept)
        cells.append((str(week), *shown, drift, began))
    return Table(columns, tuple(cells), table.styles, table.title)


def _short(row: BatchRow) -> str:
    """The codes of the findings; of a stopped batch those that stopped it."""
    if not row.stopped:
        return ", ".join(row.codes)
    errors = dict.fromkeys(item.code for item in row.findings if item.severity is Severity.ERROR)
    return f"stopped: {', '.join(errors)}"


def _print(console: Console, text: str) -> None:
    console.print(text, markup=False, highlight=False, soft_wrap=True)
