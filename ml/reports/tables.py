"""Rows of a view as a table of cells, and a table of cells as Markdown, plain text or for a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from ml.domain.findings import Severity
from ml.views.models import StatusRow, VersionRow
from ml.views.summary import reason_of
from ml.views.timeline import BatchRow, Event, EventKind

if TYPE_CHECKING:
    import rich.table

_NOTHING = "–"
_DRIFTED_SHOWN = 2
_DIGITS = ((1000, 0), (100, 1), (10, 2))
_MIDNIGHT = (0, 0, 0)


@dataclass(frozen=True, slots=True)
class Column:
    """A column's heading; numbers are set to the right. ``wraps``: long text may take several lines in a terminal."""

    heading: str
    right: bool = False
    wraps: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Cells as text; ``styles`` holds a style a row for terminals, empty for none."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    styles: tuple[str, ...] = ()
    title: str = ""


def timeline_table(rows: Sequence[BatchRow], *, metric: str, title: str = "") -> Table:
    """A line a batch: rows, findings, drift, labels, performance, decision with its reason, champion."""
    columns = (
        Column("batch"),
        Column("rows", right=True),
        Column("findings", wraps=True),
        Column("drift", wraps=True),
        Column("labels", right=True),
        Column(metric.replace("_", " "), right=True),
        Column("decision", wraps=True),
        Column("champion", wraps=True),
    )
    cells = tuple(_batch_cells(row) for row in rows)
    return Table(columns, cells, tuple(_style(row) for row in rows), title)


def _batch_cells(row: BatchRow) -> tuple[str, ...]:
    return (
        moment(row.window.start),
        f"{row.rows:,}" + (f" −{row.quarantined:,}" if row.quarantined else ""),
        ("stopped: " if row.stopped else "") + (", ".join(row.codes) or _NOTHING),
        _drift(row),
        f"{row.labelled_share:.0%}" if row.labelled else _NOTHING,
        _metric(row),
        _NOTHING if row.decision is None else reason_of(row.decision),
        _champion(row),
    )


def _drift(row: BatchRow) -> str:
    if row.drift_share is None:
        return _NOTHING
    names = [name for name, _ in row.drifted]
    more = len(names) - _DRIFTED_SHOWN
    shown = ", ".join(names[:_DRIFTED_SHOWN]) + (f" +{more}" if more > 0 else "")
    return f"{row.drift_share:.0%} {shown}".strip()


def _metric(row: BatchRow) -> str:
    if row.metric is None:
        return _NOTHING
    against = "" if row.baseline is None else f" ({_signed(row.metric - row.baseline)})"
    return number(row.metric) + against


def _signed(change: float) -> str:
    return f"{'−' if change < 0 else '+'}{number(abs(change))}"


def _champion(row: BatchRow) -> str:
    now = _NOTHING if row.champion is None else f"v{row.champion}"
    return " ".join([now, *(f"({_event(event)})" for event in row.events)])


def _event(event: Event) -> str:
    return "new" if event.kind is EventKind.PROMOTED else f"v{event.version} {event.kind.value}"


def _style(row: BatchRow) -> str:
    kinds = {event.kind for event in row.events}
    if row.stopped:
        return "red"
    if EventKind.PROMOTED in kinds:
        return "bold green"
    if kinds:
        return "yellow"
    return "" if row.metric is not None else "dim"


def status_table(rows: Sequence[StatusRow]) -> Table:
    """A line a model: champion, newest batch, performance against the value at promotion, last decision."""
    columns = (
        Column("model"),
        Column("champion"),
        Column("last batch"),
        Column("rows", right=True),
        Column("metric", right=True),
        Column("at promotion", right=True),
        Column("retrained", right=True),
        Column("last decision", wraps=True),
    )
    return Table(
        columns, tuple(_status_cells(row) for row in rows), tuple("red" if row.stopped else "" for row in rows)
    )


def _status_cells(row: StatusRow) -> tuple[str, ...]:
    since = "" if row.champion_since is None else f" since {moment(row.champion_since)}"
    stopped = " stopped" if row.stopped else ""
    held = "" if row.held is None else f", v{row.held} held in the shadow"
    return (
        row.model,
        "none yet" if row.champion is None else f"v{row.champion}{since}{held}",
        _NOTHING if row.last_batch is None else f"{moment(row.last_batch.start)}{stopped}",
        f"{row.rows:,}",
        _NOTHING if row.metric is None else f"{row.metric_name} {number(row.metric)}",
        _NOTHING if row.baseline is None else number(row.baseline),
        f"{row.retrainings} of {row.batches}",
        row.sentence,
    )


