"""How an answer becomes JSON: in the thread that found it."""

from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from pydantic import TypeAdapter


class Answering(APIRoute):
    """A route that writes its answer itself.

    FastAPI checks an answer in a thread of its own and writes it on the event loop, where all of Airflow waits. Ours is
    what its type says, as a type checker has seen, and is written where it was found.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return what answers a request."""
        find = self.dependant.call
        if find is not None and self.response_model is not None:
            self.dependant.call = _in_json(find, TypeAdapter(self.response_model))
        return super().get_route_handler()


def _in_json(find: Callable[..., Any], adapter: TypeAdapter[Any]) -> Callable[..., Response]:
    @wraps(find)
    def answer(*args: Any, **kwargs: Any) -> Response:
        return Response(adapter.dump_json(find(*args, **kwargs)), media_type="application/json")

    return answer
