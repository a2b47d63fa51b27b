"""decide: gather the history known at the end of a window, ask the policy, store the answer with its reasons."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import datetime, timedelta

from ml.domain.approvals import terms_asked
from ml.domain.errors import ArtifactError, LeaseHeldError
from ml.domain.history import History
from ml.domain.records import Decision, Trigger, Verdict
from ml.domain.windows import Window
from ml.flows.approve import expire
from ml.flows.hold import supersede
from ml.flows.lease import lease_of
from ml.flows.provenance import register
from ml.flows.settle import settle
from ml.flows.watch import watch
from ml.flows.workspace import Workspace
from ml.policies import decide as answer
from ml.policies.question import Judging
from ml.problems import problem_of
from ml.registry import Reader, Writer
from ml.specs import ModelSpec

_log = logging.getLogger(__name__)

_ATTEMPTS = 5
"""A decision that another one came between is taken anew; after the first time it is nearly always a no."""


def decide(
    workspace: Workspace,
    spec: ModelSpec,
    window: Window,
    *,
    force: bool | None = None,
    reason: str = "",
    trigger: Trigger = Trigger.SCHEDULE,
    dry_run: bool = False,
    by_hand: bool = False,
) -> Decision:
    """Decide whether to retrain, as of the end of ``window``, and record it, yes or no.

    ``force`` answers for the policy (True: retrain, False: keep) and is recorded with ``reason`` and the workspace's
    actor. ``dry_run`` records nothing; else watch and hold come first. Deciding twice on one history gives the same id.

    A yes is recorded together with the model's lease, in one transaction: while it is held, every other decision is a
    no that names this one. The lease ends with the retraining, or by itself; soon if taken ``by_hand``, since then only
    a person starts the training. A person's word is recorded whoever holds the lease; the training then says who.
    """
    metric = problem_of(spec.problem).metrics[spec.problem.metric]

    def ask() -> tuple[History, Decision]:
        with workspace.registry.read() as reader:
            history = history_of(reader, spec, as_of=window.end, now=workspace.clock())
        return history, answer(
            history,
            spec.policy,
            window=window,
            trigger=trigger,
            force=force,
            reason=reason,
            actor=workspace.actor if force is not None or trigger is Trigger.MANUAL else "",
            bounded=metric.bounded,
            judging=Judging.of(spec.gate),
        )

    if dry_run:
        return ask()[1]
    _settle_first(workspace, spec, window, forced=force is True)
    (history, decision), ttl = ask(), lease_of(spec, by_hand=by_hand)
    for left in reversed(range(_ATTEMPTS)):
        try:
            return _record(workspace, spec, history, decision, forced=force is not None, ttl=ttl)
        except LeaseHeldError:
            if not left:
                raise
        history, decision = ask()
    return decision


def _settle_first(workspace: Workspace, spec: ModelSpec, window: Window, *, forced: bool) -> None:
    """What comes before a decision, which knows of it: questions that expired, the watch, and the end of a hold.

    Rows that cannot be read keep nobody from a retraining that is ``forced``: it ends the hold that they were for.
    """
    expire(workspace, spec)
    for comes_first in (watch, settle):
        try:
            comes_first(workspace, spec, window)
        except ArtifactError as error:
            if not forced:
                raise
            _log.warning("A person has decided, so this is left undone: %s", error)


def history_of(reader: Reader, spec: ModelSpec, *, as_of: datetime, now: datetime | None = None) -> History:
    """Gather all that the policy may look at; with ``now``, the time on the wall clock, who is retraining as well."""
    metric = problem_of(spec.problem).metrics[spec.problem.metric]
    history = reader.history(spec.model, as_of=as_of, metric=metric.name, higher_is_better=metric.higher_is_better)
    return (
        history if now is None else replace(history, retraining=reader.lease_holder(spec.model, now) or _waits(history))
    )


def _waits(history: History) -> str | None:
    """Whose challenger waited for a person at that time: the lease is of now, and a past batch may be run again.

    What stood in the shadow at this very moment waits from then on: that comes before the decision.
    """
    answered = {one.version for one in history.approvals if one.as_of < history.as_of}
    after = {one.version: one for one in history.shadows}
    judged = [one for one in history.gates if one.as_of < history.as_of]
    asked = [one.challenger for one in judged if terms_asked(one, after.get(one.challenger)) is not None]
    keys = [one.run_key for one in history.versions if one.version in asked and one.version not in answered]
    return keys[-1] if keys else None


def _record(
    workspace: Workspace, spec: ModelSpec, history: History, decision: Decision, *, forced: bool, ttl: timedelta
) -> Decision:
    """Record a decision; a yes only together with the lease, and if no other one was recorded since it was gathered.

    Raises:
        LeaseHeldError: another decision is retraining the model, or has done so meanwhile.
    """
    known = {one.id for one in history.decisions} | {decision.id}

    def act(writer: Writer) -> Decision:
        register(writer, spec)
        recorded = writer.add_decision(decision)
        if decision.verdict is Verdict.RETRAIN and writer.version_by_run_key(spec.model, decision.id) is None:
            take(writer)
        return recorded

    def take(writer: Writer) -> None:
        between = writer.retrainings(spec.model, as_of=decision.as_of) - known
        if between and not forced:
            raise LeaseHeldError(f"{spec.model} was retrained by {min(between)} meanwhile.", remedy="decide again.")
        now = workspace.clock()
        why = f"the retraining of decision {decision.id} was asked for meanwhile"
        supersede(writer, spec.model, as_of=decision.as_of, run_key=decision.id, why=why, now=now)
        try:
            writer.acquire_lease(spec.model, decision.id, now=now, ttl=ttl)
        except LeaseHeldError:
            if not forced:
                raise

    return workspace.registry.retrying(act)
