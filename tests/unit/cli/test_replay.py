"""Replays and tuning from the command line, on half a year of a small shop."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from ml.domain import errors
from ml.specs.policy import PolicySpec
from tests.unit.cli.conftest import START, Called, Evergreen

WEEKS, ROWS_A_WEEK, TURN = 28, 60, 12
SPEC = """\
model: season
problem: {kind: classification, target: returned}
source: {kind: file, path: season.csv}
time: {column: ts, batch: 7d}
features: {columns: [price]}
training:
  window: {kind: sliding, batches: 4}
  candidates: [{estimator: DecisionTreeClassifier, parameters: {max_depth: 2}}]
  min_rows: 20
gate: {resamples: 100, watch: {batches: 2}}
policy: {when: {kind: never}, min_labelled: 20, costs: {training: 10.0}}
monitoring: {report: never}
"""
OFTEN = "when: {kind: schedule, every: 3}\nmin_labelled: 20\n"


def season_frame() -> pd.DataFrame:
    """What is sent back turns around in the twelfth week."""
    rng = np.random.default_rng(5)
    rows = ROWS_A_WEEK * WEEKS
    week = np.arange(rows) // ROWS_A_WEEK
    price = rng.uniform(0, 80, rows).round(2)
    moments = [START + timedelta(hours=24 * 7 * number / ROWS_A_WEEK) for number in range(rows)]
    return pd.DataFrame(
        {
            "ts": [moment.strftime("%Y-%m-%dT%H:%M:%SZ") for moment in moments],
            "price": price,
            "returned": ((price > 40) ^ (week >= TURN) ^ (rng.random(rows) < 0.1)).astype(int),
        }
    )


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which the season was played once; its spec lies there too."""
    from ml.flows.loop import run
    from ml.flows.workspace import Workspace
    from ml.settings import Settings
    from ml.specs import load_spec

    folder = tmp_path_factory.mktemp("season")
    season_frame().to_csv(folder / "season.csv", index=False)
    (folder / "season.yaml").write_text(SPEC, encoding="utf-8")
    settings = Settings.from_environment({"EVERGREEN_HOME": str(folder / "home"), "EVERGREEN_DATA_ROOT": str(folder)})
    with Workspace.open(settings) as workspace:
        run(
            workspace,
            load_spec(folder / "season.yaml"),
            start=START,
            end=START + timedelta(weeks=WEEKS),
        )
    return folder


@pytest.fixture
def season(home: Path, evergreen: Evergreen, monkeypatch: pytest.MonkeyPatch) -> Evergreen:
    """Call a command on the season."""
    monkeypatch.setenv("EVERGREEN_DATA_ROOT", str(home))
    monkeypatch.setenv("EVERGREEN_MODELS_DIR", str(home))

    def call(*arguments: object) -> Called:
        return evergreen(*arguments, "--home", home / "home")

    return call


@pytest.fixture
def often(tmp_path: Path) -> Path:
    path = tmp_path / "often.yaml"
    path.write_text(OFTEN, encoding="utf-8")
    return path


def test_a_replay_says_what_would_have_been_better_and_keeps_it(season: Evergreen, often: Path, tmp_path: Path) -> None:
    png, html = tmp_path / "a.png", tmp_path / "a.html"
    done = season("replay", "season", "--policy", often, "--png", png, "--html", html, "--jobs", 1)
    assert done.code == 0, done.err
    assert "often (recommended)" in done.out
    assert "present (in use)" in done.out
    assert "Change to often: chosen on the first" in done.out
    assert "In hindsight the cheapest was" in done.out
    assert png.read_bytes().startswith(b"\x89PNG")
    assert "season: 5 policies over 28 batches" in html.read_text(encoding="utf-8")
    again = season("replay", "season", "--policy", often, "--json").document
    assert Path(again["page"]).read_bytes() == html.read_bytes(), "the same replay is the same page"
    kept = season("history", "season", "--replays", "--json").document["replays"]
    (mine,) = [one for one in kept if one["id"] == again["id"]]  # other tests record replays of this home too
    assert mine["advice"]["policy"] == "often"
    assert "Change to often" in season("history", "season", "--replays").out


def test_other_costs_change_the_bill_and_not_the_models(season: Evergreen, often: Path) -> None:
    dear = season("replay", "season", "--policy", often, "--what-if", "training=100000, look=0.5", "--json").document
    assert dear["prices"] == {"training": 100000.0, "per_hour": 0.0, "look": 0.5}
    assert dear["outcomes"][0]["name"] in {"never", "present"}
    assert dear["advice"]["change"] is False
    by_name = {one["name"]: one for one in dear["outcomes"]}
    assert by_name["often"]["trainings"] == 100000.0 * len(by_name["often"]["retrained"])


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("errr=2", "cannot use 'errr=2'"),
        ("error=2,error=3", "cannot use 'error=3'"),
        ("error=-1", "cannot use 'error=-1': input should be greater than 0"),
        ("training=much", "cannot use 'training=much'"),
        ("error=nan", "cannot use 'error=nan'"),
        ("", "cannot use ''"),
    ],
)
def test_costs_that_cannot_be_used_are_named_with_what_is_accepted(season: Evergreen, given: str, said: str) -> None:
    refused = season("replay", "season", "--what-if", given)
    assert refused.code == errors.SpecError.exit_code
    assert said in refused.err
    assert "error, training, per_hour, look" in refused.err


