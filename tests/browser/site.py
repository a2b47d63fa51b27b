"""A real Airflow that shows the demo's records, and a browser that looks at it."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import httpx
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request, sync_playwright

from demo import airflow as local
from demo.places import Places
from tests.browser.chromium import MISSING, chromium
from tests.browser.records import settings_of

ROOT = Path(__file__).parents[2]
DAG_SECONDS = 240
WIDE, PHONE = 1400, 400
CONSOLE = "/plugin/evergreen"
MODEL = f"{CONSOLE}/models/deliveries"


@dataclass(frozen=True)
class _Places(Places):
    folder: Path = ROOT

    @property
    def home(self) -> Path:
        return self.folder


@dataclass
class Site:
    """A running Airflow, its records' home, and a token of its administrator."""

    address: str
    user: str
    token: str
    home: Path

    def get(self, path: str) -> Any:
        headers = {"Authorization": f"Bearer {self.token}"}
        answer = httpx.get(self.address + path, headers=headers, timeout=30, trust_env=False)
        answer.raise_for_status()
        return answer.json()


@contextmanager
def served(folder: Path, home: Path) -> Iterator[Site]:
    """Start Airflow with the records of ``home``, and wait until it knows the DAGs."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("EVERGREEN_", "AIRFLOW_"))}
    settings = settings_of(home)
    given = {
        "EVERGREEN_HOME": str(home),
        "EVERGREEN_MODELS_DIR": str(settings.models_dir),
        "EVERGREEN_DATA_ROOT": str(home),
    }
    places = _Places(folder=folder)
    started = local.up(places, _free_port(), {**kept, **given}, lambda _: None)
    try:
        login = {"username": started.user, "password": started.password}
        answer = httpx.post(f"{started.address}/auth/token", json=login, timeout=30, trust_env=False)
        site = Site(started.address, started.user, answer.json()["access_token"], home)
        _await_dags(site, {"deliveries", "deliveries.retrain", "evergreen.replay"})
        yield site
    finally:
        local.down(places)


def _await_dags(site: Site, wanted: set[str]) -> None:
    deadline = time.monotonic() + DAG_SECONDS
    while time.monotonic() < deadline:
        if wanted <= {dag["dag_id"] for dag in site.get("/api/v2/dags?limit=50")["dags"]}:
            return
        time.sleep(1)
    raise TimeoutError(f"Airflow did not register {sorted(wanted)} within {DAG_SECONDS} s")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Seen:
    """What a page did that it should not: said on the console, asked of another machine, or was refused; and what it
    asked the console's API.
    """

    console: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)

    def watch(self, page: Page, address: str) -> None:
        def said(message: ConsoleMessage) -> None:
            if message.type in ("error", "warning"):
                self.console.append(f"{message.type}: {message.text}")

        def asked(request: Request) -> None:
            if not request.url.startswith((address, "data:", "blob:")):
                self.elsewhere.append(request.url)
            if request.url.startswith(f"{address}/evergreen/api/"):
                self.questions.append(unquote(request.url.removeprefix(address)))

        page.on("console", said)
        page.on("pageerror", lambda error: self.console.append(f"uncaught: {error}"))
        page.on("request", asked)
        page.on("response", lambda one: self.failed.append(f"{one.status} {one.url}") if one.status >= 400 else None)


@dataclass
class Looking:
    """A browser, logged in: all its pages share what it has loaded, as those of one person do."""

    context: BrowserContext
    site: Site

    @contextmanager
    def at(self, path: str, *, width: int = WIDE, dark: bool = False) -> Iterator[tuple[Page, Seen]]:
        """Open a page and wait until it has all that it asks for."""
        theme = "dark" if dark else "light"
        page, seen = self.context.new_page(), Seen()
        page.set_viewport_size({"width": width, "height": 1000})
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        page.add_init_script(f"window === top && localStorage.setItem('theme', '{theme}')")  # a frame has none
        seen.watch(page, self.site.address)
        page.goto(self.site.address + path)
        settle(page)
        try:
            yield page, seen
        finally:
            page.close()


def settle(page: Page) -> None:
    """Wait until the console shows its answers, and for 300 ms no element came or went (ten seconds at most).

    A picture is drawn anew when its place gets another width, as when a scroll bar appears: on a busy machine that is
    long after the last answer.
    """
    page.wait_for_load_state("networkidle")
    page.wait_for_function("!document.querySelector('[role=status][aria-label=Loading]')")
    page.evaluate(_QUIET)


_QUIET = """() => new Promise((done) => {
  const quiet = () => { watcher.disconnect(); done(); };
  let timer = setTimeout(quiet, 300);
  const watcher = new MutationObserver(() => { clearTimeout(timer); timer = setTimeout(quiet, 300); });
  setTimeout(quiet, 10000);
  watcher.observe(document.body, { childList: true, subtree: true });
})"""


@contextmanager
def looking(site: Site, arguments: Sequence[str] = ("--no-sandbox", "--disable-gpu")) -> Iterator[Looking]:
    """Start the browser."""
    path = chromium()
    if path is None:
        raise FileNotFoundError(MISSING)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(arguments))
        context = browser.new_context()
        context.add_cookies([{"name": "_token", "value": site.token, "url": site.address}])
        try:
            yield Looking(context, site)
        finally:
            browser.close()
