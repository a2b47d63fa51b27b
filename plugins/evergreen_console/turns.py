"""One question at a time: however many people browse, Airflow's own API keeps threads and the interpreter's lock."""

import asyncio

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

AT_ONCE = 1
"""Questions that are answered at the same time. An answer is Python's work nearly all of the time, so that more of them
are not faster; each is one more thread that an answer of Airflow's waits for at Python's lock."""
_READS = {"GET", "HEAD"}
PATIENCE = 30.0
"""Seconds that a question waits for its turn before it is told to come again."""


class Turns:
    """Lets so many readers in at once, files of the page apart; the rest wait on the event loop, holding no thread.

    A turn ends when the answer begins to be sent: a slow reader holds none. Changes take none: they are few, may wait
    for the database longer, and come with a body, which a dropped connection would keep everybody waiting for.
    """

    def __init__(self, app: ASGIApp, at_once: int = AT_ONCE, patience: float = PATIENCE) -> None:
        self._app = app
        self._free = asyncio.Semaphore(at_once)
        self._patience = patience

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request when its turn has come."""
        below = scope.get("path", "").removeprefix(scope.get("root_path", ""))
        if scope["type"] != "http" or scope["method"] not in _READS or below.startswith("/static/"):
            await self._app(scope, receive, send)
            return
        try:
            async with asyncio.timeout(self._patience):
                await self._free.acquire()
        except TimeoutError:
            headers = {"Retry-After": "5"}
            busy = JSONResponse({"detail": "Too many ask at once; ask again."}, status_code=503, headers=headers)
            await busy(scope, receive, send)
            return
        turn = _Turn(self._free)

        async def ending_the_turn(message: Message) -> None:
            turn.end()
            await send(message)

        try:
            await self._app(scope, receive, ending_the_turn)
        finally:
            turn.end()


class _Turn:
    """Is given back once."""

    def __init__(self, free: asyncio.Semaphore) -> None:
        self._free: asyncio.Semaphore | None = free

    def end(self) -> None:
        if self._free is not None:
            self._free.release()
            self._free = None
