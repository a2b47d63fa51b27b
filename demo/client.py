"""The few calls of Airflow's REST API that the demo needs, on the standard library."""

from __future__ import annotations

import http.client
import json
import time
import urllib.parse
from collections.abc import Mapping
from typing import Any

from demo.ports import HOST

_TIMEOUT_SECONDS = 20.0
_UNAUTHORIZED = 401
_NOT_FOUND = 404
_BAD = 400
_SERVER_ERROR = 500
_ATTEMPTS = 5
_PAUSE_SECONDS = 1.0


class UnreachableError(Exception):
    """Airflow's API did not answer, or not in the way expected; ``status`` is that of HTTP, 0 if there was none."""

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status

    @property
    def may_pass(self) -> bool:
        """Whether the same call may succeed a moment later.

        With SQLite, Airflow answers 503 while its scheduler writes; tokens expire; a busy machine is slow to answer.
        """
        return self.status in (0, _UNAUTHORIZED) or self.status >= _SERVER_ERROR


class Client:
    """Logs in when first needed, and again when its token has expired."""

    def __init__(self, port: int, user: str, password: str) -> None:
        self._port = port
        self._login = {"username": user, "password": password}
        self._token = ""

    def health(self) -> dict[str, Any]:
        """Return the state of each of Airflow's parts."""
        found: dict[str, Any] = self._open("GET", "/api/v2/monitor/health", None, {})
        return found

    def has_dag(self, dag_id: str) -> bool:
        """Tell whether the DAG processor has registered the DAG."""
        return self._call("GET", f"/api/v2/dags/{_quoted(dag_id)}", missing_ok=True) is not None

    def import_errors(self) -> list[dict[str, Any]]:
        """Return the DAG files that could not be loaded."""
        found: list[dict[str, Any]] = self._call("GET", "/api/v2/importErrors")["import_errors"]
        return found

    def unpause(self, dag_id: str) -> None:
        """Let the scheduler start runs of the DAG."""
        self._call("PATCH", f"/api/v2/dags/{_quoted(dag_id)}", {"is_paused": False})

    def runs(self, dag_id: str, **query: object) -> tuple[list[dict[str, Any]], int]:
        """Return one page of the DAG's runs and how many there are in all."""
        text = urllib.parse.urlencode(query, doseq=True)
        found = self._call("GET", f"/api/v2/dags/{_quoted(dag_id)}/dagRuns?{text}", missing_ok=True)
        return ([], 0) if found is None else (found["dag_runs"], found["total_entries"])

    def _call(self, method: str, path: str, body: Mapping[str, Any] | None = None, *, missing_ok: bool = False) -> Any:
        for attempt in range(_ATTEMPTS):
            if not self._token:
                self._token = self._open("POST", "/auth/token", self._login, {})["access_token"]
            try:
                return self._open(method, path, body, {"Authorization": f"Bearer {self._token}"})
            except UnreachableError as error:
                if error.status == _NOT_FOUND and missing_ok:
                    return None
                if attempt == _ATTEMPTS - 1 or not error.may_pass:
                    raise
                self._token = "" if error.status == _UNAUTHORIZED else self._token
                time.sleep(_PAUSE_SECONDS)
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _open(self, method: str, path: str, body: Mapping[str, Any] | None, headers: Mapping[str, str]) -> Any:
        # http.client knows no proxies and no other schemes: the server is on this machine.
        connection = http.client.HTTPConnection(HOST, self._port, timeout=_TIMEOUT_SECONDS)
        text = None if body is None else json.dumps(body)
        try:
            connection.request(method, path, text, {"Content-Type": "application/json", **headers})
            response = connection.getresponse()
            answer = response.read()
            if response.status >= _BAD:
                raise UnreachableError(f"{method} {path}: {response.status} {response.reason}", response.status)
            return json.loads(answer)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise UnreachableError(f"{method} http://{HOST}:{self._port}{path}: {error}") from error
        finally:
            connection.close()


def _quoted(text: str) -> str:
    return urllib.parse.quote(text, safe="")
