"""The FastAPI app that Airflow's API server mounts at `/evergreen`."""

from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from evergreen_console import acting, approvals, batches, files, reading, replays, versions
from evergreen_console.access import AUTHENTICATED
from evergreen_console.guards import Guards
from evergreen_console.turns import Turns
from ml.domain.errors import EvergreenError, NotFoundError, RegistryUnavailableError

app = FastAPI(
    title="Evergreen",
    description="What every model is doing, and why. Log in as for Airflow's own API: with its cookie or a token.",
    version="1",
    dependencies=[AUTHENTICATED],
    # Their own routes would not be covered by the dependency; the page of the documentation would load scripts from
    # elsewhere.
    docs_url=None,
    redoc_url=None,
    openapi_url=None,
)
app.add_middleware(Turns)
app.add_middleware(Guards)  # the outer one: what is refused takes no turn, and every answer has its headers


@app.get("/api/openapi.json", include_in_schema=False)
def openapi() -> dict[str, Any]:
    """The description of this API."""
    return app.openapi()


app.include_router(files.router)
for router in (
    reading.everybody,
    reading.one_model,
    approvals.everybody,
    approvals.approvals,
    batches.batches,
    versions.versions,
    replays.replays,
    acting.acting,
):
    app.include_router(router, prefix="/api")


@app.exception_handler(EvergreenError)
def in_words(_request: Request, error: EvergreenError) -> JSONResponse:
    """Answer an error that a person can act on: what is wrong, and what to do."""
    return JSONResponse({"detail": error.message, "remedy": error.remedy}, status_code=_status(error))


def _status(error: EvergreenError) -> int:
    if isinstance(error, NotFoundError):
        return 404
    return 503 if isinstance(error, RegistryUnavailableError) else 409
