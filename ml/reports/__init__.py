"""Views and replays → text, tables, pictures and pages. Pure: what they show is all in their arguments."""

from ml.reports.explanation import explanation_text
from ml.reports.picture import timeline_png
from ml.reports.tables import (
    Table,
    decisions_table,
    findings_table,
    markdown,
    plain_text,
    rich_table,
    status_table,
    timeline_table,
    versions_table,
)
from ml.reports.totals import summary_text

__all__ = [
    "Table",
    "decisions_table",
    "explanation_text",
    "findings_table",
    "markdown",
    "plain_text",
    "rich_table",
    "status_table",
    "summary_text",
    "timeline_png",
    "timeline_table",
    "versions_table",
]
