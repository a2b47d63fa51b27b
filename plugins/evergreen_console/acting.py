"""What the API changes: each through the one flow that does it, under the name of who asked."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field, ValidationError

from evergreen_console.access import ACT, GetUserDep
from evergreen_console.records import consulted, settings
from evergreen_console.routes import Model, unknown
from ml.domain.errors import SpecError
from ml.domain.records import Promotion
from ml.specs import ModelSpec

acting = APIRouter(prefix="/models/{dag_id}", tags=["changes"], dependencies=[ACT])

Reason = Annotated[str, Field(min_length=1, max_length=1000, description="Why; kept for good.")]


class Rollback(BaseModel, extra="forbid"):
    """Which earlier champion shall serve again; by default the one before."""

    reason: Reason
    to_version: Annotated[int | None, Field(ge=1, le=2**31 - 1)] = None


@acting.post("/rollback")
def roll_back(model: Model, asked: Rollback, user: GetUserDep) -> Promotion:
    """Make an earlier champion the champion again."""
    from ml.flows.promote import rollback
    from ml.flows.workspace import Workspace

    with Workspace.open(settings(), actor=user.get_name()) as workspace:
        return rollback(workspace, _spec(model), reason=asked.reason, to_version=asked.to_version)


def _spec(model: str) -> ModelSpec:
    with consulted() as reader:
        found = reader.spec_of(model)
    if found is None:
        raise unknown(model)
    try:
        return ModelSpec.model_validate(found)
    except ValidationError as error:
        raise SpecError(
            f"The spec of {model} on record cannot be read by this version of Evergreen.",
            remedy="run a batch with today's spec, or use `evergreen rollback`.",
        ) from error
