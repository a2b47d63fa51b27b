"""Tables, explanations, summaries and pictures of made-up views."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from ml.domain.records import Stage, Verdict, Version
from ml.reports import (
    decisions_table,
    explanation_text,
    findings_table,
    markdown,
    plain_text,
    rich_table,
    status_table,
    summary_text,
    timeline_png,
    timeline_table,
    versions_table,
)
from ml.reports.tables import number
from ml.views import StatusRow, VersionRow, summary
from ml.views.explanation import Explanation
from tests.unit.reports.rows import START, batch_row, decision_of, year

ROWS = year()


def _cells(week: int) -> tuple[str, ...]:
    return timeline_table(ROWS, metric="accuracy").rows[week]


def test_a_line_a_batch() -> None:
    table = timeline_table(ROWS, metric="root_mean_squared_error")
    assert len(table.rows) == len(ROWS) == len(table.styles)
    assert [column.heading for column in table.columns][5] == "root mean squared error"


def test_a_quiet_batch_is_quiet() -> None:
    assert _cells(2) == ("2025-01-20", "1,240", "–", "0%", "100%", "0.8692 (+0.0092)", "keep", "v1")


def test_what_stands_out_is_said() -> None:
    assert _cells(8)[1:3] == ("1,240 −31", "DV041")
    assert _cells(12)[2] == "stopped: DV012"
    assert _cells(15)[3] == "40% price, distance +1"
    assert _cells(17)[6:] == ("retrain: performance", "v1 (v2 rejected)")
    assert _cells(18)[7] == "v1 (new)"
    assert _cells(44)[7] == "v3 (v3 rolled back)"


def test_what_is_not_known_is_a_dash_never_a_zero() -> None:
    assert _cells(51)[4:6] == ("–", "–")


@pytest.mark.parametrize(
    ("value", "said"),
    [(0.81234, "0.8123"), (-0.5, "-0.5000"), (12.345, "12.35"), (123.45, "123.5"), (12345.6, "12,346")],
)
def test_numbers_have_as_many_digits_as_one_looks_at(value: float, said: str) -> None:
    assert number(value) == said


def test_markdown_escapes_pipes_and_has_a_rule() -> None:
    odd = batch_row(0, drift_share=0.5, drifted=(("a|b", 0.5),))
    text = markdown(timeline_table([odd], metric="accuracy"))
    assert "50% a\\|b" in text
    assert text.splitlines()[1].startswith("| --- | ---: |")


def test_plain_text_is_aligned() -> None:
    lines = plain_text(timeline_table(ROWS[:3], metric="accuracy")).splitlines()
    assert len({line.find("keep") for line in lines[2:] if "keep" in line}) == 1


def test_a_terminal_gets_the_same_cells() -> None:
    console = Console(width=160, record=True, file=io.StringIO())
    console.print(rich_table(timeline_table(ROWS, metric="accuracy")))
    assert "v1 (v2 rejected)" in console.export_text()


def test_markup_in_data_is_no_markup() -> None:
    console = Console(width=200, record=True, file=io.StringIO())
    odd = batch_row(0, drift_share=0.5, drifted=(("[red]x[/red]", 0.5),))
    console.print(rich_table(timeline_table([odd], metric="accuracy")))
    assert "[red]x[/red]" in console.export_text()


def test_decisions_are_listed_with_their_ids() -> None:
    table = decisions_table(ROWS)
    assert ("2025-05-05", "retrain", "shop-20250512T0000-abc", "Retrain: the champion got worse") in table.rows


def test_findings_say_what_to_do() -> None:
    table = findings_table(ROWS)
    assert [row[:2] for row in table.rows] == [("2025-03-03", "DV041"), ("2025-03-31", "DV012")]
    assert table.rows[0][3] == "ask the supplier"


def test_status_and_versions_are_lines() -> None:
    row = StatusRow(
        model="shop",
        problem="classification",
        metric_name="accuracy",
        champion=None,
        champion_since=None,
        champion_seen_until=None,
        last_batch=None,
        stopped=False,
        rows=0,
        metric=None,
        baseline=None,
        metric_window=None,
        decision_id=None,
        verdict=None,
        sentence="nothing decided yet",
        warnings=0,
        batches=0,
        retrainings=0,
        promotions=0,
        rejections=0,
    )
    assert status_table([row]).rows[0][:3] == ("shop", "none yet", "–")
    version = VersionRow(
        version=3,
        stage=Stage.CHAMPION,
        as_of=START,
        estimator="Ridge",
        trained_from=START,
        seen_until=START,
        refitted=True,
        metrics={"r2": 0.5},
        difference=None,
        sentence="ok",
        decision_id="d",
    )
    cells = versions_table([version], metric="r2").rows[0]
    assert cells == ("v3", "champion", "Ridge", "2025-01-06", "2025-01-06 (refitted)", "0.5000", "ok")


def test_an_explanation_shows_values_thresholds_and_what_followed() -> None:
    text = explanation_text(Explanation(decision_of(ROWS[3].window, Verdict.RETRAIN), None, None, None))
    assert "● performance [0.0700 against 0.0500]: the champion got worse" in text
    assert "○ schedule [3 against 10]: 3 of 10 batches" in text
    assert "no version was trained (yet, or the training failed)" in text


def test_an_explanation_shows_the_training_windows_that_were_tried() -> None:
    short = {"kind": "sliding", "batches": 3}
    tried = [
        {"window": {"kind": "all"}, "rows": 9000, "metric": 0.71, "chance": None},
        {"window": {"kind": "sliding", "length": "8w"}, "rows": 5000, "metric": None, "chance": None},
        {"window": short, "rows": 1500, "metric": 0.91, "chance": 1e-9},
    ]
    left = [{"window": {"kind": "since", "start": "2025-03-01T00:00:00+00:00"}, "rows": 70, "why": "70 are too few."}]
    manifest = {"estimator": "Ridge", "window": short, "windows": tried, "windows_left": left}
    version = Version("shop", 3, Stage.CHALLENGER, "d", START, START, START, "0" * 64, manifest)
    decision = decision_of(ROWS[3].window, Verdict.RETRAIN)
    lines = explanation_text(Explanation(decision, version, None, None)).splitlines()
    place = lines.index("  training windows tried, by the primary metric on the held-out rows:")
    assert lines[place + 1 : place + 5] == [
        "    all rows (9,000 rows): 0.7100",
        "    the last 8w (5,000 rows): not defined",
        "    the last 3 batches (1,500 rows): 0.9100  ← picked",
        "    since 2025-03-01 (70 rows): left out. 70 are too few.",
    ]
    alone = replace(version, manifest={**manifest, "windows": tried[:1], "windows_left": []})
    assert "training windows" not in explanation_text(Explanation(decision, alone, None, None))


def test_a_summary_compares_only_what_both_have() -> None:
    never = {row.window: 0.8 for row in ROWS[:10]}
    text = summary_text(summary(ROWS, never=never), metric="accuracy")
    assert "batches      52, 1 stopped" in text
    assert "4: 3 promoted, 1 rejected, 1 rolled back" in text
    assert "0.8000 there, over the 8 batches that both have" in text
    assert "not known yet" in summary_text(summary(()), metric="accuracy")


@pytest.mark.parametrize("rows", [ROWS, ROWS[:1], ()], ids=["year", "one", "none"])
def test_the_picture_is_a_png_and_always_the_same(rows: tuple[object, ...], tmp_path: Path) -> None:
    first = timeline_png(rows, tmp_path / "a.png", metric="accuracy", title="shop")
    second = timeline_png(rows, tmp_path / "b.png", metric="accuracy", title="shop")
    content = first.read_bytes()
    assert content.startswith(b"\x89PNG")
    assert content == second.read_bytes()
