"""A replay as a table, a row a policy."""

from __future__ import annotations

from collections.abc import Sequence

from ml.domain.records import Decision, Verdict
from ml.domain.replays import Replay
from ml.policies.replay import REFERENCES, Comparison, Outcome, Tuned
from ml.reports.replay.words import NOTHING, amount, named, seconds_words, signed
from ml.reports.tables import Column, Table, moment, number


def bill_table(comparison: Comparison) -> Table:
    """A row a policy, the cheapest first: what it would have cost, against hindsight and against the plain ones."""
    columns = (
        Column("policy", wraps=True),
        Column("cost", right=True),
        Column("95 % interval", right=True),
        Column("regret", right=True),
        *(Column(f"saved against {name}", right=True, wraps=True) for name in REFERENCES),
    )
    rows = tuple(
        (
            named(comparison, one.name),
            amount(one.total),
            f"{amount(one.interval[0])} to {amount(one.interval[1])}",
            regret(one),
            *(signed(round(one.against[name], 4)) for name in REFERENCES),
        )
        for one in comparison.outcomes
    )
    return Table(columns, rows, _styles(comparison), "what each would have cost")


def deeds_table(comparison: Comparison) -> Table:
    """A row a policy, the cheapest first: quality, retrainings, and what became of them."""
    columns = (
        Column("policy", wraps=True),
        Column(f"mean {comparison.setting.metric.replace('_', ' ')}", right=True, wraps=True),
        Column("retrained", right=True),
        Column("promoted", right=True),
        Column("rejected", right=True),
        Column("not worth it", right=True, wraps=True),
        Column("looks", right=True),
        Column("training", right=True),
    )
    rows = tuple(
        (
            named(comparison, one.name),
            NOTHING if one.mean_metric is None else number(one.mean_metric),
            str(len(one.retrained)),
            str(len(one.promoted)),
            str(one.rejected),
            str(one.not_worth_it),
            str(len(one.looked)),
            seconds_words(one.seconds),
        )
        for one in comparison.outcomes
    )
    return Table(columns, rows, _styles(comparison), "what each would have done")


def regret(one: Outcome) -> str:
    """Write the cost over that of the best sequence in hindsight."""
    return NOTHING if one.regret is None else f"{one.regret:.1%}"


def _styles(comparison: Comparison) -> tuple[str, ...]:
    return tuple(_style(comparison, one.name) for one in comparison.outcomes)


def _style(comparison: Comparison, name: str) -> str:
    if name == comparison.advice.policy:
        return "bold green"
    if name == comparison.present:
        return "bold"
    return "dim" if name in REFERENCES else ""


def replays_table(replays: Sequence[Replay]) -> Table:
    """A row a replay on record: what was played, what was advised, and where its page lies is for the caller to say."""
    columns = (
        Column("from"),
        Column("until"),
        Column("policies", right=True),
        Column("cheapest"),
        Column("recommended"),
        Column("advice", wraps=True),
        Column("id"),
    )
    rows = tuple(
        (
            moment(one.start),
            moment(one.end),
            str(len(one.outcomes)),
            str(one.outcomes[0]["name"]) if one.outcomes else NOTHING,
            str(one.advice["policy"]),
            str(one.advice["sentence"]),
            one.id,
        )
        for one in replays
    )
    return Table(columns, rows, title="replays")


def tuned_table(tuned: Tuned) -> Table:
    """A row a policy on the later batches, which the search never saw, the cheapest first."""
    columns = (
        Column("policy"),
        Column(f"cost on the {tuned.later} later batches", right=True, wraps=True),
        Column("saved by tuning", right=True),
        Column("95 % interval", right=True),
        Column("tuned is cheaper in", right=True),
    )
    found = [(tuned.cost, ("tuned", amount(round(tuned.cost, 4)), NOTHING, NOTHING, NOTHING))]
    for name, rival in tuned.rivals.items():
        low, high = (signed(round(end, 4)) for end in rival.interval)
        saved = signed(round(rival.saved, 4))
        cells = (name, amount(round(rival.cost, 4)), saved, f"{low} to {high}", f"{rival.confidence:.0%}")
        found.append((rival.cost, cells))
    rows = tuple(cells for _, cells in sorted(found, key=lambda one: one[0]))
    return Table(columns, rows, tuple("bold" if row[0] == "tuned" else "" for row in rows), "tuning")


def decided_table(decisions: Sequence[Decision], *, title: str) -> Table:
    """A row a decision of one policy, with the id that production would have given it."""
    columns = (Column("batch"), Column("decision"), Column("id"), Column("sentence", wraps=True))
    rows = tuple((moment(one.window.start), one.verdict.value, one.id, one.sentence) for one in decisions)
    styles = tuple("bold" if one.verdict is Verdict.RETRAIN else "" for one in decisions)
    return Table(columns, rows, styles, title)
