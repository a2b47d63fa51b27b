"""What holds of every check of the gate, whatever it looks at."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from ml.domain.codes_pg import GATE
from ml.domain.findings import Finding, Outcome, Severity
from ml.evaluation import CHECKS, Exhibits, Origin, Weight
from ml.evaluation.case import Case, open_case
from ml.problems import PROBLEMS
from ml.specs.gate import GateSpec

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
ALL: dict[str, Any] = {
    "floors": {"accuracy": 0.1},
    "slices": {"columns": ("shop",)},
    "fairness": {"column": "shop", "metric": "accuracy", "max_difference": 0.9},
    "calibration": {"max_error": 0.9},
    "limits": {"milliseconds": 100.0, "megabytes": 1.0},
}


def predictions(truth: pd.DataFrame, share: float, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    guess = np.where(rng.random(len(truth)) < share, truth["y"], 1 - truth["y"])
    likely = np.where(guess == 1, 0.8, 0.2)
    return pd.DataFrame({"prediction": guess, "p_0": 1 - likely, "p_1": likely})


def case(gate: dict[str, Any] | None = None, rows: int = 600, *, first: bool = False, **exhibits: Any) -> Case:
    """Everything is there to be looked at unless a test takes it away."""
    rng = np.random.default_rng(0)
    truth = pd.DataFrame({"y": rng.integers(0, 2, rows)})
    table = pd.DataFrame({"shop": np.where(rng.random(rows) < 0.5, "north", "south"), "x": rng.normal(size=rows)})
    shown = Exhibits(
        best=None if first else predictions(truth, 0.8, 5),
        rows=table,
        features=("shop", "x"),
        origin=Origin(NOON, NOON + timedelta(hours=1), ("shop", "x"), ("shop", "x")),
        complaint="",
        weight=Weight(5.0, 1000),
    )
    return open_case(
        gate=GateSpec.model_validate(gate or {}, strict=False),
        problem=PROBLEMS["classification"],
        metric="accuracy",
        truth=truth,
        challenger=predictions(truth, 0.8, 1),
        champion=None if first else predictions(truth, 0.8, 2),
        dummy=predictions(truth, 0.5, 3),
        seed=0,
        least_gain=-1.0,
        exhibits=replace(shown, **exhibits),
    )


def asked(one: Case, code: str) -> tuple[Finding, ...]:
    return tuple(finding for check in CHECKS for finding in check(one) if finding.code == code)


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("rows", [0, 20, 600])
@pytest.mark.parametrize("gate", [{}, ALL], ids=["plain", "everything"])
def test_a_check_speaks_in_one_voice(check: Any, rows: int, gate: dict[str, Any]) -> None:
    found = check(case(gate, rows))
    assert found, "a check that says nothing cannot be told from one that did not run"
    assert len({finding.code for finding in found}) == 1
    for finding in found:
        assert finding.code in GATE
        assert finding.seen
        assert finding.expected
        blocks = finding.outcome in (Outcome.FAILED, Outcome.CANNOT_TELL)
        assert blocks == (finding.severity is Severity.ERROR)
        assert bool(finding.remedy) == (finding.severity is not Severity.INFO)
        if rows < 50 and finding.code in ("PG003", "PG009", "PG011"):
            assert finding.outcome is not Outcome.PASSED, "too few rows show nothing"


def test_every_code_has_one_check() -> None:
    codes = [check(case())[0].code for check in CHECKS]
    assert sorted(codes) == sorted(GATE)


def test_everything_passes_where_everything_is_well() -> None:
    outcomes = {finding.code: finding.outcome for check in CHECKS for finding in check(case(ALL))}
    assert {code for code, outcome in outcomes.items() if outcome is not Outcome.PASSED} == {"PG004"}, (
        "not asked for: superior"
    )


@pytest.mark.parametrize(
    ("code", "gate", "exhibits", "outcome"),
    [
        ("PG012", {}, {"complaint": "HistGradientBoosting refuses the features: no"}, Outcome.FAILED),
        ("PG012", {}, {"complaint": None}, Outcome.NOT_APPLICABLE),
        ("PG013", ALL, {"weight": Weight(101.0, 1000)}, Outcome.FAILED),
        ("PG013", ALL, {"weight": Weight(1.0, 2_000_000)}, Outcome.FAILED),
        ("PG013", ALL, {"weight": None}, Outcome.NOT_APPLICABLE),
        ("PG014", {}, {"origin": Origin(NOON, NOON + timedelta(1), ("x",), ("x", "y"))}, Outcome.FAILED),
        ("PG014", {}, {"origin": Origin(NOON, NOON + timedelta(1), ("y", "x"), ("x", "y"))}, Outcome.FAILED),
        ("PG014", {}, {"origin": None}, Outcome.NOT_APPLICABLE),
        ("PG015", {}, {"origin": Origin(NOON, NOON, ("x",), ("x",))}, Outcome.FAILED),
        ("PG009", {"slices": {"columns": ("nowhere",)}}, {}, Outcome.CANNOT_TELL),
        ("PG010", {"fairness": {"column": "nowhere", "metric": "accuracy", "min_ratio": 0.8}}, {}, Outcome.CANNOT_TELL),
        (
            "PG010",
            {"fairness": {"column": "shop", "metric": "mean_absolute_error", "min_ratio": 0.8}},
            {},
            Outcome.CANNOT_TELL,
        ),
        (
            "PG010",
            {"fairness": {"column": "shop", "metric": "accuracy", "min_ratio": 0.8, "min_rows": 550}},
            {},
            Outcome.CANNOT_TELL,
        ),
        ("PG011", {"calibration": {"max_error": 0.001}}, {}, Outcome.FAILED),
    ],
)
def test_what_is_wrong_is_found(code: str, gate: dict[str, Any], exhibits: dict[str, Any], outcome: Outcome) -> None:
    assert outcome in {finding.outcome for finding in asked(case(gate, **exhibits), code)}


def test_a_label_that_is_no_longer_foreseen_is_a_warning() -> None:
    one = case()
    sides = {**one.sides, "challenger": one.sides["challenger"].drop(columns="p_1")}
    found = asked(replace(one, sides=sides), "PG014")
    assert [finding.outcome for finding in found] == [Outcome.WARNING]
    assert "no p_1 any more" in found[0].seen
    assert found[0].remedy


def test_a_feature_that_knows_the_answer_is_a_warning_on_the_first_version_only() -> None:
    one = case(first=True)
    assert one.exhibits.rows is not None
    table = one.exhibits.rows.assign(x=one.truth["y"] * 2.0 + 1.0)
    leaky = replace(one, exhibits=replace(one.exhibits, rows=table))
    found = asked(leaky, "PG015")
    assert [(finding.subject, finding.outcome) for finding in found[1:]] == [("x", Outcome.WARNING)]
    assert len(asked(one, "PG015")) == 1
    later = case()
    assert len(asked(replace(later, exhibits=replace(later.exhibits, rows=table)), "PG015")) == 1


@pytest.mark.parametrize(
    ("metric", "apart"),
    [("selection_rate", 0.6), ("true_positive_rate", 0.5), ("false_positive_rate", 0.7), ("accuracy", 0.1)],
)
def test_groups_are_compared_as_by_hand(metric: str, apart: float) -> None:
    """In the north 9 of 10 true and 8 of 10 false are selected; in the south 4 and 1."""
    truth = pd.DataFrame({"y": ([1] * 10 + [0] * 10) * 2})
    chosen = [1] * 9 + [0] + [1] * 8 + [0] * 2 + [1] * 4 + [0] * 6 + [1] + [0] * 9
    predicted = pd.DataFrame({"prediction": chosen, "p_0": 0.5, "p_1": 0.5})
    rows = pd.DataFrame({"area": ["north"] * 20 + ["south"] * 20})
    for limit, outcome in ((apart + 0.01, Outcome.PASSED), (apart - 0.01, Outcome.FAILED)):
        asks = {"column": "area", "metric": metric, "positive": "1", "max_difference": limit, "min_rows": 10}
        one = open_case(
            gate=GateSpec.model_validate({"fairness": asks}, strict=False),
            problem=PROBLEMS["classification"],
            metric="accuracy",
            truth=truth,
            challenger=predicted,
            champion=None,
            dummy=None,
            seed=0,
            exhibits=Exhibits(rows=rows),
        )
        assert [finding.outcome for finding in asked(one, "PG010")] == [outcome], metric
