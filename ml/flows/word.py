"""What a person has said about a challenger, and what it means where nobody did in time."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ml.domain.approvals import Answer, Approval
from ml.domain.errors import ApprovalPendingError
from ml.domain.records import UNATTENDED, GateResult, Version
from ml.flows.workspace import Workspace
from ml.registry import Reader
from ml.specs import ModelSpec
from ml.specs.gate import ApprovalSpec

CLOCK = "clock"
"""Where the word on an expired question came from."""


def word_on(workspace: Workspace, spec: ModelSpec, challenger: Version, result: GateResult) -> Approval | None:
    """Return the answer on a challenger, an expiry recorded first if its time is over; None if nobody was asked.

    Raises:
        ApprovalPendingError: it waits.
    """
    with workspace.registry.read() as reader:
        terms = reader.terms_of(result)
        if terms is None:
            return None
        done = reader.approval(spec.model, challenger.version)
        as_of = moment_of_word(reader, challenger)
    if done is not None:
        return done
    if workspace.clock() < terms.until:
        raise ApprovalPendingError(
            f"Version {challenger.version} of {spec.model} passed the gate and waits for {terms.names()} until "
            f"{terms.until:%Y-%m-%d %H:%M} UTC.",
            remedy="answer in Airflow under Required Actions, or with: evergreen approve (or reject) "
            f"{spec.model} {challenger.version} --comment …",
        )
    expired = Approval(
        spec.model, challenger.version, Answer.EXPIRED, "", UNATTENDED, CLOCK, as_of, created_at=workspace.clock()
    )
    return workspace.registry.retrying(lambda writer: writer.add_approval(expired))


def moment_of_word(reader: Reader, challenger: Version) -> datetime:
    """Return the data's time at which a word is given now: the newest batch is known by then."""
    return max(challenger.as_of, reader.watermark(challenger.model) or challenger.as_of)


def terms_now(asked: ApprovalSpec, now: datetime) -> dict[str, Any]:
    """Write on which terms a person is asked from now on; see `terms_asked`."""
    users = [{"id": one.id, "name": one.name} for one in asked.assigned_users]
    return {"users": users, "comment": asked.comment, "until": (now + asked.expires).isoformat()}
