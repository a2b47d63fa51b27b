"""The client of Airflow's API, against a server of the test's own."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from demo import client as module
from demo.client import Client, UnreachableError


class Airflow(HTTPServer):
    """Answers with what is queued; a token first expires, a busy database first answers 503."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers: list[tuple[int, object]] = []
        self.seen: list[tuple[str, str, str]] = []
        self.tokens = 0


class Handler(BaseHTTPRequestHandler):
    server: Airflow

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.seen.append((self.command, self.path, body.decode()))
        if self.path == "/auth/token":
            self.server.tokens += 1
            status, content = 201, {"access_token": f"token-{self.server.tokens}"}
        else:
            status, content = self.server.answers.pop(0)
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(content).encode())

    do_GET = do_POST = do_PATCH = _answer  # noqa: N815 - the names that http.server asks for

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        """Keep quiet."""


@pytest.fixture
def airflow(monkeypatch: pytest.MonkeyPatch) -> Iterator[Airflow]:
    monkeypatch.setattr(module, "_PAUSE_SECONDS", 0.0)
    with Airflow() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def client_of(server: Airflow) -> Client:
    return Client(server.server_port, "admin", "secret")


def test_it_logs_in_once_and_asks(airflow: Airflow) -> None:
    airflow.answers = [(200, {"dag_id": "a"}), (404, {})]
    client = client_of(airflow)
    assert client.has_dag("a.retrain")
    assert not client.has_dag("b/c")
    assert airflow.tokens == 1
    assert json.loads(airflow.seen[0][2]) == {"username": "admin", "password": "secret"}
    assert airflow.seen[1][:2] == ("GET", "/api/v2/dags/a.retrain")
    assert airflow.seen[2][1] == "/api/v2/dags/b%2Fc"


def test_an_expired_token_is_renewed(airflow: Airflow) -> None:
    airflow.answers = [(401, {}), (200, {})]
    client_of(airflow).unpause("a")
    assert airflow.tokens == 2
    assert airflow.seen[-1] == ("PATCH", "/api/v2/dags/a", '{"is_paused": false}')


def test_a_busy_server_is_asked_again(airflow: Airflow) -> None:
    airflow.answers = [(503, {}), (503, {}), (200, {"dag_runs": [{"dag_run_id": "r"}], "total_entries": 1})]
    runs, total = client_of(airflow).runs("a", state=["success", "failed"], limit=1)
    assert (runs[0]["dag_run_id"], total) == ("r", 1)
    assert "state=success&state=failed&limit=1" in airflow.seen[-1][1]


def test_what_will_not_pass_is_said_at_once(airflow: Airflow) -> None:
    airflow.answers = [(403, {})]
    with pytest.raises(UnreachableError, match="403"):
        client_of(airflow).import_errors()


def test_a_server_that_is_not_there_is_named() -> None:
    with pytest.raises(UnreachableError, match="monitor/health"):
        Client(1, "admin", "secret").health()
