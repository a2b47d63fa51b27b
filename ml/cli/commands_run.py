"""run: the whole loop without Airflow, for trying out and for tests."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ml.cli.arguments import FromOption, ModelArgument, ToOption, asked_window, spec_at
from ml.cli.commands_records import draw
from ml.cli.documents import plain
from ml.cli.policies import NEVER, with_policy
from ml.cli.session import Session, settings_at

if TYPE_CHECKING:
    from ml.domain.windows import Window
    from ml.settings import Settings
    from ml.specs import ModelSpec
    from ml.views import ModelHistory

_KEY_LENGTH = 8


@dataclass(frozen=True, slots=True)
class _Span:
    start: datetime
    end: datetime


def run(
    session: Session,
    *,
    model: ModelArgument,
    start: FromOption = None,
    end: ToOption = None,
    policy: Annotated[
        str | None,
        typer.Option(
            metavar="FILE|never", help="Try another policy (the YAML under `policy:`), with records of its own."
        ),
    ] = None,
    compare: Annotated[
        str | None,
        typer.Option(metavar="FILE|never", help="Play the same batches with this policy too, and compare the means."),
    ] = None,
    png: Annotated[
        Path | None, typer.Option("--png", metavar="FILE", help="Draw performance over time into FILE.")
    ] = None,
) -> None:
    """Play the loop over past batches, as Airflow would: ingest, validate, score, monitor, decide, retrain.

    Ends with a line a batch and a summary. Dates default to `start` and `end` of the spec. What was played is recorded;
    playing it again finds its own results. A policy on trial never touches the model's records.

    Examples: evergreen run sales --from 2025-01-01 --to 2026-01-01 --compare never;
    evergreen run sales.yaml --from 2025-01-01 --to 2025-04-01 --home /tmp/try
    """
    from ml.reports import rich_table, summary_text, timeline_table
    from ml.views import summary

    spec = spec_at(model, session.settings)
    span = _span(spec, start, end)
    found, home = _played(session, spec, span, policy)
    never = None if compare is None else _metrics(_played(session, spec, span, compare)[0])
    if png is not None:
        draw(found, png)
    total = summary(found.rows, never=never)
    against = "never retraining" if compare == NEVER else f"the policy of {compare}"
    document = {"command": "run", "home": str(home), **plain(found), "compared_with": compare, "summary": plain(total)}
    session.answer(
        document,
        rich_table(timeline_table(found.rows, metric=found.metric)),
        summary_text(total, metric=found.metric, against=against),
        f"records in {home}",
    )


def _span(spec: ModelSpec, start: datetime | None, end: datetime | None) -> _Span:
    low, high = asked_window(start or spec.start, end or spec.end)
    if low is None or high is None:
        raise typer.BadParameter(
            f"--from and --to are needed: the spec of {spec.model} has no start and end of its own"
        )
    if high - low < spec.time.batch:
        raise typer.BadParameter(f"there is no whole batch from {low.isoformat()} to {high.isoformat()}")
    return _Span(low, high)


def _played(session: Session, spec: ModelSpec, span: _Span, policy: str | None) -> tuple[ModelHistory, Path]:
    """Play the span; with a policy on trial in a home of its own below the current one."""
    from ml.domain.digests import digest_of
    from ml.domain.windows import Window
    from ml.flows.loop import run as flow
    from ml.flows.workspace import Workspace
    from ml.views import history

    settings = session.settings
    if policy is not None:
        spec = with_policy(spec, policy)
        settings = _on_trial(settings, digest_of(spec.policy.model_dump(mode="json")))
    total = sum(1 for _ in Window(span.start, span.end).batches(spec.time.batch))
    with Workspace.open(settings) as workspace:
        with session.progress(f"{spec.model}{'' if policy is None else f' ({policy})'}", total) as advance:
            done = 0

            def on_batch(outcome: Any) -> None:
                nonlocal done
                done += 1
                advance(done, _said(outcome))

            # What was imported stays until the end: the collector need not walk it again and again.
            gc.freeze()
            flow(workspace, spec, start=span.start, end=span.end, on_batch=on_batch)
        with workspace.registry.read() as reader:
            return history(reader, spec.model, start=span.start, end=span.end), settings.home


def _said(outcome: Any) -> str:
    """Say what became of a batch in the line of the progress bar."""
    return f"{outcome.window.start:%Y-%m-%d} {next(_became(outcome), '')}".rstrip()


def _became(outcome: Any) -> Iterator[str]:
    if outcome.stopped is not None:
        yield "stopped"
    if outcome.rollback is not None:
        yield f"rolled back to version {outcome.rollback.to_version}"
    if outcome.promotion is not None:
        yield f"version {outcome.promotion.to_version} promoted"
    if outcome.held:
        yield "challenger held in the shadow"
    if outcome.shadow is not None:
        yield f"version {outcome.shadow.version} {outcome.shadow.ending} in the shadow"
    if outcome.waits:
        yield "challenger waits for a person"
    if outcome.verdict is not None:
        yield "challenger rejected"


def _on_trial(settings: Settings, policy_sha256: str) -> Settings:
    from dataclasses import replace

    own = settings_at(settings.home / "trials" / policy_sha256[:_KEY_LENGTH])
    return replace(own, models_dir=settings.models_dir, data_root=settings.data_root)


def _metrics(found: ModelHistory) -> dict[Window, float]:
    return {row.window: row.metric for row in found.rows if row.metric is not None}


COMMANDS: dict[str, Callable[..., None]] = {"run": run}
