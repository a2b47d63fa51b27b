"""decide: gather the history known at the end of a window, ask the policy, store the answer with its reasons."""

from __future__ import annotations

from datetime import datetime

from ml.domain.records import Decision, History, Trigger
from ml.domain.windows import Window
from ml.flows.workspace import Workspace
from ml.policies import decide as answer
from ml.problems import problem_of
from ml.registry import Reader
from ml.specs import ModelSpec


def decide(
    workspace: Workspace,
    spec: ModelSpec,
    window: Window,
    *,
    force: bool | None = None,
    reason: str = "",
    trigger: Trigger = Trigger.SCHEDULE,
    dry_run: bool = False,
) -> Decision:
    """Decide whether to retrain, as of the end of ``window``, and record it, yes or no.

    ``force`` answers for the policy (True: retrain, False: keep) and is recorded with ``reason`` and the workspace's
    actor. ``dry_run`` records nothing. Deciding twice on one history gives the same decision, with the same id.
    """
    with workspace.registry.read() as reader:
        history = history_of(reader, spec, as_of=window.end)
    decision = answer(
        history,
        spec.policy,
        window=window,
        trigger=trigger,
        force=force,
        reason=reason,
        actor=workspace.actor if force is not None or trigger is Trigger.MANUAL else "",
        bounded=problem_of(spec.problem).metrics[spec.problem.metric].bounded,
    )
    if dry_run:
        return decision
    with workspace.registry.write() as writer:
        writer.register_model(spec.model, spec.digest, spec.model_dump(mode="json"))
        return writer.add_decision(decision)


def history_of(reader: Reader, spec: ModelSpec, *, as_of: datetime) -> History:
    """Gather all that the policy may look at."""
    metric = problem_of(spec.problem).metrics[spec.problem.metric]
    return reader.history(spec.model, as_of=as_of, metric=metric.name, higher_is_better=metric.higher_is_better)
