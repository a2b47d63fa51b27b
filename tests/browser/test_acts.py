"""What a person does by clicking is on record, under that person's name."""

from __future__ import annotations

import re

from demo.simulator import WEEK
from ml.domain.approvals import word_in_shadow
from ml.domain.records import Stage
from ml.domain.windows import Window, parse_moment
from ml.flows.workspace import Workspace
from tests.browser.conftest import WEEKS
from tests.browser.records import let_hold, settings_of
from tests.browser.site import CONSOLE, MODEL, Looking, Site, settle

REPLAY_SECONDS = 480
REPORT_SECONDS = 240
UNREPORTED = "2025-07-06T00:00:00Z"


def test_an_approval_is_clicked_and_recorded(browser: Looking, site: Site) -> None:
    comment = "The gain holds on the newest weeks."
    with browser.at(CONSOLE) as (page, seen):
        page.get_by_role("link", name="1 version waits for approval").filter(visible=True).click()
        page.get_by_role("button", name="Approve").click()
        dialog = page.get_by_role("alertdialog")
        confirm = dialog.get_by_role("button", name="Approve")
        assert confirm.is_disabled()
        dialog.get_by_label("Reason").fill(comment)
        confirm.click()
        page.get_by_text("No version waits for a person").wait_for()
        assert seen.console == []
    with Workspace.open(settings_of(site.home)) as workspace, workspace.registry.read() as reader:
        last, champion = reader.promotions("deliveries")[-1], reader.champion("deliveries")
        assert champion is not None
        word = reader.approval("deliveries", champion.version)
    assert word is not None
    assert (word.answer, word.actor, word.via, word.comment) == ("approved", site.user, "console", comment)
    assert (last.to_version, last.act, last.actor) == (champion.version, "promote", site.user)


def test_a_report_is_built_by_a_click(browser: Looking, site: Site) -> None:
    with browser.at(f"{MODEL}/batches/{UNREPORTED}") as (page, seen):
        page.get_by_role("button", name="Build the report").click()
        frame = page.locator("iframe")
        failed = page.get_by_role("status").filter(has_text="failed")
        frame.or_(failed).first.wait_for(timeout=REPORT_SECONDS * 1000)
        assert failed.count() == 0
        assert frame.get_attribute("sandbox") == "allow-scripts"
        frame.content_frame.get_by_text("drift", exact=False).first.wait_for()
        assert seen.elsewhere == []
    with Workspace.open(settings_of(site.home)) as workspace, workspace.registry.read() as reader:
        start = parse_moment(UNREPORTED)
        assert [one.kind for one in reader.reports("deliveries", Window(start, start + WEEK))] == ["evidently-drift"]


def test_a_rollback_is_clicked_and_recorded(browser: Looking, site: Site) -> None:
    reason = 'Complaints from the harbour <img src=x onerror="alert(1)">'
    with Workspace.open(settings_of(site.home)) as workspace, workspace.registry.read() as reader:
        before, champion = reader.promotions("deliveries"), reader.champion("deliveries")
        (former, *_) = reader.retired_at("deliveries", before[-1].as_of, 1)
    assert champion is not None
    with browser.at(f"{MODEL}/versions/{former.version}") as (page, seen):
        page.get_by_role("button", name="Roll back to this version").click()
        dialog = page.get_by_role("alertdialog")
        confirm = dialog.get_by_role("button", name="Roll back")
        assert confirm.is_disabled()
        dialog.get_by_label("Reason").fill(reason)
        confirm.click()
        page.get_by_text("champion", exact=True).first.wait_for()
        settle(page)
        assert page.get_by_text(reason).count() == 1  # as text: nothing of it became an element
        assert page.locator("img[src=x]").count() == 0
        assert seen.console == []
    with Workspace.open(settings_of(site.home)) as workspace, workspace.registry.read() as reader:
        last = reader.promotions("deliveries")[-1]
    assert (last.act, last.to_version, last.reason, last.actor) == ("rollback", former.version, reason, site.user)
    assert len(before) + 1 == last.generation


def test_what_is_held_is_rejected_by_a_click_and_recorded(browser: Looking, site: Site) -> None:
    held, reason = let_hold(site.home, WEEKS), "The depot closes in May."
    with browser.at(f"{MODEL}/versions/{held}") as (page, seen):
        page.get_by_text("held", exact=True).first.wait_for()
        page.get_by_role("button", name="Reject").click()
        dialog = page.get_by_role("alertdialog")
        confirm = dialog.get_by_role("button", name="Reject")
        assert confirm.is_disabled()
        dialog.get_by_label("Reason").fill(reason)
        confirm.click()
        page.get_by_text("rejected", exact=True).first.wait_for()
        settle(page)
        assert page.get_by_text(reason).count() > 0
        assert page.get_by_role("button", name="Reject").count() == 0
        assert seen.console == []
    with Workspace.open(settings_of(site.home)) as workspace, workspace.registry.read() as reader:
        ended = reader.shadow_verdict("deliveries", held)
        assert reader.version("deliveries", held).stage is Stage.REJECTED
    assert ended is not None
    word = word_in_shadow(ended)
    assert word is not None
    assert (word.actor, word.via, word.comment) == (site.user, "console", reason)


def test_a_replay_is_started_by_a_click_and_recorded(browser: Looking, site: Site) -> None:
    with browser.at(f"{MODEL}/replays") as (page, seen):
        page.get_by_label("Cost of a retraining").fill("25")
        page.get_by_role("button", name="Start replay").click()
        ended = page.get_by_role("status").filter(has_text=re.compile("is ready|failed"))
        ended.wait_for(timeout=REPLAY_SECONDS * 1000)
        assert "is ready" in ended.inner_text()
        settle(page)
        assert page.get_by_role("table", name="Replays").get_by_role("row").count() == 3
        assert seen.console == []
    with Workspace.open(settings_of(site.home)) as workspace, workspace.registry.read() as reader:
        records = reader.replays("deliveries")
    assert len(records) == 2
    assert (records[-1].actor, records[-1].costs["training"]) == (site.user, 25.0)
