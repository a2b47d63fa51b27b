"""The flows of a retraining as commands: train, evaluate, promote; and rollback."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from ml.cli.arguments import DecisionOption, ModelArgument, decision_id, spec_at
from ml.cli.documents import plain
from ml.cli.session import Session

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ml.flows.workspace import Workspace
    from ml.specs import ModelSpec


def train(session: Session, model: ModelArgument, decision: DecisionOption = None) -> None:
    """Train the challenger that a decision asked for.

    Example: evergreen train sales
    """
    from ml.flows.train import train as flow
    from ml.specs.training import candidates_of

    with (
        _opened(session, model, decision) as (workspace, spec, chosen),
        session.progress(
            f"train {spec.model}", spec.training.search.trials * len(candidates_of(spec.training.window))
        ) as advance,
    ):
        version = flow(workspace, spec, chosen, on_trial=lambda done, of: advance(done, f"of {of} settings"))
    text = f"version {version.version} trained on rows from {version.trained_from:%F} to {version.trained_until:%F}"
    session.answer({"command": "train", "version": plain(version)}, text, f"next: evergreen evaluate {model}")


def evaluate(session: Session, model: ModelArgument, decision: DecisionOption = None) -> None:
    """Judge the challenger against the champion on the same held-out rows.

    Example: evergreen evaluate sales
    """
    from ml.flows.evaluate import evaluate as flow

    with _opened(session, model, decision) as (workspace, spec, chosen), session.progress(f"evaluate {spec.model}"):
        result = flow(workspace, spec, chosen)
    said = [f"{'passed' if result.passed else 'not passed'}: {result.sentence}"]
    said += [finding.sentence() for finding in result.findings]
    session.answer({"command": "evaluate", "gate": plain(result)}, *said)


def promote(session: Session, model: ModelArgument, decision: DecisionOption = None) -> None:
    """Make the challenger the champion if it passed the gate; else reject it.

    Example: evergreen promote sales
    """
    from ml.flows.promote import promote as flow

    with _opened(session, model, decision) as (workspace, spec, chosen), session.progress(f"promote {spec.model}"):
        promotion = flow(workspace, spec, chosen)
    text = (
        "rejected: the champion stays"
        if promotion is None
        else f"version {promotion.to_version} is the champion now (before: {promotion.from_version or 'none'})"
    )
    session.answer({"command": "promote", "promotion": plain(promotion)}, text)


def rollback(
    session: Session,
    model: ModelArgument,
    reason: Annotated[str, typer.Option(help="Why, in a sentence, for whoever reads it in a year.")],
    to: Annotated[
        int | None, typer.Option("--to", help="The version; by default the champion before this one.")
    ] = None,
) -> None:
    """Make an earlier champion the champion again, in one transaction.

    Example: evergreen rollback sales --reason "prices in the feed were wrong since Monday"
    """
    from ml.flows.promote import rollback as flow
    from ml.flows.workspace import Workspace

    spec = spec_at(model, session.settings)
    with Workspace.open(session.settings) as workspace:
        done = flow(workspace, spec, to_version=to, reason=reason)
    text = f"version {done.to_version} is the champion of {spec.model} again (before: {done.from_version})"
    session.answer({"command": "rollback", "promotion": plain(done)}, text)


@contextmanager
def _opened(session: Session, model: str, decision: str | None) -> Iterator[tuple[Workspace, ModelSpec, str]]:
    from ml.flows.workspace import Workspace

    spec = spec_at(model, session.settings)
    with Workspace.open(session.settings) as workspace:
        with workspace.registry.read() as reader:
            chosen = decision_id(reader, spec.model, decision)
        yield workspace, spec, chosen


COMMANDS: dict[str, Callable[..., None]] = {
    "train": train,
    "evaluate": evaluate,
    "promote": promote,
    "rollback": rollback,
}
