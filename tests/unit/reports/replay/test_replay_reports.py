"""A replay as table, text, picture and page."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from ml.domain.replays import Replay
from ml.policies.replay import Comparison
from ml.reports import Table, plain_text, rich_table
from ml.reports.replay import (
    bill_table,
    comparison_html,
    comparison_png,
    comparison_text,
    deeds_table,
    next_step,
    policy_yaml,
    replays_table,
)
from ml.reports.replay.layout import Box, grouped, place_labels
from ml.reports.replay.words import amount, seconds_words, smoothed
from ml.specs.policy import PolicySpec
from tests.unit.policies.replay.worlds import ToyWorld, ageing, compared, policy


@pytest.fixture(scope="module")
def found() -> Comparison:
    """A model that ages: the present policy waits too long, so that a change pays."""
    world = ToyWorld(batches=60, noise=0.01, loss=ageing(0.01))
    others = {"<b>&odd": policy("schedule", every=23), "six": policy("schedule", every=6)}
    return compared(world, present=policy("schedule", every=25), **others)


@pytest.fixture(scope="module")
def short() -> Comparison:
    return compared(ToyWorld(batches=4, delay=9))


def test_a_row_a_policy_the_cheapest_first(found: Comparison) -> None:
    bill, deeds = bill_table(found), deeds_table(found)
    names = [row[0] for row in bill.rows]
    assert names[0] == "six (recommended)"
    assert names == [row[0] for row in deeds.rows]
    assert set(names) == {"six (recommended)", "present (in use)", "<b>&odd", "never", "always", "schedule"}
    by_name = {row[0]: row for row in deeds.rows}
    assert by_name["never"][2:] == ("0", "0", "0", "0", "0", "0 s")
    assert by_name["always"][2] == "58"
    assert by_name["six (recommended)"][2:5] == ("9", "9", "0")
    assert {row[0]: row for row in bill.rows}["never"][4] == "0"
    for table in (bill, deeds):
        assert len({len(row) for row in table.rows} | {len(table.columns)}) == 1
        assert "six (recommended)" in plain_text(table)


@pytest.mark.parametrize("table", [bill_table, deeds_table])
def test_a_table_fits_a_terminal(found: Comparison, table: Callable[[Comparison], Table]) -> None:
    lines = io.StringIO()
    Console(file=lines, width=90).print(rich_table(table(found)))
    for cell in {cell for row in table(found).rows for cell in row[1:]}:
        assert cell in lines.getvalue(), "no number is broken or cut"


def test_numbers_of_a_row_are_those_of_the_outcome(found: Comparison) -> None:
    one, bill, deeds = found.outcomes[0], bill_table(found).rows[0], deeds_table(found).rows[0]
    assert deeds[1] == f"{one.mean_metric:.4f}"
    assert bill[1] == amount(one.total)
    assert bill[3] == f"{one.regret:.1%}"


def test_the_advice_comes_with_how_sure_it_is_and_with_hindsight(found: Comparison) -> None:
    text = comparison_text(found)
    assert "Change to six: chosen on the first 35 batches" in text
    assert "was cheaper than present in 99% of them." in text
    assert "In hindsight the cheapest was 8 retrainings (2026-01-09, 2026-01-15, " in text
    assert "60 batches from 2026-01-01 to 2026-03-02; costs count from 2026-01-03 on (58 batches)" in text


def test_what_to_do_is_said_last(found: Comparison, short: Comparison) -> None:
    assert next_step(found) == "to use six, paste its YAML over `policy:` in the spec of orders."
    assert next_step(short).startswith("nothing: leave the policy of orders as it is")
    assert "To use <b>six</b>, paste this over" in comparison_html(found)
    assert "There is nothing to change" in comparison_html(short)


def test_where_nothing_can_be_told_nothing_is_claimed(short: Comparison) -> None:
    text = comparison_text(short)
    assert "no policy ever had a champion" in text
    assert "0 batches are too few" in text
    assert "How sure" not in text
    assert {row[3] for row in bill_table(short).rows} == {"–"}


def test_a_policy_to_paste_is_the_policy(found: Comparison) -> None:
    for one in found.outcomes:
        body = yaml.safe_load(policy_yaml(one.policy))["policy"]
        assert PolicySpec.model_validate(body) == PolicySpec.model_validate(one.policy)
    assert "costs" not in policy_yaml(found.outcomes[0].policy), "what is the default is left out"


def test_what_null_means_something_for_stays_in_the_yaml() -> None:
    spec = PolicySpec.model_validate(
        {"when": {"kind": "drift", "weights": {"a": 1.0}}, "cooldown": "3d", "back_off": None}
    )
    text = policy_yaml(spec.model_dump(mode="json"))
    assert "back_off: null" in text
    assert "distance" not in text
    assert PolicySpec.model_validate(yaml.safe_load(text)["policy"]) == spec


def test_a_picture_is_drawn_and_is_the_same_twice(found: Comparison, tmp_path: Path) -> None:
    first = comparison_png(found, tmp_path / "a.png", title="orders").read_bytes()
    assert first.startswith(b"\x89PNG")
    assert comparison_png(found, tmp_path / "b.png", title="orders").read_bytes() == first


def test_a_past_without_anything_to_show_is_drawn_too(short: Comparison, tmp_path: Path) -> None:
    assert comparison_png(short, tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    assert "<svg" in comparison_html(short)


class _Page(HTMLParser):
    """Counts what a page is made of, and checks that its elements are closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in {"meta", "line"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def all(self, tag: str, **attributes: str) -> list[dict[str, str | None]]:
        return [found for name, found in self.seen if name == tag and attributes.items() <= found.items()]


def test_the_page_needs_nothing_else(found: Comparison) -> None:
    text = comparison_html(found, title="orders <1>")
    assert not re.search(r"""(src|href)\s*=|@import|url\(|https?://(?!www\.w3\.org/2000/svg)""", text)
    page = _Page(text)
    assert page.open == []
    assert not page.all("script")
    assert "orders <1>" in page.texts, "a name is text, never markup"
    assert "b" in {tag for tag, _ in page.seen}
    assert "prefers-color-scheme: dark" in text


def test_the_page_s_table_can_be_read_aloud(found: Comparison) -> None:
    page = _Page(comparison_html(found))
    assert len(page.all("caption")) == len(page.all("table")) == 2
    assert len(page.all("th", scope="row")) == 2 * len(found.outcomes)
    assert len(page.all("th", scope="col")) == len(bill_table(found).columns) + len(deeds_table(found).columns)
    assert all(one.get("aria-label") for one in page.all("svg"))


def test_every_point_and_mark_of_the_page_says_what_it_is(found: Comparison) -> None:
    page = _Page(comparison_html(found))
    assert len(page.all("circle")) == len(found.outcomes)
    titles = " | ".join(page.texts)
    assert "six (recommended): cost " in titles
    assert "six, 2026-01-09: retrained, went live" in titles
    assert "<b>&odd: cost " in titles


def test_the_page_has_the_policy_to_paste(found: Comparison) -> None:
    page = _Page(comparison_html(found))
    body = next(text for text in page.texts if text.startswith("policy:\n"))
    assert yaml.safe_load(body)["policy"]["when"] == {"kind": "schedule", "every": 6}


def test_the_page_is_the_same_twice(found: Comparison) -> None:
    assert comparison_html(found) == comparison_html(found)


def test_replays_on_record_are_a_row_each() -> None:
    moment = datetime(2026, 3, 2, tzinfo=UTC)
    one = Replay(
        id="orders-replay-1",
        model="orders",
        as_of=moment,
        start=datetime(2026, 1, 1, tzinfo=UTC),
        end=moment,
        costs={},
        outcomes=({"name": "drop"}, {"name": "never"}),
        advice={"policy": "present", "sentence": "Stay with present."},
        picture_sha256="",
        page_sha256="",
        actor="",
        created_at=moment,
    )
    (row,) = replays_table([one]).rows
    assert row == ("2026-01-01", "2026-03-02", "2", "drop", "present", "Stay with present.", "orders-replay-1")


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0, "0"),
        (20.0, "20"),
        (1234.5, "1,234"),
        (-3.25, "−3.25"),
        (0.125, "0.125"),
        (999.96, "1000"),
        (2e7, "20,000,000"),
    ],
)
def test_costs_have_as_many_digits_as_one_looks_at(value: float, said: str) -> None:
    assert amount(value) == said


