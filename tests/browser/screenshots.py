"""Makes the pictures of the documentation: `make screenshots`. They show the demo's year, as everybody can play it."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page

from ml.registry import Registry
from tests.browser.records import fill, settings_of
from tests.browser.site import CONSOLE, MODEL, PHONE, ROOT, WIDE, Looking, looking, served

IMAGES = ROOT / "docs" / "images"
TALLEST = 2600
BATCH = "2025-04-27T00:00:00Z"
DRIFTED = "2025-10-05T00:00:00Z"


def main(home: Path, airflow: Path) -> None:
    """Fill a home, unless it is filled, and make all pictures."""
    if not (home / "evergreen.db").exists():
        home.mkdir(parents=True, exist_ok=True)
        fill(home)
    decision, replay = _ids(home)
    pages: list[tuple[str, str, int, bool]] = [
        ("console-models", CONSOLE, WIDE, False),
        ("console-model", MODEL, WIDE, False),
        ("console-model-dark", MODEL, WIDE, True),
        ("console-decision", f"{MODEL}/decisions/{decision}", WIDE, False),
        ("console-version", f"{MODEL}/versions/4", WIDE, False),
        ("console-batch", f"{MODEL}/batches/{BATCH}", WIDE, False),
        ("console-approvals", f"{CONSOLE}/approvals", WIDE, False),
        ("console-replay", f"{MODEL}/replays/{replay}", WIDE, False),
        ("console-tab", "/dags/deliveries/plugin/evergreen-model", WIDE, False),
        ("console-phone", MODEL, PHONE, False),
    ]
    with served(airflow, home) as site, looking(site) as browser:
        for name, path, width, dark in pages:
            _picture(browser, IMAGES / f"{name}.png", path, width=width, dark=dark)
            print(name)
        with browser.at(f"{MODEL}/batches/{DRIFTED}") as (page, _):
            profile = page.locator("section", has=page.get_by_role("heading", name="Profile", exact=True))
            page.set_viewport_size({"width": WIDE, "height": _height(page)})
            page.wait_for_timeout(800)
            profile.screenshot(path=IMAGES / "console-profile.png")


def _ids(home: Path) -> tuple[str, str]:
    """A decision that was followed by a rejection, and the replay."""
    with Registry.open(settings_of(home).database_url) as registry, registry.read() as reader:
        rejected = next(one for one in reader.gate_results("deliveries") if not one.passed)
        return reader.version("deliveries", rejected.challenger).run_key, reader.replays("deliveries")[0].id


def _picture(browser: Looking, file: Path, path: str, *, width: int, dark: bool) -> None:
    with browser.at(path, width=width, dark=dark) as (page, _):
        page.locator("section").first.wait_for()  # a tab comes after the page around it
        page.set_viewport_size({"width": width, "height": min(_height(page), TALLEST if width == WIDE else 1700)})
        page.wait_for_timeout(800)
        page.screenshot(path=file)


def _height(page: Page) -> int:
    """How tall what scrolls is."""
    found: int = page.evaluate(
        """() => Math.max(...[...document.querySelectorAll("*")]
          .filter((one) => one.clientWidth > 300 && !one.closest("pre")).map((one) => one.scrollHeight))"""
    )
    return found + 40


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="evergreen-screenshots-") as folder:
        main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(folder) / "home", Path(folder) / "airflow")
