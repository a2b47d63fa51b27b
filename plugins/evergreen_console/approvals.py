"""What the API shows of what waits for a person, and how the person's word is taken."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field

from evergreen_console.access import ACT, GetUserDep, may_act, visible
from evergreen_console.acting import acting_as, spec_on_record
from evergreen_console.answering import Answering
from evergreen_console.records import consulted
from evergreen_console.routes import Model, Number, of_model
from ml.domain.approvals import Approval
from ml.domain.records import Promotion
from ml.views.approvals import Waiting, waiting
from ml.views.console.models import names

everybody = APIRouter(tags=["approvals"], route_class=Answering)
approvals = of_model("approvals")


@dataclass(frozen=True)
class Approvals:
    """What waits, the oldest first, and the models on which the user may act."""

    waiting: tuple[Waiting, ...]
    may_act: tuple[str, ...]


@dataclass(frozen=True)
class Answered:
    """The word that holds, and the change of champion that followed; null where there was none."""

    approval: Approval
    promotion: Promotion | None


class Word(BaseModel, extra="forbid"):
    """What a person says to it."""

    comment: Annotated[str, Field(max_length=1000, pattern=r"\S", description="Why; kept for good.")]


@everybody.get("/approvals")
def list_approvals(user: GetUserDep) -> Approvals:
    """All versions that wait for a person, of the models that one may see."""
    with consulted() as reader:
        found = waiting(reader, visible(names(reader), user))
    return Approvals(found, tuple(model for model in dict.fromkeys(one.model for one in found) if may_act(model, user)))


@approvals.get("/approvals")
def list_approvals_of_model(model: Model, user: GetUserDep) -> Approvals:
    """The versions of a model that wait for a person."""
    with consulted() as reader:
        found = waiting(reader, [model])
    return Approvals(found, (model,) if may_act(model, user) else ())


@approvals.post("/versions/{number}/approve", dependencies=[ACT])
def approve(model: Model, number: Number, word: Word, user: GetUserDep) -> Answered:
    """Let a version that waits go live."""
    from ml.flows.approve import CONSOLE
    from ml.flows.approve import approve as flow

    with acting_as(user) as workspace:
        done = flow(workspace, spec_on_record(model), number, comment=word.comment, via=CONSOLE, who=(user.get_id(),))
    return Answered(done.approval, done.promotion)


@approvals.post("/versions/{number}/reject", dependencies=[ACT])
def reject(model: Model, number: Number, word: Word, user: GetUserDep) -> Answered:
    """Keep a version that waits, or is held in the shadow, from going live, for good."""
    from ml.flows.approve import CONSOLE
    from ml.flows.approve import reject as flow

    with acting_as(user) as workspace:
        done = flow(workspace, spec_on_record(model), number, comment=word.comment, via=CONSOLE, who=(user.get_id(),))
    return Answered(done.approval, done.promotion)
