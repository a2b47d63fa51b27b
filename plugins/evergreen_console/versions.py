"""What the API shows of versions."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Query, Response

from evergreen_console.access import GetUserDep, may_act
from evergreen_console.records import records
from evergreen_console.routes import Model, Number, Run, Sandbox, asked, html, of_model, retraining_of, row_of
from ml.views.approvals import Waiting, waiting
from ml.views.card import card
from ml.views.console.beside import Compared, compared
from ml.views.console.records import Reader
from ml.views.console.version import VersionPage, VersionPageOfList, version_page, versions_page

versions = of_model("a version")


@dataclass(frozen=True)
class ShownVersion:
    """A version, the model's primary metric, whether it ``waits`` for a person and the user may act, and the run of the
    DAG of retrainings that made it.
    """

    page: VersionPage
    metric: str
    waits: Waiting | None
    may_act: bool
    run: Run


@versions.get("/versions")
def list_versions(
    model: Model,
    below: Annotated[int | None, Query(ge=1, description="Only versions with a smaller number.")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> VersionPageOfList:
    """Versions, the newest first."""
    return asked(versions_page, model, limit=limit, below=below)


@versions.get("/versions/{number}")
def show_version(model: Model, number: Number, user: GetUserDep) -> ShownVersion:
    """One version: what it is, what it saw, how it was judged, and whether it waits for a person."""
    found, waits = asked(_shown, model, number)
    run = retraining_of(model, found.version.run_key)
    return ShownVersion(found, row_of(model).metric, waits, may_act(model, user), run)


def _shown(reader: Reader, model: str, number: int) -> tuple[VersionPage, Waiting | None]:
    waits = next((one for one in waiting(reader, [model]) if one.version == number), None)
    return version_page(reader, model, number), waits


@versions.get("/versions/{number}/compared")
def compare(
    model: Model,
    number: Number,
    other: Annotated[int | None, Query(ge=1, le=2**31 - 1, description="If not the champion, or its rival.")] = None,
) -> Compared:
    """A version beside another one: its verdict, and the newest batches that both scored."""
    return asked(compared, model, number, other)


@versions.get("/versions/{number}/card", response_class=Response)
def show_card(model: Model, number: Number) -> Response:
    """The model card, as a page that runs no script and fetches nothing."""
    from ml.reports.card import card_html

    return html(card_html(asked(card, model, number)), Sandbox.STILL)


@versions.get("/versions/{number}/file", response_class=Response)
def download(model: Model, number: Number) -> Response:
    """The model's file (skops), after every check that is made before one is loaded."""
    version = asked(version_page, model, number).version
    name = f"{model}-{number}-{version.serving_sha256[:12]}.skops"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "X-Content-SHA256": version.serving_sha256}
    content = records().model_file(version.serving_sha256)
    return Response(content, media_type="application/octet-stream", headers=headers)
