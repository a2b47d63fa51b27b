"""What the routes of a model share: their path, how they ask, and how a page that is not ours is given out."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Concatenate, ParamSpec, TypeVar

from fastapi import APIRouter, Path, Response

from evergreen_console.access import SEE
from evergreen_console.answering import Answering
from evergreen_console.made import RETRAIN
from evergreen_console.records import consulted, records
from evergreen_console.schedule import run_of_decision
from ml.domain.errors import NotFoundError
from ml.views.console.models import ModelRow, one
from ml.views.console.records import Reader

__all__ = [
    "Model",
    "Number",
    "Run",
    "Sandbox",
    "asked",
    "html",
    "of_model",
    "page_of",
    "retraining_of",
    "row_of",
    "unknown",
]

Model = Annotated[str, Path(alias="dag_id", max_length=250, description="The model; its DAG has the same name.")]
Number = Annotated[int, Path(ge=1, le=2**31 - 1, description="The number of a version.")]

P = ParamSpec("P")
T = TypeVar("T")


class Sandbox:
    """What a page in a frame may do: it has no origin, fetches nothing, and runs scripts only if it needs them."""

    STILL = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"
    WITH_SCRIPTS = (
        "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; "
        "style-src 'unsafe-inline'; img-src data: blob:; font-src data:; frame-ancestors 'self'"
    )


def of_model(tag: str) -> APIRouter:
    """Return a router below a model: nobody gets there who may not see the model's DAG."""
    return APIRouter(prefix="/models/{dag_id}", tags=[tag], dependencies=[SEE], route_class=Answering)


def asked(view: Callable[Concatenate[Reader, str, P], T], model: str, *args: P.args, **kwargs: P.kwargs) -> T:
    """Ask the records for one view of a model; what it said is remembered until the model has a new record."""
    with consulted() as reader:
        return records().answers.of(reader, view, model, *args, **kwargs)


def page_of(sha256: str, sandbox: str) -> Response:
    """Give out a stored HTML page."""
    return html(records().artifact(sha256), sandbox)


def html(content: bytes | str, sandbox: str) -> Response:
    """Give out an HTML page."""
    headers = {"Content-Security-Policy": sandbox}
    return Response(content, media_type="text/html; charset=utf-8", headers=headers)


@dataclass(frozen=True)
class Run:
    """A run of a DAG in Airflow; null, where there is none: by hand, from the command line, or deleted since."""

    dag: str
    run: str | None


def retraining_of(model: str, decision_id: str) -> Run:
    """Return the run of the model's DAG of retrainings that a decision started."""
    return Run(f"{model}{RETRAIN}", run_of_decision(model, decision_id))


def row_of(model: str) -> ModelRow:
    """Return where a model stands."""
    found = asked(one, model)
    if found is None:
        raise unknown(model)
    return found


def unknown(model: str) -> NotFoundError:
    """Say that there is nothing on record about a model."""
    return NotFoundError(
        f"There is nothing on record about {model!r}.",
        remedy=f"unpause the DAG {model}, or run it: its first batch brings it here.",
    )