def test_decisions_of_a_policy_are_those_that_production_recorded(season: Evergreen, often: Path) -> None:
    played = season("replay", "season", "--policy", often, "--decisions", "present", "--json").document["decisions"]
    rows = season("history", "season", "--json").document["rows"]
    assert [one["id"] for one in played] == [row["decision"]["id"] for row in rows]
    assert [one["sentence"] for one in played] == [row["decision"]["sentence"] for row in rows]
    assert "decisions of often" in season("replay", "season", "--policy", often, "--decisions", "often").out


def test_decisions_of_a_policy_that_is_not_played_are_refused(season: Evergreen, often: Path) -> None:
    refused = season("replay", "season", "--policy", often, "--decisions", "other")
    assert refused.code == 2
    assert "choose one of" in refused.err


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("[1]", "p.yaml holds no policy"),
        ("when: {kind: nvr}", 'p.yaml:1: when.kind: given "nvr"; accepted is one of "schedule"'),
        (
            "a: {when: {kind: never}}\nb:\n  when: {kind: drift}\n  cooldwn: 3d",
            'p.yaml:4: b.cooldwn: given "3d"; there is',
        ),
        ("when: [", "p.yaml:2: this is not YAML"),
        ("never: {when: {kind: never}}", "the name 'never' is taken"),
        ("when: {kind: drift, weights: {colour: 1}}", "whose drift is not measured"),
    ],
)
def test_a_file_of_policies_is_checked_like_a_spec(season: Evergreen, tmp_path: Path, content: str, said: str) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(content, encoding="utf-8")
    refused = season("replay", "season", "--policy", path)
    assert refused.code == errors.SpecError.exit_code
    assert said in refused.err


def test_two_policies_of_one_name_are_refused(season: Evergreen, often: Path, tmp_path: Path) -> None:
    other = tmp_path / "more.yaml"
    other.write_text(f"often:\n  {OFTEN.splitlines()[0]}\n", encoding="utf-8")
    refused = season("replay", "season", "--policy", often, "--policy", other)
    assert refused.code == errors.SpecError.exit_code
    assert "Two policies have the name 'often'" in refused.err


def test_a_past_of_no_batches_says_so(season: Evergreen, evergreen: Evergreen, tmp_path: Path, home: Path) -> None:
    refused = evergreen("replay", home / "season.yaml", "--home", tmp_path / "empty")
    assert refused.code == errors.NotFoundError.exit_code
    assert "What to do:" in refused.err


def test_tuning_reports_on_the_later_batches_and_prints_a_policy(season: Evergreen, tmp_path: Path) -> None:
    path = tmp_path / "slow.yaml"
    path.write_text("when: {kind: schedule, every: 25}\nmin_labelled: 20\n", encoding="utf-8")
    done = season("policy", "tune", "season", "--policy", path, "--trials", 12)
    assert done.code == 0, done.err
    assert "settings played on the 16 earlier batches" in done.out
    assert "when.every: 25 → " in done.out
    printed = yaml.safe_load(done.out[done.out.index("policy:\n") :])
    assert PolicySpec.model_validate(printed["policy"]).when.kind == "schedule"
    document = season("policy", "tune", "season", "--policy", path, "--trials", 12, "--json").document
    assert document["policy"]["when"] == {"kind": "schedule", "cron": None, **printed["policy"]["when"]}
    assert set(document["rivals"]) == {"untuned", "never", "always", "schedule"}
    assert document["later"] + document["earlier"] <= WEEKS


def test_tuning_one_rule_keeps_what_stands_around_it(season: Evergreen) -> None:
    document = season("policy", "tune", "season", "--rule", "performance", "--trials", 3, "--json").document
    assert document["policy"]["when"]["kind"] == "performance"
    assert document["policy"]["min_labelled"] == 20


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--rule", "manual"), "nothing to tune in a rule of kind 'manual'"),
        ((), "has no number that can be tuned"),
        (("--from", "2026-06-01"), "has no number"),
        (("--rule", "schedule", "--from", "2026-06-01"), "are too few to tune on"),
    ],
)
def test_what_cannot_be_tuned_says_why(season: Evergreen, options: tuple[str, ...], said: str) -> None:
    refused = season("policy", "tune", "season", *options)
    assert refused.code in {errors.SpecError.exit_code, errors.DataError.exit_code}
    assert said in refused.err


def test_a_rule_and_a_policy_are_one_too_many(season: Evergreen, often: Path) -> None:
    assert season("policy", "tune", "season", "--rule", "drift", "--policy", often).code == 2