def test_times_and_smoothing() -> None:
    assert [seconds_words(one) for one in (0.0, 12.345, 210, 7560)] == ["0 s", "12.3 s", "3.5 min", "2.1 h"]
    assert smoothed([1.0, None, 3.0, 5.0], 2) == [1.0, None, 3.0, 4.0]


AREA = Box(0, 0, 900, 420)
POINT = st.tuples(st.integers(0, 30).map(lambda x: x * 29.0 + 10), st.integers(0, 20).map(lambda y: y * 20.0 + 10))


@given(st.lists(POINT, min_size=1, max_size=20, unique=True), st.data())
def test_names_cover_neither_each_other_nor_points(points: list[tuple[float, float]], data: st.DataObject) -> None:
    sizes = [(data.draw(st.integers(20, 120)) * 1.0, 16.0) for _ in points]
    boxes = place_labels(points, sizes, area=AREA)
    for index, box in enumerate(boxes):
        assert box.overlap(AREA) == pytest.approx(box.width * box.height)
        assert not any(box.overlap(other) for other in boxes[index + 1 :])
        assert not any(box.overlap(Box(x - 3, y - 3, 6, 6)) for x, y in points)


def test_points_on_one_another_share_a_name() -> None:
    assert grouped([(0, 0), (100, 0), (2, 1), (100, 4)]) == [[0, 2], [1, 3]]
