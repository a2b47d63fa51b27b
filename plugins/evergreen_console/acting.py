"""What the API changes: each through the one flow that does it, under the name of who asked."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
from fastapi import APIRouter
from pydantic import BaseModel, Field, ValidationError

from evergreen_console.access import ACT, GetUserDep
from evergreen_console.answering import Answering
from evergreen_console.records import consulted, settings
from evergreen_console.routes import Model, unknown
from ml.domain.errors import SpecError
from ml.domain.records import Promotion
from ml.specs import ModelSpec

if TYPE_CHECKING:
    from ml.flows.workspace import Workspace

acting = APIRouter(prefix="/models/{dag_id}", tags=["changes"], dependencies=[ACT], route_class=Answering)

Reason = Annotated[str, Field(min_length=1, max_length=1000, description="Why; kept for good.")]


class Rollback(BaseModel, extra="forbid"):
    """Which earlier champion shall serve again; by default the one before."""

    reason: Reason
    to_version: Annotated[int | None, Field(ge=1, le=2**31 - 1)] = None


@acting.post("/rollback")
def roll_back(model: Model, asked: Rollback, user: GetUserDep) -> Promotion:
    """Make an earlier champion the champion again."""
    from ml.flows.promote import rollback

    with acting_as(user) as workspace:
        return rollback(workspace, spec_on_record(model), reason=asked.reason, to_version=asked.to_version)


@contextmanager
def acting_as(user: BaseUser) -> Iterator["Workspace"]:
    """Open the workspace for one flow; its records name the user."""
    from ml.flows.workspace import Workspace

    with Workspace.open(settings(), actor=user.get_name()) as workspace:
        yield workspace


def spec_on_record(model: str) -> ModelSpec:
    """Return the spec of a model as its last run had it: the API server may not have the folder of specs."""
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
