"""What the API shows of a batch."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Query, Response

from evergreen_console.records import records
from evergreen_console.routes import Model, Run, Sandbox, asked, of_model, page_of
from evergreen_console.schedule import run_of_batch
from ml.domain.errors import EvergreenError, NotFoundError
from ml.views.console.batch import BatchPage, batch_page, report_of, validation_at
from ml.views.console.records import Reader
from ml.views.console.shapes import Shapes, missing_of, shapes, sources_of

batches = of_model("a batch")


@dataclass(frozen=True)
class ShownBatch:
    """A batch; ``shapes``: each of its columns beside the same of the rows that the champion had learned from, as
    shares by bin; and the run of the model's DAG that brought it: one by hand has no data interval, and is not found.
    """

    page: BatchPage
    shapes: Shapes
    run: Run


@dataclass(frozen=True)
class Quarantine:
    """The first rows that validation set aside, as text, and how many there are in all."""

    columns: list[str]
    rows: list[list[str | None]]
    total: int


@batches.get("/batches/{start}")
def show_batch(
    model: Model,
    start: datetime,
    columns: Annotated[int, Query(ge=1, le=200, description="So many columns' shapes, at most.")] = 60,
) -> ShownBatch:
    """The batch that begins at a moment: findings, metrics, drift and shape of each column."""
    found = asked(batch_page, model, start)
    run = run_of_batch(model, found.window.start, found.window.end)
    return ShownBatch(found, _shapes_or_why_not(model, start, columns), Run(model, run))


def _shapes_or_why_not(model: str, start: datetime, columns: int) -> Shapes:
    """The rest of the page is there also where a profile is not."""
    try:
        return asked(_shapes, model, start, columns)
    except EvergreenError as error:
        return Shapes((), 0, None, str(error))


def _shapes(reader: Reader, model: str, start: datetime, columns: int) -> Shapes:
    sources = sources_of(reader, model, start)
    if sources.batch is None or sources.reference is None:
        return Shapes((), 0, sources.version, missing_of(sources))
    profile = records().profile
    return shapes(profile(sources.reference), profile(sources.batch), sources.version, limit=columns)


@batches.get("/batches/{start}/quarantine")
def show_quarantine(model: Model, start: datetime, limit: Annotated[int, Query(ge=1, le=100)] = 100) -> Quarantine:
    """The first rows of a batch that validation set aside."""
    _, validation = asked(validation_at, model, start)
    if validation is None or validation.quarantine_sha256 is None:
        return Quarantine([], [], 0)
    columns, rows, total = records().first_rows(validation.quarantine_sha256, limit=limit)
    return Quarantine(columns, rows, total)


@batches.get("/batches/{start}/report", response_class=Response)
def show_report(model: Model, start: datetime) -> Response:
    """Evidently's report of a batch, as a page that runs only its own scripts and fetches nothing."""
    sha256 = asked(report_of, model, start)
    if sha256 is None:
        raise NotFoundError(
            f"No report of this batch of {model} was built.", remedy="start a run of the DAG evergreen.report."
        )
    return page_of(sha256, Sandbox.WITH_SCRIPTS)
