"""withdraw: a person's No to a challenger that is held in the shadow, recorded with identity and reason."""

from __future__ import annotations

from ml.domain.approvals import Answer, Approval, rejected_in_shadow, word_in_shadow
from ml.domain.errors import AlreadyAnsweredError, RegistryError
from ml.domain.holds import ShadowVerdict, hold_asked
from ml.flows.hold import drop
from ml.flows.word import moment_of_word
from ml.flows.workspace import Workspace
from ml.registry import Writer
from ml.specs import ModelSpec


def withdraw(workspace: Workspace, spec: ModelSpec, number: int, *, comment: str, via: str) -> Approval | None:
    """Reject a version that is held and end its hold and its lease; None if it is not held, nor was rejected so before.

    The person is the workspace's actor. The first word holds: a second call finds it.

    Raises:
        NotFoundError: there is no such version.
        RegistryError: a comment is missing.
        AlreadyAnsweredError: the hold ended otherwise in this instant.
    """
    with workspace.registry.read() as reader:
        version, result = reader.version(spec.model, number), reader.gate_result(spec.model, number)
        ended, as_of = reader.shadow_verdict(spec.model, number), moment_of_word(reader, version)
    if hold_asked(result) is None:
        return None
    if ended is not None:
        return word_in_shadow(ended)
    if not comment.strip():
        raise RegistryError(
            f"To reject version {number} of {spec.model}, which is held in the shadow, needs a comment.",
            remedy="say in a sentence why, for whoever reads it in a year.",
        )
    word = Approval(
        spec.model, number, Answer.REJECTED, comment.strip(), workspace.actor, via, as_of, created_at=workspace.clock()
    )

    def act(writer: Writer) -> ShadowVerdict:
        """End the hold and, in the same transaction, reject what was held; unless it has ended meanwhile."""
        writer.lock(spec.model)
        done = writer.shadow_verdict(spec.model, number)
        if done is None:
            done = writer.add_shadow_verdict(rejected_in_shadow(word))
            drop(writer, version)
        return done

    done = workspace.registry.retrying(act)
    found = word_in_shadow(done)
    if found is None:
        raise AlreadyAnsweredError(
            f"The hold of version {number} of {spec.model} has ended meanwhile. {done.sentence}",
            remedy="look at what became of it; roll back, or retrain, to change what serves.",
        )
    return found
