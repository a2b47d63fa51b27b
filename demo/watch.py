"""Let the scheduler catch up over the simulated year, and show each batch as it is done."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from demo.airflow import Airflow, StartError, raise_if_dead
from demo.client import Client
from demo.places import MODEL, Places
from demo.simulator import START, WEEK, story_of
from ml.domain.windows import Window, parse_moment
from ml.registry import Registry
from ml.specs import ModelSpec
from ml.views import BatchRow, EventKind, timeline

_POLL_SECONDS = 1.0
_REGISTERED_SECONDS = 120.0
_STALLED_SECONDS = 240.0
_MOST_FAILURES = 3
_PAGE = 100


class Shown(Protocol):
    """Where the progress is shown."""

    def line(self, text: str) -> None:
        """Show a line that stays."""

    def state(self, done: int, text: str) -> None:
        """Show how far it is, in place of what was shown before."""


@dataclass
class Catchup:
    """The runs of the demo's model that have ended, and what is left."""

    places: Places
    airflow: Airflow
    spec: ModelSpec
    client: Client
    ended: int = 0
    unexpected: list[str] = field(default_factory=list)

    @property
    def total(self) -> int:
        """How many batches the schedule has."""
        start, end = self.spec.start, self.spec.end
        if start is None or end is None:
            raise StartError(f"{self.places.models / MODEL}.yaml must say start and end: a demo comes to an end.")
        return (end - start) // self.spec.time.batch

    def begin(self) -> None:
        """Wait until Airflow knows the model's DAGs, then switch them on."""
        ids = (self.spec.model, self.spec.retrain_dag_id)
        deadline = time.monotonic() + _REGISTERED_SECONDS
        while not all(self.client.has_dag(dag_id) for dag_id in ids):
            raise_if_dead(self.places)
            errors = self.client.import_errors()
            if errors:
                raise StartError(f"Airflow cannot load {errors[0]['filename']}:\n{errors[0]['stack_trace']}")
            if time.monotonic() > deadline:
                log = self.places.logs / "dag-processor.log"
                raise StartError(f"Airflow does not find the DAGs {' and '.join(ids)}. Its log is {log}.")
            time.sleep(_POLL_SECONDS)
        for dag_id in reversed(ids):  # first the one that the other starts
            self.client.unpause(dag_id)

    def watch(self, registry: Registry, shown: Shown) -> None:
        """Show every run as it ends; return when all have."""
        last_sign = time.monotonic()
        while self.ended < self.total:
            fresh = self._newly_ended()
            rows = _rows_by_window(registry, self.spec.model)
            for run in fresh:
                self._show(run, rows, shown)
            if fresh:
                last_sign = time.monotonic()
            elif time.monotonic() - last_sign > _STALLED_SECONDS:
                raise StartError(
                    f"No batch ended in the last {_STALLED_SECONDS:.0f} s. Look at {self.airflow.address}/dags/{MODEL} "
                    f"and at {self.places.logs / 'scheduler.log'}."
                )
            shown.state(self.ended, _now_text(rows))
            raise_if_dead(self.places)
            if self.ended < self.total:
                time.sleep(_POLL_SECONDS)

    def _newly_ended(self) -> list[dict[str, Any]]:
        # One run at a time, in the order of time: those that have ended are a prefix.
        runs, _ = self.client.runs(
            self.spec.model,
            state=["success", "failed"],
            run_type="scheduled",
            order_by="logical_date",
            offset=self.ended,
            limit=_PAGE,
        )
        return runs

    def _show(self, run: Mapping[str, Any], rows: Mapping[Window, BatchRow], shown: Shown) -> None:
        end = parse_moment(run["data_interval_end"])
        window = Window(end - self.spec.time.batch, end)
        row = rows.get(window)
        self.ended += 1
        shown.line(batch_line(window, row, run["state"], _newest_metric(rows, window)))
        if run["state"] == "failed" and (row is None or not row.stopped):
            self.unexpected.append(run["dag_run_id"])
        if len(self.unexpected) >= _MOST_FAILURES:
            raise StartError(
                f"{len(self.unexpected)} runs failed that should not have, the last one {self.unexpected[-1]}. "
                f"See why: {self.airflow.address}/dags/{MODEL}/runs/{self.unexpected[-1]}"
            )


def batch_line(window: Window, row: BatchRow | None, state: str, metric: str = "") -> str:
    """Tell one batch in a line; ``metric`` is what is known by then of the champion's performance."""
    week = (window.start - START) // WEEK
    story = story_of(week)
    told = f"  <- {story}" if story else ""
    head = f"week {week:2d}  {window.start:%Y-%m-%d}"
    if row is None:
        return f"{head}  the run ended as {state}, without a record{told}"
    if row.stopped:
        return f"{head}  stopped: {', '.join(row.codes)}{told}"
    drift = "-" if row.drift_share is None else f"{row.drift_share:.0%}"
    return f"{head}  {row.rows:4d} rows  drift {drift:>4}  {metric:<24}{_outcome(row)}{told}"


def _newest_metric(rows: Mapping[Window, BatchRow], window: Window) -> str:
    """The newest performance up to a batch: its labels come weeks later than the batch."""
    known = [row for row in rows.values() if row.metric is not None and row.window <= window]
    if not known:
        return ""
    week = (known[-1].window.start - START) // WEEK
    return f"week {week}: {known[-1].metric:.3f}"


def _outcome(row: BatchRow) -> str:
    champion = "no champion yet" if row.champion is None else f"champion v{row.champion}"
    for event in row.events:
        if event.kind is EventKind.REJECTED:
            return f"{champion}  RETRAINED, v{event.version} REJECTED"
        if event.kind is EventKind.PROMOTED:
            return f"{champion}  RETRAINED, v{event.version} promoted"
    return f"{champion}  {'retrain' if row.retrained else 'keep'}"


def _now_text(rows: Mapping[Window, BatchRow]) -> str:
    decided = [row for row in rows.values() if row.decision is not None]
    if not decided:
        return "waiting for the first decision"
    last = decided[-1]
    champion = "no champion yet" if last.champion is None else f"champion v{last.champion}"
    return f"{champion} | {last.decision.sentence if last.decision else ''}"


def _rows_by_window(registry: Registry, model: str) -> dict[Window, BatchRow]:
    with registry.read() as reader:
        return {row.window: row for row in timeline(reader, model)} if model in reader.models() else {}


@contextmanager
def progress(console: Console, total: int) -> Iterator[Shown]:
    """A moving bar on a terminal; plain lines elsewhere."""
    if not console.is_terminal:
        yield _Plain(console, total)
        return
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}", markup=False))
    with Progress(*columns, console=console, transient=True) as bar:
        yield _Bar(bar, total)


class _Plain:
    def __init__(self, console: Console, total: int) -> None:
        self._console = console
        self._total = total

    def line(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    def state(self, done: int, text: str) -> None:
        """Lines say it all where nothing can be shown in place."""


class _Bar:
    def __init__(self, bar: Progress, total: int) -> None:
        self._bar = bar
        self._task = bar.add_task("", total=total)

    def line(self, text: str) -> None:
        self._bar.console.print(text, markup=False, highlight=False, soft_wrap=True)

    def state(self, done: int, text: str) -> None:
        self._bar.update(self._task, completed=done, description=text)
