"""`evergreen run` with a hold: status, history and explain say who is in the shadow, and what came of it."""

from __future__ import annotations

from pathlib import Path

from tests.unit.cli.conftest import SPEC, Evergreen, shop_frame


def test_run_holds_and_status_history_and_explain_say_so(evergreen: Evergreen, tmp_path: Path) -> None:
    shop_frame().to_csv(tmp_path / "shop.csv", index=False)
    spec = tmp_path / "held.yaml"
    text = SPEC.replace("resamples: 100", "resamples: 100, shadow: 2, margin: 0.5").replace(
        "model: shop", "model: held"
    )
    spec.write_text(text.replace("shop.csv", str(tmp_path / "shop.csv")))
    played = evergreen("run", spec, "--from", "2026-01-05", "--to", "2026-01-26", "--json").document
    kinds = [event["kind"] for row in played["rows"] for event in row["events"]]
    assert kinds == ["promoted", "held"]
    (line,) = evergreen("status", "--json").document["models"]
    assert (line["champion"], line["held"]) == (1, 2)
    assert "v2 held in the shadow" in " ".join(evergreen("status").out.split())
    versions = evergreen("history", "held", "--versions", "--json").document["versions"]
    assert [one["held"] for one in versions] == [False, True]
    told = evergreen("explain", versions[1]["decision_id"])
    assert "it is held in the shadow" in told.out
    played = evergreen("run", spec, "--from", "2026-01-05", "--to", "2026-02-09", "--json").document
    kinds = [event["kind"] for row in played["rows"] for event in row["events"]]
    assert kinds[:2] == ["promoted", "held"]
    assert kinds[2] == "promoted", "two more batches had labels"
    assert "in the shadow: " in evergreen("explain", versions[1]["decision_id"]).out
