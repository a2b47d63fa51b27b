"""What a person asks of the records: status, history, explain. They import neither pandas nor scikit-learn."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ml.cli.arguments import FromOption, ModelArgument, ToOption, asked_window, model_name
from ml.cli.documents import plain
from ml.cli.session import Session
from ml.domain.errors import NotFoundError

if TYPE_CHECKING:
    from ml.registry import Reader
    from ml.settings import Settings
    from ml.views import ModelHistory


def status(session: Session) -> None:
    """Show where each model stands: champion, newest batch, performance, last decision.

    Example: evergreen status --json
    """
    from ml.reports.tables import rich_table, status_table
    from ml.views import status as view
    from ml.views.approvals import waiting

    with reading(session.settings) as reader:
        rows = view(reader)
        asked = waiting(reader)
    said = [rich_table(status_table(rows)) if rows else "no model has records yet: run `evergreen ingest MODEL`"]
    said += [f"{one.model} version {one.version} waits for a person: see evergreen approvals" for one in asked]
    session.answer({"command": "status", "models": plain(rows), "waiting": plain(asked)}, *said)


def history(
    session: Session,
    *,
    model: ModelArgument,
    start: FromOption = None,
    end: ToOption = None,
    png: Annotated[
        Path | None, typer.Option("--png", metavar="FILE", help="Also draw performance over time into FILE.")
    ] = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="Write the table in Markdown.")] = False,
    ids: Annotated[bool, typer.Option("--ids", help="List each decision with its id and sentence.")] = False,
    findings: Annotated[bool, typer.Option("--findings", help="List every finding with what to do.")] = False,
    versions: Annotated[bool, typer.Option("--versions", help="List every version with its verdict.")] = False,
    replays: Annotated[
        bool, typer.Option("--replays", help="List every replay of policies with its advice, whatever the dates.")
    ] = False,
) -> None:
    """Show a model's batches, a line each: rows, findings, drift, performance, decision with reason, champion.

    Examples: evergreen history sales --from 2025-06-01 --ids; evergreen history sales --png sales.png
    """
    from ml.reports import tables
    from ml.views import history as view
    from ml.views import summary

    asked_window(start, end)
    with reading(session.settings) as reader:
        name = model_name(model)
        found = view(reader, name, start=start, end=end)
        played = reader.replays(name) if replays else ()
    if png is not None:
        draw(found, png)
    shown = [tables.timeline_table(found.rows, metric=found.metric)]
    shown += [tables.decisions_table(found.rows)] if ids else []
    shown += [tables.findings_table(found.rows)] if findings else []
    shown += [tables.versions_table(found.versions, metric=found.metric)] if versions else []
    document = {"command": "history", **plain(found), "summary": plain(summary(found.rows))}
    if replays:
        from ml.reports.replay import replays_table

        shown.append(replays_table(played))
        document["replays"] = plain(played)
    session.answer(document, *(tables.markdown(table) if markdown else tables.rich_table(table) for table in shown))


def explain(
    session: Session,
    decision: Annotated[
        str,
        typer.Argument(metavar="DECISION", help="A decision's id or its beginning, or MODEL for its newest decision."),
    ],
) -> None:
    """Say why a decision was taken: every rule with value and threshold, what would have changed it, what followed.

    Examples: evergreen explain sales; evergreen explain sales-20250616T0000-3f2a9c1d7b60
    """
    from ml.cli.arguments import decision_id
    from ml.reports.counterfactual import counterfactual
    from ml.reports.explanation import explanation_text
    from ml.views import decision as view

    with reading(session.settings) as reader:
        newest = decision_id(reader, decision, None) if decision in reader.models() else decision
        found = view(reader, newest)
    document: dict[str, Any] = {"command": "explain", **plain(found), "counterfactual": counterfactual(found)}
    session.answer(document, explanation_text(found))


def card(
    session: Session,
    model: ModelArgument,
    version: Annotated[int | None, typer.Option("--version", help="The version; by default the champion.")] = None,
    html: Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Write it as a page into FILE.")] = None,
) -> None:
    """Write the model card of a version: use, data, metrics with intervals, parts, limits, lineage, approvals.

    Examples: evergreen card sales; evergreen card sales --version 3 --html sales-3.html
    """
    from ml.reports.card import card_html, card_markdown
    from ml.views.card import card as view

    with reading(session.settings) as reader:
        found = view(reader, model_name(model), version)
    if html is not None:
        html.write_text(card_html(found), encoding="utf-8")
    said = card_markdown(found) if html is None else f"the card is in {html}"
    session.answer({"command": "card", **plain(found)}, said)


@contextmanager
def reading(settings: Settings) -> Iterator[Reader]:
    """Open the records for reading.

    Raises:
        NotFoundError: there is no database yet; reading makes none.
    """
    from ml.registry import Registry

    prefix = "sqlite:///"
    if settings.database_url.startswith(prefix) and not Path(settings.database_url.removeprefix(prefix)).exists():
        raise NotFoundError(
            f"There are no records yet in {settings.database_url}.",
            remedy="run `evergreen run MODEL --from DATE --to DATE`, or name the right place with --home or "
            "EVERGREEN_DATABASE_URL.",
        )
    registry = Registry.open(settings.database_url)
    try:
        with registry.read() as reader:
            yield reader
    finally:
        registry.close()


def draw(found: ModelHistory, path: Path) -> None:
    """Draw a history into a PNG file."""
    from ml.problems import PROBLEMS
    from ml.reports.picture import timeline_png

    metrics = {name: metric for problem in PROBLEMS.values() for name, metric in problem.metrics.items()}
    timeline_png(
        found.rows,
        path,
        metric=found.metric,
        title=f"{found.model}: {found.metric.replace('_', ' ')} over {len(found.rows)} batches",
        higher_is_better=metrics[found.metric].higher_is_better,
    )


COMMANDS: dict[str, Callable[..., None]] = {"status": status, "history": history, "explain": explain, "card": card}
