"""Proof that the records are what was written: audit verify, head, at; reproduce; and gc."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ml.cli.arguments import ModelArgument, age_of, date_of, model_name
from ml.cli.commands_erase import erase
from ml.cli.commands_records import reading
from ml.cli.documents import plain
from ml.cli.session import Session
from ml.domain.errors import NotFoundError

if TYPE_CHECKING:
    from ml.domain.custody import Audit, Head
    from ml.flows.reproduce import Reproduction
    from ml.registry import Reader

_BREACH = 7
AnyModel = Annotated[
    str | None, typer.Argument(metavar="MODEL", help="Name of a model, or path of its spec; by default all models.")
]


def verify(
    session: Session,
    model: AnyModel = None,
    expect: Annotated[
        list[str] | None,
        typer.Option("--expect", metavar="HEAD", help="A head noted earlier with `audit head`; may be repeated."),
    ] = None,
) -> None:
    """Go through the chain of custody and every record: name what was edited, removed, added or moved, the first one
    first.

    Exit code 7 if something was. What was cut off at the newest end, events and records together, only a head shows
    that was noted elsewhere: give it with --expect. With EVERGREEN_VERIFYING_KEY the signatures are checked too.

    Examples: evergreen audit verify; evergreen audit verify sales --expect sales:412:9f2c…
    """
    heads = [_head(text) for text in expect or ()]
    with reading(session.settings) as reader:
        names = _asked(reader, model, heads)
        audits = {name: _audited(session, reader, name, heads) for name in names}
    document = {"command": "audit verify", "passed": not any(audit.breaches for audit in audits.values())}
    document["models"] = {name: plain(audit) for name, audit in audits.items()}
    session.answer(document, *(line for name, audit in audits.items() for line in _said(name, audit)))
    if not document["passed"]:
        raise typer.Exit(_BREACH)


def _audited(session: Session, reader: Reader, model: str, heads: Sequence[Head]) -> Audit:
    with session.progress(f"verify {model}", reader.head(model).number) as advance:
        return reader.audit(
            model,
            expected=heads,
            verifying_key=session.settings.verifying_key,
            on_event=lambda number: advance(number, "events"),
        )


def _said(model: str, audit: Audit) -> list[str]:
    if audit.breaches:
        return [f"{model}: {breach.fault}: {breach.what}" for breach in audit.breaches]
    signed = f", {audit.signed} of them signed" if audit.signed else ""
    return [f"{model}: {audit.events} events{signed}, {audit.records} records: all as they were written"]


def head(session: Session, model: AnyModel = None) -> None:
    """Print the newest event of each chain, to be kept where nobody who can write the database can change it.

    Example: evergreen audit head >> /mnt/elsewhere/heads.txt
    """
    with reading(session.settings) as reader:
        found = [reader.head(name) for name in _asked(reader, model, ())]
    document = {"command": "audit head", "heads": [{**plain(one), "head": str(one)} for one in found]}
    session.answer(document, *(str(one) for one in found))


def at(
    session: Session,
    model: ModelArgument,
    date: Annotated[datetime, typer.Argument(metavar="DATE", parser=date_of, help="A moment of the data's time.")],
) -> None:
    """Say what was live at a moment, since when, why, who approved it, and on which data by which code it was trained.

    Example: evergreen audit at sales 2025-06-16
    """
    from ml.domain.erasures import seen_in
    from ml.reports.custody import live_text

    with reading(session.settings) as reader:
        name = model_name(model)
        found = reader.live_at(name, date)
        erasures = reader.erasures(name)
    if found is None:
        raise NotFoundError(f"Nothing of {name} was live at {date:%Y-%m-%d %H:%M} UTC.", remedy="ask for a later date.")
    seen = seen_in(found.manifest, found.trained_from, found.refit_until or found.trained_until, erasures)
    session.answer({"command": "audit at", **plain(found), "erased": plain(seen)}, live_text(found, seen))


def reproduce(
    session: Session,
    model: ModelArgument,
    version: Annotated[int, typer.Argument(metavar="VERSION", help="Number of the version.", min=1)],
) -> None:
    """Train a version again from its recorded frames, spec and seed: bit for bit the same, or what differs.

    Exit code 1 if it is not the same. Nothing is stored.

    Example: evergreen reproduce sales 3
    """
    from ml.flows.reproduce import reproduce as flow
    from ml.flows.workspace import Workspace

    name = model_name(model)
    with Workspace.open(session.settings) as workspace, session.progress(f"reproduce {name} version {version}"):
        found = flow(workspace, name, version)
    said = [f"version {version} of {name}: {'the same, bit for bit' if found.is_exact else 'not the same'}"]
    said += [
        f"  {what}: {'as recorded' if same else 'DIFFERENT'}" for what, same in _compared(found) if same is not None
    ]
    if found.largest_difference:
        said.append(f"  largest difference of a prediction: {found.largest_difference:.3g}")
    said += [f"  {name} was {then}, is {now}" for name, (then, now) in found.libraries.items()]
    said += [] if found.code is None else [f"  code was {found.code[0]}, is {found.code[1]}"]
    session.answer({"command": "reproduce", "exact": found.is_exact, **plain(found)}, *said)
    if not found.is_exact:
        raise typer.Exit(1)


def gc(
    session: Session,
    older_than: Annotated[
        timedelta,
        typer.Option(
            "--older-than", metavar="AGE", parser=age_of, show_default="7d", help="Keep what is younger; at least 1d."
        ),
    ] = timedelta(days=7),
    yes: Annotated[
        bool, typer.Option("--yes", help="Remove them; without it, only say what would be removed.")
    ] = False,
) -> None:
    """Remove artifacts that no record refers to: what crashed tasks left behind. By default it only says which.

    Safe beside running flows: what is younger than a day is never touched.

    Examples: evergreen gc; evergreen gc --older-than 30d --yes
    """
    from ml.flows.collect import collect
    from ml.flows.workspace import Workspace

    with Workspace.open(session.settings) as workspace, session.progress("look through the artifacts"):
        found = collect(workspace, older_than=older_than, remove=yes)
    said = [f"{one.name}  {one.size} bytes" for one in found.unreferenced]
    count, size = len(found.unreferenced), sum(one.size for one in found.unreferenced)
    said.append(
        f"{count} of {found.stored} artifacts {'removed' if yes else 'would be removed'}, {size} bytes"
        + ("" if yes or not count else "; to remove them: --yes")
    )
    session.answer({"command": "gc", "removed": yes, **plain(found)}, *said)


def _compared(found: Reproduction) -> list[tuple[str, bool | None]]:
    return [
        ("rows", found.same_rows),
        ("estimator and parameters", found.same_choice),
        ("predictions for the held-out rows", found.same_predictions),
        ("bytes of the artifact", found.same_artifact),
        ("predictions of the estimator that serves", found.same_refit),
    ]


def _asked(reader: Reader, model: str | None, heads: Sequence[Head]) -> tuple[str, ...]:
    """Return the models that were asked for; a model of which a head was noted is among them, there or not."""
    if model is not None:
        return (model_name(model),)
    return tuple(sorted({*reader.models(), *(head.model for head in heads)}))


def _head(text: str) -> Head:
    from ml.domain.custody import Head

    try:
        return Head.parse(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


AUDIT_COMMANDS: dict[str, Callable[..., Any]] = {"verify": verify, "head": head, "at": at}
COMMANDS: dict[str, Callable[..., None]] = {"reproduce": reproduce, "gc": gc, "erase": erase}
