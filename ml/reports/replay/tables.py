"""A replay as a table, a row a policy."""

from __future__ import annotations

from collections.abc import Sequence

from ml.domain.replays import Replay
from ml.policies.replay import REFERENCES, Comparison, Outcome
from ml.reports.replay.words import NOTHING, amount, roles, seconds_words, signed
from ml.reports.tables import Column, Table, moment, number


def comparison_table(comparison: Comparison) -> Table:
    """A row a policy, the cheapest first: quality, retrainings and what became of them, cost, regret, savings."""
    metric = comparison.setting.metric.replace("_", " ")
    columns = (
        Column("policy"),
        Column(f"mean {metric}", right=True, wraps=True),
        Column("retrained", right=True),
        Column("promoted / rejected / not worth it", right=True, wraps=True),
        Column("looks", right=True),
        Column("training", right=True),
        Column("cost", right=True),
        Column("95 % interval", right=True),
        Column("regret", right=True),
        Column(f"saved against {' / '.join(REFERENCES)}", right=True, wraps=True),
    )
    rows = tuple(_cells(comparison, one) for one in comparison.outcomes)
    return Table(columns, rows, tuple(_style(comparison, one.name) for one in comparison.outcomes), "policies")


def _cells(comparison: Comparison, one: Outcome) -> tuple[str, ...]:
    said = roles(comparison, one.name)
    low, high = one.interval
    return (
        one.name + (f" ({', '.join(said)})" if said else ""),
        NOTHING if one.mean_metric is None else number(one.mean_metric),
        str(len(one.retrained)),
        f"{len(one.promoted)} / {one.rejected} / {one.not_worth_it}",
        str(len(one.looked)),
        seconds_words(one.seconds),
        amount(round(one.total, 4)),
        f"{amount(low)} to {amount(high)}",
        regret(one),
        " / ".join(signed(round(one.against[name], 4)) for name in REFERENCES),
    )


def regret(one: Outcome) -> str:
    """Write the cost over that of the best sequence in hindsight."""
    return NOTHING if one.regret is None else f"{one.regret:.1%}"


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
