"""A replay of policies → text, tables, a picture and a page."""

from ml.reports.replay.page import comparison_html
from ml.reports.replay.picture import comparison_png
from ml.reports.replay.tables import comparison_table, decided_table, replays_table, tuned_table
from ml.reports.replay.words import comparison_text, next_step, policy_yaml, tuned_text

__all__ = [
    "comparison_html",
    "comparison_png",
    "comparison_table",
    "comparison_text",
    "decided_table",
    "next_step",
    "policy_yaml",
    "replays_table",
    "tuned_table",
    "tuned_text",
]
