"""approve and reject: a person's word on a challenger that passed the gate, recorded with identity and comment."""

from __future__ import annotations

from dataclasses import dataclass

from ml.domain.approvals import Answer, Approval, Terms
from ml.domain.errors import AlreadyAnsweredError, ApprovalPendingError, RegistryError
from ml.domain.holds import hold_asked
from ml.domain.records import GateResult, Promotion, Version
from ml.flows.promote import promote
from ml.flows.withdraw import withdraw
from ml.flows.word import moment_of_word, word_on
from ml.flows.workspace import Workspace
from ml.specs import ModelSpec

CONSOLE = "console"
COMMAND_LINE = "command line"
AIRFLOW = "airflow"


@dataclass(frozen=True, slots=True)
class Settled:
    """The word that holds, and the promotion that followed; ``first`` tells whether this call gave the word."""

    approval: Approval
    promotion: Promotion | None
    first: bool


def approve(
    workspace: Workspace, spec: ModelSpec, version: int, *, comment: str, via: str, who: tuple[str, ...] = ()
) -> Settled:
    """Say Yes to a version that passed the gate and waits, and make it the champion.

    The approver is the workspace's actor; ``who`` are ids by which the same person is known. The word is recorded
    before it is acted on, and the first one holds: saying Yes again finds it, and does what a killed call left undone.

    Raises:
        NotFoundError: there is no such version.
        RegistryError: nobody was asked, the person may not answer, or a comment is missing.
        AlreadyAnsweredError: somebody said No, or nobody answered in time.
        StalePromotionError: the champion changed meanwhile; the version is rejected.
    """
    return _answer(workspace, spec, version, Answer.APPROVED, comment=comment, via=via, who=who)


def reject(
    workspace: Workspace, spec: ModelSpec, version: int, *, comment: str, via: str, who: tuple[str, ...] = ()
) -> Settled:
    """Say No to a version that waits, or that is held in the shadow: the champion stays. Otherwise as :func:`approve`.

    What is held is rejected by whoever may act, always with a comment: nobody was asked about it.
    """
    word = withdraw(workspace, spec, version, comment=comment, via=via)
    if word is not None:
        return Settled(word, None, first=_is_of(word, workspace, comment=comment, via=via))
    return _answer(workspace, spec, version, Answer.REJECTED, comment=comment, via=via, who=who)


def expire(workspace: Workspace, spec: ModelSpec) -> tuple[Approval, ...]:
    """Reject every version of the model whose time to be answered is over; return what was recorded."""
    if spec.gate.approval is None:
        return ()
    with workspace.registry.read() as reader:
        waiting = reader.unanswered(spec.model)
    found = []
    for version, result in waiting:
        try:
            word = word_on(workspace, spec, version, result)
        except ApprovalPendingError:
            continue
        if word is not None:
            promote(workspace, spec, version.run_key)
            found.append(word)
    return tuple(found)


def _answer(
    workspace: Workspace, spec: ModelSpec, number: int, answer: Answer, *, comment: str, via: str, who: tuple[str, ...]
) -> Settled:
    with workspace.registry.read() as reader:
        version = reader.version(spec.model, number)
        result = reader.gate_result(spec.model, number)
        as_of = moment_of_word(reader, version)
    done = _earlier(workspace, spec, version, result)
    if done is None:
        _may_answer(workspace, spec, version, result, comment=comment, who=who)
        word = Approval(
            spec.model, number, answer, comment.strip(), workspace.actor, via, as_of, created_at=workspace.clock()
        )
        done = workspace.registry.retrying(lambda writer: writer.add_approval(word))
    first = _is_of(done, workspace, comment=comment, via=via)
    promotion = promote(workspace, spec, version.run_key)  # also where a killed call left it
    if done.answer is not answer:
        raise AlreadyAnsweredError(
            f"Version {number} of {spec.model} is decided already. {done.sentence()}",
            remedy="the first word holds; roll back, or retrain, to change what serves.",
        )
    return Settled(done, promotion, first)


def _is_of(word: Approval, workspace: Workspace, *, comment: str, via: str) -> bool:
    """Tell whether a word is the one that was given now."""
    return (word.actor, word.via, word.comment) == (workspace.actor, via, comment.strip())


def _earlier(workspace: Workspace, spec: ModelSpec, version: Version, result: GateResult | None) -> Approval | None:
    """Return the word on record, None while the version waits."""
    if result is None or _terms(workspace, result) is None:
        passed = "passed" if hold_asked(result) is None else "passed, and was held in the shadow first"
        why = "was not judged yet" if result is None else passed if result.passed else "did not pass"
        raise RegistryError(
            f"Nobody was asked about version {version.version} of {spec.model}: it {why}, and is {version.stage}.",
            remedy="ask for a person with gate.approval in the spec; what waits is listed by: evergreen approvals",
        )
    try:
        return word_on(workspace, spec, version, result)
    except ApprovalPendingError:
        return None


def _may_answer(
    workspace: Workspace,
    spec: ModelSpec,
    version: Version,
    result: GateResult | None,
    *,
    comment: str,
    who: tuple[str, ...],
) -> None:
    terms = None if result is None else _terms(workspace, result)
    if terms is not None and not terms.allow((workspace.actor, *who)):
        raise RegistryError(
            f"{workspace.actor} may not answer for version {version.version} of {spec.model}; {terms.names()} may.",
            remedy="ask one of them; the list is gate.approval.assigned_users, as it was when the gate judged.",
        )
    if terms is not None and terms.comment and not comment.strip():
        raise RegistryError(
            f"An answer on version {version.version} of {spec.model} needs a comment.",
            remedy="say in a sentence why, for whoever reads it in a year.",
        )


def _terms(workspace: Workspace, result: GateResult) -> Terms | None:
    with workspace.registry.read() as reader:
        return reader.terms_of(result)