def versions_table(rows: Sequence[VersionRow], *, metric: str) -> Table:
    """A line a version: its estimator, what it saw, how it was judged."""
    columns = (
        Column("version"),
        Column("stage"),
        Column("estimator"),
        Column("rows from"),
        Column("until"),
        Column(f"{metric.replace('_', ' ')} held out", right=True),
        Column("verdict", wraps=True),
    )
    styles = {"champion": "bold green", "rejected": "yellow"}
    cells = tuple(
        (
            f"v{row.version}",
            "held" if row.held else row.stage.value,
            row.estimator,
            moment(row.trained_from),
            moment(row.seen_until) + (" (refitted)" if row.refitted else ""),
            number(row.metrics[metric]) if metric in row.metrics else _NOTHING,
            row.sentence,
        )
        for row in rows
    )
    return Table(columns, cells, tuple(styles.get(row.stage.value, "") for row in rows), "versions")


def decisions_table(rows: Sequence[BatchRow]) -> Table:
    """A line a decision, with the id by which `evergreen explain` finds it."""
    columns = (Column("batch"), Column("decision"), Column("id"), Column("sentence", wraps=True))
    decided = [(row, row.decision) for row in rows if row.decision is not None]
    cells = tuple((moment(row.window.start), item.verdict.value, item.id, item.sentence) for row, item in decided)
    return Table(columns, cells, title="decisions")


def findings_table(rows: Sequence[BatchRow]) -> Table:
    """A line a finding that is more than information, with what to do."""
    columns = (Column("batch"), Column("code"), Column("finding", wraps=True), Column("what to do", wraps=True))
    cells = tuple(
        (moment(row.window.start), finding.code, finding.sentence().removeprefix(f"{finding.code} "), finding.remedy)
        for row in rows
        for finding in row.findings
        if finding.severity is not Severity.INFO
    )
    return Table(columns, cells, title="findings")


def moment(value: datetime) -> str:
    """Write a date; with the time if it is not midnight. UTC."""
    whole_day = (value.hour, value.minute, value.second) == _MIDNIGHT
    return f"{value:%Y-%m-%d}" if whole_day else f"{value:%Y-%m-%d %H:%M}"


def number(value: float) -> str:
    """Write a metric with as many digits as one looks at: 0.8123, 12.3, 1,234."""
    for size, digits in _DIGITS:
        if abs(value) >= size:
            return f"{value:,.{digits}f}"
    return f"{value:.4f}"


def markdown(table: Table) -> str:
    """Write a table in Markdown; a pipe in a cell is escaped."""
    headings = "| " + " | ".join(column.heading for column in table.columns) + " |"
    rule = "| " + " | ".join("---:" if column.right else "---" for column in table.columns) + " |"
    lines = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in table.rows]
    return "\n".join([headings, rule, *lines]) + "\n"


def plain_text(table: Table) -> str:
    """Write a table in aligned columns, without escape codes, as wide as its cells."""
    lines = [tuple(column.heading for column in table.columns), *table.rows]
    widths = [max(len(line[at]) for line in lines) for at in range(len(table.columns))]
    drawn = [
        "  ".join(
            cell.rjust(width) if column.right else cell.ljust(width)
            for cell, width, column in zip(line, widths, table.columns, strict=True)
        ).rstrip()
        for line in lines
    ]
    return "\n".join([drawn[0], "  ".join("─" * width for width in widths), *drawn[1:]]) + "\n"


def rich_table(table: Table) -> rich.table.Table:
    """Make a table for a terminal: colours, and cells that wrap."""
    import rich.box
    import rich.table
    from rich.text import Text

    drawn = rich.table.Table(
        title=table.title or None, title_justify="left", box=rich.box.SIMPLE_HEAD, pad_edge=False, header_style="bold"
    )
    for column in table.columns:
        drawn.add_column(
            column.heading, justify="right" if column.right else "left", no_wrap=not column.wraps, overflow="fold"
        )
    for at, row in enumerate(table.rows):
        drawn.add_row(*(Text(cell) for cell in row), style=table.styles[at] if table.styles else "")
    return drawn
