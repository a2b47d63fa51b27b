"""The commands for a person without the web page."""

from __future__ import annotations

from pathlib import Path

from tests.unit.cli.conftest import SPEC, Evergreen


def test_what_waits_is_listed_approved_and_rejected(evergreen: Evergreen, tmp_path: Path) -> None:
    spec = tmp_path / "shop.yaml"
    spec.write_text(SPEC.replace("{resamples: 100}", "{resamples: 100, approval: true}"), encoding="utf-8")
    assert "nothing waits" in evergreen("approvals").out or not (tmp_path / "home").exists()
    assert evergreen("run", spec, "--from", "2026-01-05", "--to", "2026-01-12").code == 0
    assert "shop version 1 waits for a person" in evergreen("status").out
    listed = evergreen("approvals", "--json").document["waiting"]
    assert [(one["model"], one["version"], one["champion"]) for one in listed] == [("shop", 1, None)]
    assert "challenger, v1" in evergreen("approvals").out

    silent = evergreen("approve", spec, 1)
    assert (silent.code, "needs a comment" in silent.err) == (6, True)
    yes = evergreen("approve", spec, 1, "--comment", "as ever")
    assert yes.code == 0, yes.err
    assert "version 1 is the champion of shop now (before: none)" in yes.out
    again = evergreen("approve", spec, 1, "--comment", "as ever", "--json").document
    assert (again["approval"]["answer"], again["approval"]["via"], again["first"]) == ("approved", "command line", True)
    other = evergreen("reject", spec, 1, "--comment", "no")
    assert (other.code, "Approved by" in other.err) == (6, True)

    assert evergreen("run", spec, "--from", "2026-01-12", "--to", "2026-02-09").code == 0
    (two,) = evergreen("approvals", "--json").document["waiting"]
    number = two["version"]
    assert (number > 1, two["champion"]) == (True, 1)
    no = evergreen("reject", spec, number, "--comment", "the week of the sale", "--json").document
    assert no["promotion"] is None
    rejected = evergreen("history", "shop", "--json").document["rows"][-1]["events"]
    assert [(one["kind"], one["version"]) for one in rejected] == [("rejected", number)]
    assert "the week of the sale" in rejected[0]["sentence"]


def test_what_is_held_in_the_shadow_is_rejected_with_a_comment(evergreen: Evergreen, tmp_path: Path) -> None:
    spec = tmp_path / "shop.yaml"
    spec.write_text(SPEC.replace("{resamples: 100}", "{resamples: 100, shadow: 3}"), encoding="utf-8")
    assert evergreen("run", spec, "--from", "2026-01-05", "--to", "2026-02-09").code == 0
    held = [one["version"] for one in evergreen("history", "shop", "--json").document["versions"] if one["held"]]
    (number,) = held
    silent = evergreen("reject", spec, number)
    assert (silent.code, "needs a comment" in silent.err) == (6, True)
    no = evergreen("reject", spec, number, "--comment", "the week of the sale")
    assert no.code == 0, no.err
    assert "the week of the sale" in no.out
    assert "the champion stays" in no.out
    told = evergreen("history", "shop", "--json").document
    assert not any(one["held"] for one in told["versions"])
    assert "the week of the sale" in str(told["rows"][-1]["events"])
