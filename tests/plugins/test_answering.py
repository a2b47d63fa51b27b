"""An answer is written in the thread that found it, and never on the event loop."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import PlainSerializer

from tests.plugins.conftest import TestClient

THREADS: list[int] = []


def noted(value: int) -> int:
    THREADS.append(threading.get_ident())
    return value


@dataclass(frozen=True)
class Told:
    number: Annotated[int, PlainSerializer(noted)]


def app_of(route_class: Any) -> Any:
    from fastapi import APIRouter, FastAPI

    router, app = APIRouter(prefix="/below", route_class=route_class), FastAPI()

    @router.get("/{number}")
    def tell(number: int) -> Told:
        THREADS.append(threading.get_ident())
        return Told(number)

    @app.get("/loop")
    async def loop() -> int:
        return threading.get_ident()

    app.include_router(router, prefix="/api")
    return app


def test_an_answer_is_written_where_it_was_found() -> None:
    from evergreen_console.answering import Answering

    THREADS.clear()
    with TestClient(app_of(Answering)) as client:
        answer, loop = client.get("/api/below/3"), client.get("/loop").json()
        described = client.get("/openapi.json").json()
    assert (answer.json(), answer.headers["content-type"]) == ({"number": 3}, "application/json")
    found, written = THREADS
    assert found == written != loop
    assert "Told" in described["components"]["schemas"]


def test_a_wrong_question_is_refused_as_by_any_route() -> None:
    from evergreen_console.answering import Answering

    assert TestClient(app_of(Answering)).get("/api/below/three").status_code == 422
