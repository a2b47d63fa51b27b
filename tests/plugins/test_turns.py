"""However many ask at once, a few are answered at a time, and none is lost."""

from __future__ import annotations

import asyncio

from evergreen_console.turns import Turns
from starlette.types import Message, Receive, Scope, Send


class Slow:
    """An app that counts how many requests are in it, and fails where the path says so."""

    def __init__(self) -> None:
        self.inside = self.most = 0
        self.sending = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.inside += 1
        self.most = max(self.most, self.inside)
        await asyncio.sleep(0.01)
        self.inside -= 1
        if scope["path"].endswith("broken"):
            raise ValueError("broken")
        await send({"type": "http.response.start", "status": 200, "headers": []})
        if scope["path"].endswith("slow"):
            await self.sending.wait()
        await send({"type": "http.response.body", "body": b""})


async def ask(app: Turns, path: str, method: str = "GET") -> int:
    answered: list[int] = []

    async def send(message: Message) -> None:
        answered.append(message.get("status", 0))

    async def receive() -> Message:
        return {"type": "http.request"}

    await app({"type": "http", "method": method, "path": path, "root_path": "/evergreen"}, receive, send)
    return answered[0]


def test_so_many_are_answered_at_a_time() -> None:
    async def play() -> None:
        slow = Slow()
        app = Turns(slow, at_once=3)
        assert await asyncio.gather(*(ask(app, "/evergreen/api/models") for _ in range(20))) == [200] * 20
        assert slow.most == 3

    asyncio.run(play())


def test_files_of_the_page_wait_for_nobody() -> None:
    async def play() -> None:
        slow = Slow()
        await asyncio.gather(*(ask(Turns(slow, at_once=1), "/evergreen/static/console.js") for _ in range(5)))
        assert slow.most == 5

    asyncio.run(play())


def test_a_turn_ends_with_an_error_and_when_the_answer_begins() -> None:
    async def play() -> None:
        slow = Slow()
        app = Turns(slow, at_once=1)
        failed = await asyncio.gather(*(ask(app, "/evergreen/broken") for _ in range(3)), return_exceptions=True)
        assert [type(one) for one in failed] == [ValueError] * 3
        reader = asyncio.create_task(ask(app, "/evergreen/slow"))
        await asyncio.sleep(0.05)
        assert await ask(app, "/evergreen/api/models") == 200
        slow.sending.set()
        assert await reader == 200

    asyncio.run(play())


def test_whoever_waits_too_long_is_told_to_come_again() -> None:
    async def play() -> None:
        app = Turns(Slow(), at_once=1, patience=0.005)
        answers = await asyncio.gather(*(ask(app, "/evergreen/api/models") for _ in range(3)))
        assert sorted(answers) == [200, 503, 503]

    asyncio.run(play())


def test_a_change_whose_body_never_comes_keeps_nobody_waiting() -> None:
    async def body_first(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == "POST":
            await asyncio.Event().wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def play() -> None:
        app = Turns(body_first, at_once=1, patience=0.05)
        stuck = [asyncio.create_task(ask(app, "/evergreen/api/models/a/rollback", "POST")) for _ in range(3)]
        await asyncio.sleep(0)
        assert await ask(app, "/evergreen/api/models") == 200
        for one in stuck:
            one.cancel()
        await asyncio.gather(*stuck, return_exceptions=True)

    asyncio.run(play())
