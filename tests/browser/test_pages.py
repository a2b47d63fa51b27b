"""Every page of the console, in a real browser on a real Airflow: light and dark, wide and as narrow as a phone."""

from __future__ import annotations

import re
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import FloatRect, Page

from tests.browser.browsing import pages_of
from tests.browser.site import CONSOLE, MODEL, PHONE, WIDE, Looking, Site, settle

AXE = Path(__file__).parent / "vendor" / "axe-4.14.1.js"
SERIOUS = {"serious", "critical"}
HALO = 4  # pixels around a letter in a picture, in the colour of the paper
BATCH = "2025-04-27T00:00:00Z"
PAGES = {
    "models": (CONSOLE, "deliveries"),
    "model": (MODEL, "The story"),
    "decision": ("{decision}", "What would have changed it"),
    "version": (f"{MODEL}/versions/1", "Checks of the gate"),
    "batch": (f"{MODEL}/batches/2025-06-29T00:00:00Z", "training rows of"),
    "batch that was stopped": (f"{MODEL}/batches/{BATCH}", "Rows set aside"),
    "approvals": (f"{CONSOLE}/approvals", "Required Actions of the run"),
    "replays": (f"{MODEL}/replays", "Replays on record"),
    "replay": ("{replay}", "What each policy would have cost"),
    "a model without batches": (f"{CONSOLE}/models/returns", "nothing on record"),
    "nowhere": (f"{CONSOLE}/nowhere", "There is no such page"),
    "tab": ("/dags/deliveries/plugin/evergreen-model", "The story"),
    "tab of the retraining": ("/dags/deliveries.retrain/plugin/evergreen-model", "The story"),
    "tab of another DAG": ("/dags/evergreen.replay/plugin/evergreen-model", "Nothing is on record"),
    "card": ("/", "all models"),
}
MISSING = {"a model without batches", "tab of another DAG"}
"""Pages of what is not on record: the API answers 404, and a browser writes that on its console."""


@pytest.fixture(scope="package")
def addresses(site: Site) -> dict[str, str]:
    decisions = site.get("/evergreen/api/models/deliveries/decisions")["decisions"]
    retraining = next(one for one in decisions if one["verdict"] == "retrain")
    replay, *_ = site.get("/evergreen/api/models/deliveries/replays")
    return {"decision": f"{MODEL}/decisions/{retraining['id']}", "replay": f"{MODEL}/replays/{replay['id']}"}


@pytest.mark.parametrize("width", [WIDE, PHONE], ids=["wide", "phone"])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_whole(browser: Looking, addresses: dict[str, str], name: str, width: int) -> None:
    """Light, and dark as soon as one switches; half of them the other way round."""
    path, text = PAGES[name]
    begins_dark = (width == PHONE) == (list(PAGES).index(name) % 2 == 0)
    with browser.at(path.format(**addresses), width=width, dark=begins_dark) as (page, seen):
        page.get_by_text(text).filter(visible=True).first.wait_for()
        page.add_script_tag(content=AXE.read_text())
        for dark in (begins_dark, not begins_dark):
            switch(page, dark=dark)
            assert seen.elsewhere == []
            if name not in MISSING:
                assert seen.failed == []
                assert seen.console == []
            assert wider_than_the_screen(page) == []
            assert serious(page) == []
            seen.console.clear()  # axe asks frames, too, and the card's sandbox answers nobody


def test_whoever_measures_browsing_asks_what_a_browser_asks(browser: Looking, site: Site) -> None:
    """One page of each kind, and a version that is the champion."""
    pages = pages_of(site)
    one_of_each = {re.sub(r"(?<=decisions/|.versions/|..batches/).+$", "", address): address for address in pages}
    assert len(one_of_each) == 6
    champion = site.get("/evergreen/api/models/deliveries")["row"]["champion"]["version"]
    differing = {}
    for address in {*one_of_each.values(), f"{MODEL}/versions/{champion}"}:
        with browser.at(address) as (page, seen):
            page.locator("[data-evergreen] h2").first.wait_for()  # a busy machine is silent before that, too
            settle(page)
            for heading in page.get_by_role("heading", level=2).all():
                heading.scroll_into_view_if_needed()
            settle(page)
        if sorted(seen.questions) != sorted(pages[address]):
            differing[address] = sorted(set(seen.questions) ^ set(pages[address])) or "one asked for twice"
    assert differing == {}


