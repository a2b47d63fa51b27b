"""promote, and its mirror image rollback: exactly one champion, changed in one transaction, with the reason."""

from __future__ import annotations

from datetime import datetime
from typing import NoReturn

from ml.domain.approvals import Answer, Approval
from ml.domain.errors import HeldError, NotFoundError, RegistryError, StalePromotionError
from ml.domain.holds import ShadowEnding, ShadowVerdict, came_late, hold_asked, is_held
from ml.domain.records import Act, GateResult, Promotion, Version
from ml.flows.word import word_on
from ml.flows.workspace import Workspace
from ml.registry import Writer
from ml.specs import ModelSpec


def promote(workspace: Workspace, spec: ModelSpec, decision_id: str) -> Promotion | None:
    """Make the challenger of a decision the champion if it passed the gate; else reject it and return None.

    Where the verdict asks for a person, their Yes is needed too; a No, or no answer in time, rejects it. Either way the
    model's lease ends. Repeating the call finds what the first one did.

    Raises:
        NotFoundError: the challenger was not trained or not evaluated.
        StalePromotionError: the champion changed after the gate had judged; the challenger is rejected.
        ApprovalPendingError: it waits for a person.
        HeldError: it is held in the shadow; the lease has ended.
    """
    with workspace.registry.read() as reader:
        challenger = reader.version_by_run_key(spec.model, decision_id)
        result = None if challenger is None else reader.gate_result(spec.model, challenger.version)
        promotions = reader.promotions(spec.model)
        shadow = None if result is None else reader.shadow_verdict(spec.model, result.challenger)
    if challenger is None or result is None:
        raise NotFoundError(
            f"The challenger of {decision_id} has no verdict yet.", remedy="train, then evaluate, then promote."
        )
    done = [promotion for promotion in promotions if promotion.run_key == decision_id]
    if done:
        return done[-1]
    if is_held(result, shadow):
        _hold(workspace, spec, challenger, result)
    # A backfill of the past must not replace a champion that was trained on later rows, nor one that may be soon.
    overtaken = came_late(result) or any(promotion.as_of > challenger.as_of for promotion in promotions)
    refused = shadow is not None and shadow.ending is not ShadowEnding.PASSED
    if not result.passed or overtaken or refused:
        _reject(workspace, spec, challenger)
        return None
    approval = word_on(workspace, spec, challenger, result)
    if approval is not None and approval.answer is not Answer.APPROVED:
        _reject(workspace, spec, challenger)
        return None
    said = [one for one in (shadow, approval) if one is not None]
    as_of = max([challenger.as_of, *(one.as_of for one in said)])
    reason = _reason(result, shadow, approval)
    actor = workspace.actor if approval is None else approval.actor
    try:
        return workspace.registry.retrying(
            lambda writer: go_live(writer, workspace, challenger, result, as_of=as_of, reason=reason, actor=actor)
        )
    except StalePromotionError:
        _reject(workspace, spec, challenger)
        raise


def _hold(workspace: Workspace, spec: ModelSpec, challenger: Version, result: GateResult) -> NoReturn:
    """End the lease: from here on the records themselves say that nobody else retrains.

    Raises:
        HeldError: always.
    """
    workspace.registry.retrying(lambda writer: writer.release_lease(challenger.model, challenger.run_key))
    raise HeldError(
        f"Version {challenger.version} of {spec.model} passed the gate and is held in the shadow until "
        f"{hold_asked(result)} batches since {challenger.as_of:%Y-%m-%d %H:%M} have labels.",
        remedy=f"go on with the batches; evergreen status shows {spec.model} meanwhile.",
    )


def _reason(result: GateResult, shadow: ShadowVerdict | None, approval: Approval | None) -> str:
    after = [] if shadow is None else [shadow.sentence]
    return " ".join([result.sentence, *after, *([] if approval is None else [approval.sentence()])])


def go_live(
    writer: Writer,
    workspace: Workspace,
    challenger: Version,
    result: GateResult,
    *,
    as_of: datetime,
    reason: str,
    actor: str,
) -> Promotion:
    """Make the challenger the champion and end the lease. It serves from ``as_of`` on: held in the shadow or approved
    by a person first, that is later than the day on which it was trained.

    Raises:
        StalePromotionError: the champion changed after the gate had judged.
    """
    promotion = writer.promote(
        model=challenger.model,
        to_version=challenger.version,
        run_key=challenger.run_key,
        expected_generation=result.generation,
        as_of=as_of,
        baseline=_baseline(result),
        reason=reason,
        actor=actor,
        act=Act.PROMOTE,
        created_at=workspace.clock(),
    )
    writer.release_lease(challenger.model, challenger.run_key)
    return promotion


def rollback(workspace: Workspace, spec: ModelSpec, *, reason: str, to_version: int | None = None) -> Promotion:
    """Make an earlier champion the champion again, by default the one before; the same act as promoting, backwards.

    Raises:
        NotFoundError: there is no earlier champion, or no such version.
        RegistryError: no reason is given, or the version never was a champion.
    """
    if not reason.strip():
        raise RegistryError(
            "A rollback needs a reason.", remedy="say in a sentence why, for whoever reads it in a year."
        )
    with workspace.registry.read() as reader:
        promotions = reader.promotions(spec.model)
        generation = reader.generation(spec.model)
        watermark = reader.watermark(spec.model)
    target = to_version if to_version is not None else _previous(spec, promotions)
    served = [promotion for promotion in promotions if promotion.to_version == target]
    if not served:
        raise RegistryError(
            f"Version {target} of {spec.model} never was its champion.",
            remedy=f"choose one that was: {sorted({promotion.to_version for promotion in promotions})}.",
        )
    as_of = max(promotions[-1].as_of, watermark or promotions[-1].as_of)
    return workspace.registry.retrying(
        lambda writer: bring_back(
            writer,
            workspace,
            served[-1],
            generation=generation,
            as_of=as_of,
            run_key=f"rollback-{generation + 1}",
            reason=reason,
            actor=workspace.actor,
        )
    )


def bring_back(
    writer: Writer,
    workspace: Workspace,
    served: Promotion,
    *,
    generation: int,
    as_of: datetime,
    run_key: str,
    reason: str,
    actor: str,
) -> Promotion:
    """Make the version of an earlier promotion the champion again, for a person and for the watch alike.

    Raises:
        StalePromotionError: the champion has changed since ``generation``.
    """
    return writer.promote(
        model=served.model,
        to_version=served.to_version,
        run_key=run_key,
        expected_generation=generation,
        as_of=as_of,
        baseline=served.baseline,
        reason=reason,
        actor=actor,
        act=Act.ROLLBACK,
        created_at=workspace.clock(),
    )


def _reject(workspace: Workspace, spec: ModelSpec, challenger: Version) -> None:
    def act(writer: Writer) -> None:
        writer.reject(spec.model, challenger.version)
        writer.release_lease(spec.model, challenger.run_key)

    workspace.registry.retrying(act)


def _baseline(result: GateResult) -> dict[str, float]:
    return dict(result.metrics.get("challenger", {}))


def _previous(spec: ModelSpec, promotions: tuple[Promotion, ...]) -> int:
    if not promotions:
        raise NotFoundError(f"{spec.model} has no champion yet.", remedy="promote a first version.")
    before = promotions[-1].from_version
    if before is None:
        raise NotFoundError(
            f"{spec.model} has had one champion only, version {promotions[-1].to_version}: there is none before."
        )
    return before
