"""The flows of a batch as commands: ingest, validate, score, monitor, decide, report."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ml.cli.arguments import FromOption, ModelArgument, ToOption, asked_window, ingested_window, spec_at
from ml.cli.documents import plain
from ml.cli.session import Session

if TYPE_CHECKING:
    from ml.domain.windows import Window
    from ml.flows.workspace import Workspace
    from ml.specs import ModelSpec


def ingest(session: Session, model: ModelArgument, start: FromOption = None, end: ToOption = None) -> None:
    """Read one batch from the source and keep it as an immutable snapshot.

    Without --from and --to: the batch after the newest ingested one. The same data gives the same snapshot.

    Example: evergreen ingest sales --from 2025-01-06
    """
    from ml.domain.windows import resolve_window
    from ml.flows.ingest import ingest as flow
    from ml.flows.workspace import Workspace

    spec = spec_at(model, session.settings)
    with Workspace.open(session.settings) as workspace, session.progress(f"ingest {spec.model}"):
        with workspace.registry.read() as reader:
            newest = reader.watermark(spec.model)
        window = resolve_window(
            batch=spec.time.batch, now=workspace.clock(), asked=asked_window(start, end), watermark=newest
        )
        snapshot = flow(workspace, spec, window)
    text = f"{spec.model} {window}: {snapshot.rows} rows kept as snapshot {snapshot.id} ({snapshot.sha256[:12]})"
    session.answer({"command": "ingest", "snapshot": plain(snapshot)}, text)


def validate(session: Session, model: ModelArgument, start: FromOption = None, end: ToOption = None) -> None:
    """Check a batch: set bad rows aside, stop what cannot be used.

    Example: evergreen validate sales
    """
    from ml.flows.validate import validate as flow

    window, done = _on_batch(session, "validate", model=model, start=start, end=end, flow=flow)
    text = f"{window}: {done.rows_kept} rows kept, {done.rows_quarantined} quarantined"
    findings = [finding.sentence() for finding in done.findings]
    session.answer({"command": "validate", "window": plain(window), "validation": plain(done)}, text, *findings)


def score(session: Session, model: ModelArgument, start: FromOption = None, end: ToOption = None) -> None:
    """Predict a batch with the champion of that time, and in its shadow with who was held and with retired champions.

    Example: evergreen score sales --from 2025-01-06 --to 2025-01-13
    """
    from ml.flows.score import score as flow

    window, done = _on_batch(session, "score", model=model, start=start, end=end, flow=flow)
    said = [f"version {item.version} ({item.role}): {item.rows} predictions" for item in done]
    session.answer(
        {"command": "score", "window": plain(window), "scorings": plain(done)},
        *(said or [f"{window}: there is no champion yet, nothing to score with"]),
    )


def monitor(session: Session, model: ModelArgument, start: FromOption = None, end: ToOption = None) -> None:
    """Measure drift and, where labels have arrived, performance.

    Example: evergreen monitor sales
    """
    from ml.flows.monitor import monitor as flow

    window, found = _on_batch(session, "monitor", model=model, start=start, end=end, flow=flow)
    said = [finding.sentence() for finding in found] or [f"{window}: nothing to report"]
    session.answer({"command": "monitor", "window": plain(window), "findings": plain(found)}, *said)


def decide(
    session: Session,
    *,
    model: ModelArgument,
    start: FromOption = None,
    end: ToOption = None,
    force: Annotated[
        bool | None, typer.Option("--retrain/--keep", help="Answer for the policy; needs --reason.", show_default=False)
    ] = None,
    reason: Annotated[str, typer.Option(help="Why, in a sentence: it is recorded with your name.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be decided; record nothing.")] = False,
) -> None:
    """Decide whether to retrain, and record the answer with its reasons.

    After a yes nobody else retrains the model for 15 minutes: start the training in that time, or leave it.

    Examples: evergreen decide sales; evergreen decide sales --retrain --reason "new price list"
    """
    from ml.domain.records import Trigger, Verdict
    from ml.flows.decide import decide as flow

    if force is not None and not reason.strip():
        raise typer.BadParameter("--retrain and --keep need --reason: say in a sentence why")
    trigger = Trigger.SCHEDULE if force is None else Trigger.MANUAL

    def act(workspace: Workspace, spec: ModelSpec, window: Window) -> Any:
        return flow(workspace, spec, window, force=force, reason=reason, trigger=trigger, dry_run=dry_run, by_hand=True)

    _, decision = _on_batch(session, "decide", model=model, start=start, end=end, flow=act)
    document = {"command": "decide", "dry_run": dry_run, "decision": plain(decision)}
    text = [f"{decision.verdict}: {decision.sentence}", f"decision {decision.id}"]
    if decision.verdict is Verdict.RETRAIN and not dry_run:
        text.append(f"next, within 15 minutes: evergreen train {model}")
    session.answer(document, *text)


def report(session: Session, model: ModelArgument, start: FromOption = None, end: ToOption = None) -> None:
    """Build Evidently's HTML report of a batch against the champion's training rows.

    Example: evergreen report sales --from 2025-01-06
    """
    from ml.flows.report import report as flow

    window, url = _on_batch(session, "report", model=model, start=start, end=end, flow=flow)
    session.answer({"command": "report", "window": plain(window), "url": url}, url)


def _on_batch(
    session: Session,
    verb: str,
    *,
    model: str,
    start: Any,
    end: Any,
    flow: Callable[[Workspace, ModelSpec, Window], Any],
) -> tuple[Window, Any]:
    """Call a flow on the window that was asked for, by default the newest ingested batch."""
    from ml.flows.workspace import Workspace

    spec = spec_at(model, session.settings)
    with Workspace.open(session.settings) as workspace, session.progress(f"{verb} {spec.model}"):
        with workspace.registry.read() as reader:
            window = ingested_window(reader, spec, start, end)
        return window, flow(workspace, spec, window)


COMMANDS: dict[str, Callable[..., None]] = {
    "ingest": ingest,
    "validate": validate,
    "score": score,
    "monitor": monitor,
    "decide": decide,
    "report": report,
}
