"""A person's word on what passed the gate, for those without the web page: approvals, approve, reject."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from ml.cli.arguments import ModelArgument, spec_at
from ml.cli.commands_records import reading
from ml.cli.documents import plain
from ml.cli.session import Session

if TYPE_CHECKING:
    from ml.flows.approve import Settled
    from ml.specs import ModelSpec

VersionArgument = Annotated[int, typer.Argument(metavar="VERSION", help="The number of the version that waits.")]
RejectedArgument = Annotated[
    int, typer.Argument(metavar="VERSION", help="The number of the version that waits, or is held in the shadow.")
]
CommentOption = Annotated[
    str, typer.Option("--comment", help="Why, in a sentence, for whoever reads it in a year; kept for good.")
]


def approvals(session: Session) -> None:
    """List what passed the gate and waits for a person, with the comparison.

    Example: evergreen approvals
    """
    from ml.reports.approval import comparison_table, waiting_table
    from ml.reports.tables import rich_table
    from ml.views.approvals import waiting

    with reading(session.settings) as reader:
        rows = waiting(reader)
    shown = [rich_table(waiting_table(rows)), *(rich_table(comparison_table(one)) for one in rows)]
    session.answer({"command": "approvals", "waiting": plain(rows)}, *(shown if rows else ["nothing waits"]))


def approve(session: Session, model: ModelArgument, version: VersionArgument, comment: CommentOption = "") -> None:
    """Say Yes to a version that waits: it becomes the champion, under your login and with your comment.

    Example: evergreen approve sales 3 --comment "checked against the December figures"
    """
    from ml.flows.approve import approve as flow

    _say(session, "approve", flow, spec_at(model, session.settings), number=version, comment=comment)


def reject(session: Session, model: ModelArgument, version: RejectedArgument, comment: CommentOption = "") -> None:
    """Say No to a version that waits, or that is held in the shadow: the champion stays.

    What is held always needs a comment.

    Example: evergreen reject sales 3 --comment "not in the week before Christmas"
    """
    from ml.flows.approve import reject as flow

    _say(session, "reject", flow, spec_at(model, session.settings), number=version, comment=comment)


def _say(
    session: Session, command: str, flow: Callable[..., Settled], spec: ModelSpec, *, number: int, comment: str
) -> None:
    from ml.flows.approve import COMMAND_LINE
    from ml.flows.workspace import Workspace

    with Workspace.open(session.settings) as workspace:
        done = flow(workspace, spec, number, comment=comment, via=COMMAND_LINE)
    text = (
        "the champion stays"
        if done.promotion is None
        else f"version {done.promotion.to_version} is the champion of {spec.model} now "
        f"(before: {done.promotion.from_version or 'none'})"
    )
    session.answer({"command": command, **plain(done)}, done.approval.sentence(), text)


COMMANDS: dict[str, Callable[..., None]] = {"approvals": approvals, "approve": approve, "reject": reject}
