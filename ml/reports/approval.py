"""What a person needs to answer: champion and challenger side by side, and a line for each version that waits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ml.reports.tables import Column, Table, markdown, moment, number

if TYPE_CHECKING:
    from ml.views.approvals import Waiting

_NOTHING = "–"


def comparison_table(one: Waiting) -> Table:
    """A line a metric, the primary one first: what serves now, what waits, on the same held-out rows."""
    before = "champion" if one.champion is not None else "dummy"
    named = "a constant" if one.champion is None else f"champion, v{one.champion}"
    challenger, present = one.metrics.get("challenger", {}), one.metrics.get(before, {})
    names = sorted(challenger, key=lambda name: (name != one.metric, name))
    rows = tuple((name.replace("_", " "), _value(present.get(name)), _value(challenger.get(name))) for name in names)
    columns = (Column("metric"), Column(named, right=True), Column(f"challenger, v{one.version}", right=True))
    return Table(columns, rows)


def question_text(one: Waiting) -> str:
    """The question in Markdown: comparison, verdict, why it was trained, and what each answer does."""
    gain = "" if one.difference is None else f"Gain in {one.metric.replace('_', ' ')}: {one.difference:+.4g}"
    gain += "" if one.interval is None or not gain else f" ({one.interval[0]:+.4g} to {one.interval[1]:+.4g})"
    parts = (
        markdown(comparison_table(one)),
        f"{gain}, on {one.rows:,} held-out rows." if gain else "",
        f"**Gate**: {one.sentence}",
        f"**Trained because**: {one.why}" if one.why else "",
        f"*Approve* makes version {one.version} the champion; *Reject*, or no answer until "
        f"{one.until:%Y-%m-%d %H:%M} UTC, keeps what serves now.",
    )
    return "\n\n".join(part for part in parts if part)


def waiting_table(rows: Sequence[Waiting]) -> Table:
    """A line for each version that waits."""
    columns = (
        Column("model"),
        Column("version", right=True),
        Column("champion"),
        Column("asked"),
        Column("until"),
        Column("who may answer", wraps=True),
        Column("gate", wraps=True),
    )
    cells = tuple(
        (
            one.model,
            str(one.version),
            _NOTHING if one.champion is None else f"v{one.champion}",
            moment(one.asked_at),
            moment(one.until),
            ", ".join(name for _, name in one.users) or "whoever may act on the model",
            one.sentence,
        )
        for one in rows
    )
    return Table(columns, cells)


def _value(value: float | None) -> str:
    return _NOTHING if value is None else number(value)
