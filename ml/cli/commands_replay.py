"""replay and policy tune: what other policies would have done, before one of them is switched on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ml.cli.arguments import FromOption, ModelArgument, ToOption, asked_window, spec_at
from ml.cli.documents import plain
from ml.cli.policies import costs_of, named_policies, one_policy
from ml.cli.session import Session

if TYPE_CHECKING:
    from rich.console import RenderableType

    from ml.domain.records import Decision
    from ml.domain.replays import Replay
    from ml.flows.workspace import Workspace
    from ml.policies.replay import Comparison
    from ml.specs import ModelSpec
    from ml.specs.policy import Costs, PolicySpec

_STAGES = {"trainings": "trainings", "policies": "policies", "trials": "settings"}

WhatIfOption = Annotated[
    str | None,
    typer.Option(
        "--what-if",
        metavar="COST=NUMBER,…",
        help="Other costs than those of the spec, in any one unit: `error` of a unit of loss on one row (a wrong "
        "prediction), `training` of a retraining that goes live, `per_hour` of an hour of training, `look` the share "
        "that a training costs which is only to see. Nothing is trained anew for them.",
    ),
]
FilesOption = Annotated[
    list[Path] | None,
    typer.Option(
        metavar="FILE",
        help="Play the policies of FILE: one (what stands under `policy:`) with the name of the file, or a mapping of "
        "names to policies. May be given several times; by default a standard set is played.",
    ),
]
PngOption = Annotated[Path | None, typer.Option("--png", metavar="FILE", help="Draw the comparison into FILE.")]
HtmlOption = Annotated[
    Path | None, typer.Option("--html", metavar="FILE", help="Write the comparison as a page of its own into FILE.")
]
DecisionsOption = Annotated[
    str | None,
    typer.Option("--decisions", metavar="POLICY", help="Also list what this policy would have decided, and why."),
]
JobsOption = Annotated[
    int | None,
    typer.Option("--jobs", metavar="N", min=1, help="Train in N processes at once; by default one a core."),
]


@dataclass(frozen=True, slots=True)
class _Asked:
    """What both commands are asked: the span, the costs and the processes."""

    spec: ModelSpec
    start: datetime | None
    end: datetime | None
    costs: Costs | None
    jobs: int | None

    @property
    def options(self) -> dict[str, Any]:
        """As the flows take them."""
        return {"start": self.start, "end": self.end, "costs": self.costs, "jobs": self.jobs}


def replay(
    session: Session,
    *,
    model: ModelArgument,
    policy: FilesOption = None,
    start: FromOption = None,
    end: ToOption = None,
    what_if: WhatIfOption = None,
    jobs: JobsOption = None,
    png: PngOption = None,
    html: HtmlOption = None,
    decisions: DecisionsOption = None,
) -> None:
    """Play policies over the model's past with production's own code, and say which to use and how sure that is.

    The policy of the spec is played as `present`; `never`, `always` and `schedule` (every 10 batches) are played along.
    Every possible training is computed once and kept, so a replay that was stopped goes on where it was, and other
    policies or other costs take moments. Nothing is switched on: to use a policy, paste it into the spec.

    Examples: evergreen replay sales; evergreen replay sales --policy mine.yaml --policy others.yaml --html sales.html;
    evergreen replay sales --from 2025-01-01 --what-if error=2,training=500;
    evergreen replay sales --policy mine.yaml --decisions mine
    """
    from ml.flows.replay_record import recorded_replay
    from ml.flows.workspace import Workspace
    from ml.reports import rich_table
    from ml.reports.replay import bill_table, comparison_text, deeds_table, next_step

    asked = _asked(session, model, start, end, what_if=what_if, jobs=jobs)
    policies = _policies(policy, asked.spec, decisions)
    with Workspace.open(session.settings) as workspace:
        with session.stages(_STAGES) as advance:
            found, record = recorded_replay(
                workspace, asked.spec, policies=policies, on_progress=advance, **asked.options
            )
        kept = _kept(workspace, record, png=png, html=html)
        decided = _decided(workspace, asked, decisions, {one.name: one.policy for one in found.outcomes})
    document = {"command": "replay", "model": asked.spec.model, **kept, **plain(found)}
    if decisions is not None:
        document["decisions"] = plain(decided)
    shown = [comparison_text(found), *_recommended(found), *_listed(decided, decisions)]
    ending = (f"page in {html or kept['page']}", f"What to do: {next_step(found)}")
    session.answer(document, rich_table(bill_table(found)), rich_table(deeds_table(found)), *shown, *ending)


def _kept(workspace: Workspace, record: Replay, *, png: Path | None, html: Path | None) -> dict[str, str]:
    """Write the pictures of a replay where they are asked for, and say where they lie in any case."""
    store = workspace.store
    for path, sha256 in ((png, record.picture_sha256), (html, record.page_sha256)):
        if path is not None:
            path.write_bytes(store.get(sha256))
    return {"id": record.id, "picture": store.url_of(record.picture_sha256), "page": store.url_of(record.page_sha256)}


def _asked(
    session: Session,
    model: str,
    start: datetime | None,
    end: datetime | None,
    *,
    what_if: str | None,
    jobs: int | None,
) -> _Asked:
    asked_window(start, end)
    spec = spec_at(model, session.settings)
    costs = None if what_if is None else costs_of(what_if, spec)
    return _Asked(spec, start, end, costs, jobs)


def _policies(files: list[Path] | None, spec: ModelSpec, decisions: str | None) -> dict[str, PolicySpec] | None:
    """The policies of the files; None for the standard ones. ``decisions`` must be one that is played."""
    from ml.flows.replay import PRESENT, standard_policies
    from ml.policies.replay import REFERENCES

    found = named_policies(files, spec) if files else None
    names = [PRESENT, *REFERENCES, *(standard_policies(spec) if found is None else found)]
    if decisions is not None and decisions not in names:
        raise typer.BadParameter(f"--decisions {decisions!r} is not played: choose one of {', '.join(names)}")
    return found


def _decided(workspace: Workspace, asked: _Asked, name: str | None, policies: dict[str, Any]) -> tuple[Decision, ...]:
    """What a policy would have decided, with the ids that production would have given."""
    from ml.flows.replay import replayed_decisions
    from ml.policies.replay import with_costs
    from ml.specs.policy import PolicySpec

    if name is None:
        return ()
    policy = with_costs(PolicySpec.model_validate(policies[name]), asked.costs or asked.spec.policy.costs)
    return replayed_decisions(workspace, asked.spec, policy=policy, start=asked.start, end=asked.end)


def _recommended(found: Comparison) -> list[RenderableType]:
    """The policy to paste, if there is one to change to."""
    from ml.reports.replay import policy_yaml

    policy = next(one.policy for one in found.outcomes if one.name == found.advice.policy)
    return [policy_yaml(policy)] if found.advice.change else []


def _listed(decided: tuple[Decision, ...], name: str | None) -> list[RenderableType]:
    from ml.reports import rich_table
    from ml.reports.replay import decided_table

    return [] if name is None else [rich_table(decided_table(decided, title=f"decisions of {name}"))]


def tune(
    session: Session,
    *,
    model: ModelArgument,
    rule: Annotated[
        str | None,
        typer.Option(
            metavar="KIND",
            help="Tune one rule of this kind, for example `performance`, with all that stands around the spec's rules.",
        ),
    ] = None,
    policy: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Tune the policy of FILE; by default that of the spec.")
    ] = None,
    trials: Annotated[int, typer.Option(metavar="N", min=1, help="How many settings are tried.")] = 100,
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Of the search: the same seed finds the same.")] = 0,
    start: FromOption = None,
    end: ToOption = None,
    what_if: WhatIfOption = None,
    jobs: JobsOption = None,
) -> None:
    """Search the numbers of a policy on the earlier 60 % of the past, and report on the later 40 % only.

    The report compares with the untuned policy and with the plain ones, on batches that the search never saw, and says
    when the difference may be chance. The tuned policy is printed to be pasted into the spec.

    Examples: evergreen policy tune sales --rule performance;
    evergreen policy tune sales --policy mine.yaml --trials 300
    """
    from ml.flows.knobs import start_of
    from ml.flows.tune import tune_policy
    from ml.flows.workspace import Workspace
    from ml.reports import rich_table
    from ml.reports.replay import policy_yaml, tuned_table, tuned_text

    if rule is not None and policy is not None:
        raise typer.BadParameter("--rule and --policy both say what is tuned: give one of them")
    asked = _asked(session, model, start, end, what_if=what_if, jobs=jobs)
    chosen = asked.spec.policy if policy is None else one_policy(str(policy), asked.spec)
    chosen = chosen if rule is None else start_of(rule, chosen)
    with Workspace.open(session.settings) as workspace, session.stages(_STAGES) as advance:
        found = tune_policy(
            workspace, asked.spec, chosen, trials=trials, seed=seed, on_progress=advance, **asked.options
        )
    body = found.policy.model_dump(mode="json")
    document = {"command": "policy tune", "model": asked.spec.model, "seed": seed, **plain(found), "policy": body}
    session.answer(document, tuned_text(found), rich_table(tuned_table(found)), policy_yaml(body))


COMMANDS: dict[str, Callable[..., None]] = {"replay": replay}
POLICY_COMMANDS: dict[str, Callable[..., None]] = {"tune": tune}
