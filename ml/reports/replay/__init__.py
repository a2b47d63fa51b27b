"""A replay of policies → text, tables, a picture and a page."""

from ml.reports.replay.page import comparison_html
from ml.reports.replay.picture import comparison_png
from ml.reports.replay.tables import bill_table, decided_table, deeds_table, replays_table, tuned_table
from ml.reports.replay.words import comparison_text, next_step, policy_yaml, tuned_text

__all__ = [
    "bill_table",
    "comparison_html",
    "comparison_png",
    "comparison_text",
    "decided_table",
    "deeds_table",
    "next_step",
    "policy_yaml",
    "replays_table",
    "tuned_table",
    "tuned_text",
]