def switch(page: Page, *, dark: bool) -> None:
    """Choose a theme, as another window of the same person does, and wait until the page and its pictures have it."""
    theme = "dark" if dark else "light"
    page.evaluate(
        """(theme) => {
          localStorage.setItem("theme", theme);
          dispatchEvent(new StorageEvent("storage", { key: "theme", newValue: theme }));
        }""",
        theme,
    )
    page.locator(f"html.{theme}").wait_for()
    settle(page)


def wider_than_the_screen(page: Page) -> list[str]:
    """What stands out to the right and cannot be scrolled to by itself."""
    found: list[str] = page.evaluate(
        """() => {
          const scrolls = (one) => one && one !== document.body &&
            (["auto", "scroll", "hidden"].includes(getComputedStyle(one).overflowX) || scrolls(one.parentElement));
          return [...document.querySelectorAll("h1, h2, p, button, section, dl, ul")]
            .filter((one) => one.getBoundingClientRect().right > innerWidth + 1 && !scrolls(one.parentElement))
            .map((one) => `${one.tagName} ${one.textContent.slice(0, 60)}`);
        }"""
    )
    return found


def serious(page: Page) -> list[str]:
    """What axe finds in our part of the page; the rest is Airflow's."""
    result: dict[str, Any] = page.evaluate(
        """async () => {
          const ours = document.querySelector("[data-evergreen]");
          return await axe.run(ours ?? document.body, { resultTypes: ["violations"] });
        }"""
    )
    return [
        f"{one['id']} ({one['impact']}): {one['nodes'][0]['html'][:160]}"
        for one in result["violations"]
        if one["impact"] in SERIOUS
    ]


def test_a_click_on_the_story_opens_what_it_shows(browser: Looking) -> None:
    with browser.at(MODEL) as (page, seen):
        lanes = page.get_by_role("img", name="Decisions and changes of champion")
        lanes.scroll_into_view_if_needed()
        box = lanes.bounding_box()
        assert box is not None
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 22)
        page.wait_for_timeout(300)
        page.mouse.click(box["x"] + box["width"] / 2, box["y"] + 22)
        page.wait_for_url("**/decisions/**")
        settle(page)
        assert page.get_by_role("heading", level=1).inner_text().startswith("Decision of")
        assert seen.console == []


def test_the_list_is_searched(browser: Looking) -> None:
    with browser.at(CONSOLE) as (page, _):
        page.get_by_label("Search models").fill("nothing like it")
        page.get_by_text("No model matches").wait_for()
        assert "search=nothing" in page.url
        page.get_by_label("Search models").fill("demo")
        page.get_by_role("link", name="deliveries").first.wait_for()


def test_it_is_used_by_keyboard(browser: Looking) -> None:
    with browser.at(CONSOLE) as (page, _):
        page.get_by_role("link", name="deliveries").first.focus()
        page.keyboard.press("Enter")
        page.wait_for_url("**/models/deliveries")


def test_rows_that_were_set_aside_are_shown_as_text(browser: Looking) -> None:
    with browser.at(f"{MODEL}/batches/{BATCH}") as (page, seen):
        page.get_by_role("button", name="Show the first").click()
        page.get_by_role("columnheader", name="why").wait_for()
        assert page.get_by_text("DV037").count() > 0
        assert seen.console == []


@pytest.mark.parametrize("width", [WIDE, PHONE], ids=["wide", "phone"])
def test_no_name_on_the_front_lies_over_another(browser: Looking, addresses: dict[str, str], width: int) -> None:
    with browser.at(addresses["replay"], width=width, dark=False) as (page, _):
        page.get_by_text("What each policy would have cost").filter(visible=True).first.wait_for()
        names = [button.inner_text() for button in page.get_by_role("table").get_by_role("button").all()]
        drawn = page.locator("svg[role=img] text")
        drawn.first.wait_for()
        boxes = [(one.text_content(), one.bounding_box()) for one in drawn.all()]
        shown = {name: box for name, box in boxes if name in names and box is not None}
        assert len(shown) >= min(len(names), 3)
        assert [pair for pair in combinations(shown, 2) if _touch(shown[pair[0]], shown[pair[1]])] == []


def _touch(one: FloatRect, other: FloatRect) -> bool:
    """Whether the letters of two names share more than a hair; a box has the halo around them, too."""
    across = min(one["x"] + one["width"], other["x"] + other["width"]) - max(one["x"], other["x"]) - 2 * HALO
    down = min(one["y"] + one["height"], other["y"] + other["height"]) - max(one["y"], other["y"]) - 2 * HALO
    return across > 1 and down > 1
