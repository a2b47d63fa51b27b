"""When a model's batches are due, and which window a due batch has."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from airflow.sdk import CronDataIntervalTimetable
from airflow.sdk.definitions.timetables._cron import CRON_PRESETS
from pendulum import DateTime, instance

from ml.domain.windows import EPOCH, Window
from ml.specs import ModelSpec

MAX_EVENTS = 5000


def timetable_of(spec: ModelSpec) -> Any:
    """The schedule of `<model>`, as Airflow wants it.

    Batches need real intervals, which a plain cron string does not give. A schedule that ends becomes a list of moments
    instead of a DAG with an end date: Airflow fills today's date into the form of a run by hand, and a run dated after
    the end of its DAG waits for ever.

    Raises:
        ValueError: the schedule has more batches between start and end than a list can hold.
        AirflowException: the cron expression means no moment.
    """
    if spec.schedule is None or spec.schedule == "@once":
        return spec.schedule
    cron = CronDataIntervalTimetable(spec.schedule, timezone="UTC")
    cron.validate()
    if spec.end is None:
        return cron
    # airflow.sdk's class of the same name cannot be read back from the database (3.3.2: KeyError '_summary').
    from airflow.timetables.events import EventsTimetable

    events = _ends_of_batches(spec.schedule, spec.start, spec.end)
    return EventsTimetable(events, presorted=True, description=f"{spec.schedule}, until {spec.end:%Y-%m-%d}")


def interval_of(spec: ModelSpec, start: datetime | None, end: datetime | None) -> Window | None:
    """The window of a scheduled or backfilled run, from its data interval in Airflow; None if it has none."""
    if start is None or end is None:
        return None
    if start < end:
        return Window(start, end)
    if spec.schedule is None or spec.schedule == "@once":
        return None
    return Window(_ticks(spec.schedule, end).get_prev(datetime), end)


def _ends_of_batches(schedule: str, start: datetime | None, end: datetime) -> list[DateTime]:
    """The ends of all whole batches between start and end; without a start the newest: the past is not scheduled."""
    moment = timedelta(microseconds=1)
    ticks = _ticks(schedule, end + moment)
    found = [ticks.get_prev(datetime) for _ in range(2)]
    while found[-1] >= (start or EPOCH) and len(found) <= MAX_EVENTS + 1:
        found.append(ticks.get_prev(datetime))
    if start is not None and found[-1] >= start:
        raise ValueError(
            f"more than {MAX_EVENTS} batches lie between start and end: leave end out, or shorten the span"
        )
    return [instance(later) for earlier, later in pairwise(reversed(found)) if earlier >= (start or EPOCH)]


def _ticks(schedule: str, at: datetime) -> Any:
    from croniter import croniter  # Airflow brings it

    return croniter(CRON_PRESETS.get(schedule, schedule), at)
