"""Nobody gets anywhere without logging in, and nobody changes what Airflow would not let them change."""

from __future__ import annotations

import re

import pytest
from fastapi import FastAPI
from starlette.routing import BaseRoute, Mount, Route

from tests.builders import MODEL, week
from tests.plugins.conftest import PREFIX, Login

BATCH = f"{week(3).start:%Y-%m-%dT%H:%M:%SZ}"
READS = {
    f"/api/models/{MODEL}": 200,
    "/api/models": 200,
    "/api/approvals": 200,
    f"/api/models/{MODEL}/approvals": 200,
    f"/api/models/{MODEL}/story": 200,
    f"/api/models/{MODEL}/drift": 200,
    f"/api/models/{MODEL}/decisions": 200,
    f"/api/models/{MODEL}/versions": 200,
    f"/api/models/{MODEL}/versions/1": 200,
    f"/api/models/{MODEL}/spec": 200,
    f"/api/models/{MODEL}/audit": 200,
    f"/api/models/{MODEL}/versions/1/compared": 200,
    f"/api/models/{MODEL}/versions/1/card": 200,
    f"/api/models/{MODEL}/batches/{BATCH}": 200,
    f"/api/models/{MODEL}/batches/{BATCH}/quarantine": 200,
    f"/api/models/{MODEL}/replays": 200,
    "/api/openapi.json": 200,
    "/static/console.js": 200,
}
ROLES = ("viewer", "user", "op", "admin")
ACTING = ("user", "op", "admin")


def routes(server: FastAPI) -> list[tuple[str, str]]:
    """Every method and path below our prefix, mounts included: one that is forgotten here is found by this walk."""
    mounted = [route for route in server.routes if isinstance(route, Mount) and route.path == PREFIX]
    assert len(mounted) == 1
    return list(walked(mounted[0].routes, PREFIX))


def walked(found: list[BaseRoute], prefix: str) -> list[tuple[str, str]]:
    paths: list[tuple[str, str]] = []
    for route in found:
        assert isinstance(route, Route), f"{route} is a mount or a socket: nothing guards it"
        filled = re.sub(r"\{dag_id\}", MODEL, route.path)
        filled = re.sub(r"\{[a-z_]+(:path)?\}", "1", filled)
        paths += [(method, prefix + filled) for method in sorted(route.methods or ())]
    return paths


def test_there_are_routes_that_show_and_routes_that_change(server: FastAPI) -> None:
    methods = {method for method, _ in routes(server)}
    assert {"GET", "POST"} <= methods


@pytest.mark.parametrize("credential", ["none", "cookie", "bearer"])
def test_every_route_wants_a_login(server: FastAPI, login: Login, credential: str) -> None:
    client = login(None)
    if credential == "cookie":
        client.cookies.set("_token", "forged")
    if credential == "bearer":
        client.headers["Authorization"] = "Bearer forged"
    for method, path in routes(server):
        answer = client.request(method, path, json={"reason": "x"})
        assert answer.status_code in (401, 403), f"{method} {path}: {answer.status_code}"
        assert MODEL not in answer.text


def test_a_user_in_the_query_is_nobody(server: FastAPI, login: Login) -> None:
    client = login(None)
    for method, path in routes(server):
        assert client.request(method, path, params={"user": "ada"}, json={}).status_code in (401, 403)


@pytest.mark.parametrize("role", ROLES)
def test_whoever_may_see_sees(login: Login, role: str) -> None:
    client = login(role)
    for path, status in READS.items():
        answer = client.get(PREFIX + path)
        assert answer.status_code == status, f"{path}: {answer.status_code} {answer.text}"


@pytest.mark.parametrize("role", ROLES)
def test_every_route_that_shows_is_open_to_whoever_may_see(server: FastAPI, login: Login, role: str) -> None:
    client = login(role)
    for method, path in routes(server):
        if method == "GET":
            status = client.get(path).status_code
            assert status in (200, 404, 409, 422), f"{path}: {status}"  # filled in with what is not there


@pytest.mark.parametrize("role", ACTING)
def test_every_route_that_changes_is_open_to_whoever_may_act(server: FastAPI, login: Login, role: str) -> None:
    client = login(role)
    changing = [path for method, path in routes(server) if method not in ("GET", "HEAD")]
    assert changing
    for path in changing:
        assert client.post(path, json={}).status_code == 422, path  # a reason is missing: it got as far as that


def test_a_viewer_changes_nothing(server: FastAPI, login: Login) -> None:
    client = login("viewer")
    changing = [(method, path) for method, path in routes(server) if method not in ("GET", "HEAD")]
    assert changing
    for method, path in changing:
        answer = client.request(method, path, json={"reason": "because"})
        assert answer.status_code == 403, f"{method} {path}: {answer.status_code}"


@pytest.mark.parametrize("role", ACTING)
def test_whoever_may_start_runs_may_roll_back(login: Login, role: str) -> None:
    client = login(role)
    answer = client.post(f"{PREFIX}/api/models/{MODEL}/rollback", json={"reason": "it was better", "to_version": 3})
    assert answer.status_code == 200, answer.text


def test_a_model_that_may_not_be_seen_is_not_listed_nor_shown(login: Login, monkeypatch: pytest.MonkeyPatch) -> None:
    from airflow.api_fastapi.auth.managers.simple.simple_auth_manager import SimpleAuthManager

    def nothing(self: object, **_: object) -> bool:
        return False

    client = login("admin")
    monkeypatch.setattr(SimpleAuthManager, "is_authorized_dag", nothing)
    page = client.get(f"{PREFIX}/api/models").json()["page"]
    assert (page["rows"], page["total"], page["tags"], page["owners"]) == ([], 0, [], [])
    assert set(page["words"].values()) == {0}
    for path in READS:
        if MODEL in path:
            assert client.get(PREFIX + path).status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ],
    ids=str,
)
def test_another_sites_page_changes_nothing(login: Login, headers: dict[str, str]) -> None:
    client = login("admin")
    answer = client.post(f"{PREFIX}/api/models/{MODEL}/rollback", json={"reason": "click here"}, headers=headers)
    assert answer.status_code == 403
    assert client.get(f"{PREFIX}/api/models", headers=headers).status_code == 200


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "same-origin"}, {"Origin": "http://testserver"}, {}], ids=str)
def test_our_own_page_does(login: Login, headers: dict[str, str]) -> None:
    answer = login("admin").post(
        f"{PREFIX}/api/models/{MODEL}/rollback", json={"reason": "prices were right", "to_version": 3}, headers=headers
    )
    assert answer.status_code == 200, answer.text


def test_every_answer_carries_the_guarding_headers(server: FastAPI, login: Login) -> None:
    for client in (login(None), login("admin")):
        for method, path in routes(server):
            headers = client.request(method, path, json={}).headers
            assert headers["X-Content-Type-Options"] == "nosniff", path
            policy = headers["Content-Security-Policy"]
            assert "default-src 'none'" in policy
            assert "script-src" not in policy


def test_only_the_pages_own_files_are_given_out(login: Login) -> None:
    client = login("viewer")
    for path in (
        "../app.py",
        "..%2fapp.py",
        "%2e%2e/app.py",
        "/etc/passwd",
        "console.js/../../app.py",
        "vendor/LICENSES.md",
    ):
        assert client.get(f"{PREFIX}/static/{path}").status_code == 404
