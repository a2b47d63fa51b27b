"""The model card: everything on record about a version, safe to show."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from ml.domain.errors import NotFoundError
from ml.registry import Registry
from ml.reports.card import card_html, card_markdown, sections
from ml.views.card import ModelCard, card
from tests.builders import MODEL
from tests.unit.views.story import finding, told

TITLES = [
    "Intended use",
    "Training data",
    "Metrics on the held-out rows",
    "In service",
    "Parts and groups",
    "Limits",
    "Lineage",
    "Approvals",
]


class Tags(HTMLParser):
    """What tags a page has, and whether each is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.seen.append(tag)
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture
def records(tmp_path: Path) -> Registry:
    return told(f"sqlite:///{tmp_path / 'records.db'}")


def of(records: Registry, number: int | None = None) -> ModelCard:
    with records.read() as reader:
        return card(reader, MODEL, number)


def test_a_card_says_all_in_its_order(records: Registry) -> None:
    found = of(records)
    text = card_markdown(found)
    assert [section.title for section in sections(found)] == TITLES
    assert [line.removeprefix("## ") for line in text.splitlines() if line.startswith("## ")] == TITLES
    assert text.startswith(f"# {MODEL}, version {found.version.version} (champion)\n")
    assert found.version.serving_sha256 in text
    assert found.gate is not None
    assert found.gate.sentence.split(",")[0].replace("_", "\\_") in text
    assert len(found.served) > 0


def test_a_rejected_version_has_a_card_too(records: Registry) -> None:
    text = card_markdown(of(records, 2))
    assert "version 2 (rejected)" in text
    assert "It never was the champion." in text
    assert "No labelled batch that it served is on record." in text


def test_who_rolled_back_and_why_is_on_the_card(records: Registry) -> None:
    text = card_markdown(of(records, 3))
    assert "gave way to v1 (rollback)" in text


def test_intervals_and_what_the_rows_can_show(records: Registry) -> None:
    found = of(records)
    assert found.gate is not None
    evidence = {"intervals": {"accuracy": [0.71, 0.83]}, "resolution": 0.04, "method": "DeLong", "attempt": 3}
    text = card_markdown(replace(found, gate=replace(found.gate, evidence=evidence)))
    assert "0.7100 to 0.8300" in text
    assert "can show differences of 0.04 or more (DeLong, attempt 3 on these rows)" in text


def test_a_text_from_the_records_is_shown_and_never_run(records: Registry) -> None:
    found = of(records)
    assert found.gate is not None
    bad = "<script>alert(1)</script> [x](javascript:y) | `z`"
    gate = replace(found.gate, sentence=bad, findings=(replace(finding("PG009"), seen=bad, subject=bad),))
    spec = {**found.spec, "description": bad, "owner": bad}
    evil = replace(found, gate=gate, spec=spec)
    page, text = card_html(evil), card_markdown(evil)
    tags = Tags()
    tags.feed(page)
    assert not tags.open
    assert {"script", "a", "img", "iframe", "link"}.isdisjoint(tags.seen)
    assert "&lt;script&gt;" in page
    assert "<script" not in text
    assert "[x](" not in text


def test_no_champion_has_no_card(tmp_path: Path) -> None:
    with Registry.open(f"sqlite:///{tmp_path / 'none.db'}") as registry:
        with registry.write() as writer:
            writer.register_model(MODEL, "s" * 64, {"model": MODEL})
        with registry.read() as reader, pytest.raises(NotFoundError, match="has no champion yet"):
            card(reader, MODEL)
