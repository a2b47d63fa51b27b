"""What a schedule looks like, and how often it is due where the expression alone tells."""

from __future__ import annotations

import re
from datetime import timedelta

PRESETS = ("@once", "@hourly", "@daily", "@weekly", "@monthly", "@quarterly", "@yearly")
_FIELD = r"[0-9A-Za-z*?][0-9A-Za-z*?/,#-]*"
CRON = re.compile(rf"{_FIELD}(?: +{_FIELD}){{4}}", re.ASCII)
"""The outline of a cron expression of five fields."""

_STEPS = {"@hourly": timedelta(hours=1), "@daily": timedelta(days=1), "@weekly": timedelta(days=7)}
_PART = re.compile(r"[0-9]{1,2}", re.ASCII)
_EVERY = re.compile(r"\*/([0-9]{1,2})", re.ASCII)
_DAY = re.compile(r"[0-7]|SUN|MON|TUE|WED|THU|FRI|SAT", re.ASCII | re.IGNORECASE)


def step_of(schedule: str) -> timedelta | None:
    """Return the time between two moments of a schedule, None if it varies or the expression is of another shape.

    >>> step_of("@weekly") == step_of("30 6 * * MON") == timedelta(days=7)
    True
    >>> step_of("*/15 * * * *"), step_of("0 6 1 * *")
    (datetime.timedelta(seconds=900), None)
    """
    if CRON.fullmatch(schedule) is None:
        return _STEPS.get(schedule)
    minute, hour, day, month, weekday = schedule.split()
    if (day, month) != ("*", "*"):
        return None
    if weekday != "*":
        once = _PART.fullmatch(minute) and _PART.fullmatch(hour) and _DAY.fullmatch(weekday)
        return timedelta(days=7) if once else None
    if hour == "*":
        return timedelta(hours=1) if _PART.fullmatch(minute) else _divided(minute, timedelta(hours=1), 60)
    if not _PART.fullmatch(minute):
        return None
    return timedelta(days=1) if _PART.fullmatch(hour) else _divided(hour, timedelta(days=1), 24)


def _divided(field: str, whole: timedelta, parts: int) -> timedelta | None:
    """Read ``*/n``: its steps are equal only where n divides the whole."""
    if field == "*":
        return whole / parts
    every = _EVERY.fullmatch(field)
    if every is None or not int(every[1]) or parts % int(every[1]):
        return None
    return whole / parts * int(every[1])
