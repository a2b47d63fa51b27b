"""erase: a key's rows out of everything that is stored of a model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ml.cli.arguments import ModelArgument, model_name
from ml.cli.documents import plain
from ml.cli.session import Session

if TYPE_CHECKING:
    from ml.flows.erase import Erased


def erase(
    session: Session,
    model: ModelArgument,
    key: Annotated[list[str], typer.Option("--key", metavar="VALUE", help="The key; may be repeated.")],
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; stays on record. Name nobody in it.")],
    column: Annotated[
        str | None,
        typer.Option("--column", metavar="NAME", help="Where it stands; by default the spec's only key column."),
    ] = None,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be erased.")] = False,
) -> None:
    """Erase a key's rows from snapshots, quarantine, labels, predictions and samples, and leave tombstones.

    Erase them at the source first. What was stored is rewritten without the rows and the old bytes are deleted; the
    chain of custody keeps the digests of what was, the record a salted hash of the key. Models that learned from the
    rows are named, not changed: retrain. The same command again completes one that was cut off.

    Examples: evergreen erase sales --key 4711 --reason "request 12" --dry-run; evergreen erase sales --column customer
    --key 4711 --reason "request 12"
    """
    from ml.flows.erase import erase as flow
    from ml.flows.workspace import Workspace

    name = model_name(model)
    with Workspace.open(session.settings) as workspace, session.progress(f"erase from {name}") as advance:
        found = flow(
            workspace,
            name,
            key,
            column=column,
            reason=reason,
            remove=not dry_run,
            on_frame=lambda number: advance(number, "frames"),
        )
    session.answer({"command": "erase", "dry_run": dry_run, **plain(found)}, *_said(found, dry_run))
    if not found.is_finished:
        raise typer.Exit(1)


def _said(found: Erased, dry_run: bool) -> list[str]:
    from ml.reports.custody import erased_sentence

    would = "would be " if dry_run else ""
    said = [f"{stone.record} {stone.key}: {stone.rows} rows, {stone.field}" for stone in found.tombstones]
    said.append(
        f"{found.model}: {found.rows} rows {would}erased, {len(found.tombstones)} references {would}rewritten"
        + ("" if dry_run else f", {found.removed} artifacts deleted")
        if found.tombstones or found.removed
        else f"{found.model}: nothing that is stored holds such a row"
    )
    said += [f"erasure {number} is on record" for number in found.erasures]
    for number, seen in found.seen.items():
        said += [f"version {number} had seen erased rows. {erased_sentence(one)}" for one in seen]
    if not found.is_finished:
        others = f"these models still need them, erase there too: {', '.join(found.waiting)}"
        said.append("not finished: old bytes are left; " + (others if found.waiting else "run it again"))
    return said
