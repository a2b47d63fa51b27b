"""The read side: what the page, the command line and the reports show. Reads records only; imports nothing heavy."""

from ml.views.explanation import Explanation, decision
from ml.views.models import ModelHistory, StatusRow, VersionRow, history, status, versions
from ml.views.summary import Summary, first_version_metrics, summary
from ml.views.timeline import BatchRow, Event, EventKind, timeline

__all__ = [
    "BatchRow",
    "Event",
    "EventKind",
    "Explanation",
    "ModelHistory",
    "StatusRow",
    "Summary",
    "VersionRow",
    "decision",
    "first_version_metrics",
    "history",
    "status",
    "summary",
    "timeline",
    "versions",
]
