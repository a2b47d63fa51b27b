"""What the demo says when the year is over: the table, the sum, the picture, and where to look."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rich.console import Console

from demo.places import MODEL, Places
from demo.simulator import START, WEEK, story_of
from ml.registry import Registry
from ml.reports import Table, rich_table, summary_text, timeline_png, timeline_table
from ml.reports.tables import Column
from ml.specs import ModelSpec
from ml.views import BatchRow, summary, timeline

_NARROWEST = 150


def tell(places: Places, spec: ModelSpec, registry: Registry, console: Console) -> None:
    """Print the timeline with the simulator's story beside it, and draw the picture."""
    with registry.read() as reader:
        rows = timeline(reader, spec.model)
    metric = spec.problem.metric
    wide = console if console.width >= _NARROWEST else Console(width=_NARROWEST, file=console.file)
    wide.print(rich_table(table_with_story(rows, metric)))
    console.print(summary_text(summary(rows), metric=metric), markup=False, highlight=False)
    picture = timeline_png(rows, places.picture, metric=metric, title=f"{MODEL}: a year of weekly batches")
    console.print(f"\nPicture:   {picture}", markup=False, highlight=False, soft_wrap=True)


def table_with_story(rows: Sequence[BatchRow], metric: str) -> Table:
    """The timeline's table and, beside each batch, what the simulator did from then on."""
    table = timeline_table(rows, metric=metric)
    weeks = [(row.window.start - START) // WEEK for row in rows]
    cells = tuple((f"{week}", *line, story_of(week)) for week, line in zip(weeks, table.rows, strict=True))
    columns = (Column("week", right=True), *table.columns, Column("what the simulator began", wraps=True))
    return replace(table, columns=columns, rows=cells)
