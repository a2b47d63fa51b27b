"""Parts that got worse are found; where none did, hardly anything is."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ml.domain.findings import Finding, Outcome
from ml.evaluation import Exhibits, judge
from ml.evaluation.slices import Part, false_discoveries_at_most, found_parts, named_parts
from ml.evaluation.slices import Tested as Outlook
from ml.evaluation.slices import tested_parts as look_at
from ml.problems import PROBLEMS
from ml.specs.gate import GateSpec, SlicesSpec

SHOPS = [f"shop {number}" for number in range(10)]


def findings(
    seed: int, *, lost: float, rows: int = 10_000, kind: str = "classification", **slices: object
) -> list[Finding]:
    """A challenger that is like the champion but for one shop of ten, where it is right ``lost`` less often."""
    rng = np.random.default_rng(seed)
    table = pd.DataFrame(
        {"shop": rng.choice(SHOPS, rows), "size": rng.normal(size=rows), "age": rng.integers(0, 90, rows)}
    )
    table.loc[rng.random(rows) < 0.02, "shop"] = None
    hurt = (table["shop"] == "shop 3").to_numpy()
    if kind == "classification":
        truth = pd.DataFrame({"y": np.zeros(rows, dtype=int)})
        theirs = (rng.random(rows) > 0.85).astype(int)
        flipped = rng.random(rows) < 0.05
        ours = np.where(flipped, (rng.random(rows) > 0.85).astype(int), theirs)
        ours = np.where(hurt & (rng.random(rows) < lost / 0.85), 1, ours)
        sides = [pd.DataFrame({"prediction": one, "p_0": 1.0 - one, "p_1": one * 1.0}) for one in (ours, theirs)]
    else:
        truth = pd.DataFrame({"y": rng.normal(size=rows)})
        sides = [
            pd.DataFrame({"prediction": truth["y"] + rng.normal(scale=np.where(hurt, scale, 0.5), size=rows)})
            for scale in (0.5 + lost, 0.5)
        ]
    judgement = judge(
        gate=GateSpec.model_validate({"slices": slices, "override": ["PG003"]}, strict=False),
        problem=PROBLEMS[kind],
        metric="accuracy" if kind == "classification" else "mean_absolute_error",
        truth=truth,
        challenger=sides[0],
        champion=sides[1],
        dummy=None,
        seed=seed,
        exhibits=Exhibits(rows=table, features=tuple(table.columns)),
    )
    return [finding for finding in judgement.findings if finding.code == "PG009"]


def test_a_named_part_that_lost_is_named() -> None:
    found = findings(0, lost=0.1, columns=["shop"], found=False)
    assert [(finding.subject, finding.outcome) for finding in found] == [("shop = shop 3", Outcome.FAILED)]
    assert 800 < found[0].rows < 1200


def test_a_part_that_nobody_named_is_found_on_the_other_half() -> None:
    found = findings(0, lost=0.15)
    assert found
    assert {finding.outcome for finding in found} == {Outcome.FAILED}
    assert any("shop 3" in finding.subject for finding in found)
    assert max(finding.rows for finding in found) < 5001, "tested on half of the rows"


def test_numbers_and_errors_too() -> None:
    found = findings(0, lost=0.4, kind="regression", columns=["shop", "age"])
    assert any("shop 3" in finding.subject for finding in found)
    assert {finding.outcome for finding in found} == {Outcome.FAILED}


def test_the_margin_of_a_part_is_what_does_not_matter() -> None:
    assert findings(0, lost=0.1, columns=["shop"], margin=0.2)[0].outcome is Outcome.PASSED


def test_where_nothing_got_worse_hardly_anything_is_found() -> None:
    alarms = sum(
        findings(seed, lost=0.0, rows=2000, columns=["shop", "age"])[0].outcome is Outcome.FAILED for seed in range(100)
    )
    assert alarms <= 10  # 5 % of the runs are expected to raise one


def test_the_half_that_proposes_parts_says_which_may_spend_most() -> None:
    """Weights come from the half on which a part is not tested, fall with the rank, and are 1 on average."""
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.normal(size=(4000, 4)), columns=list("abcd")).assign(shop=rng.choice(SHOPS, 4000))
    gains = rng.normal(size=4000) - np.where(table["shop"] == "shop 3", 0.5, 0.0)
    parts = list(found_parts(table, gains, SlicesSpec(), seed=0))
    older = [part for part in parts if not part.rows[:2000].any()]
    newer = [part for part in parts if not part.rows[2000:].any()]
    assert len(older) + len(newer) == len(parts) > 6
    for half in (older, newer):
        weights = [part.weight for part in half]
        assert weights == sorted(weights, reverse=True)
        assert np.mean(weights) == pytest.approx(1.0)
        assert "shop 3" in half[0].name
    other = gains.copy()
    other[2000:] = rng.normal(size=2000)
    again = [part for part in found_parts(table, other, SlicesSpec(), seed=0) if not part.rows[:2000].any()]
    assert [(part.name, part.weight) for part in again] == [(part.name, part.weight) for part in older]


@pytest.mark.parametrize(("chance", "stands"), [(0.02, True), (0.03, False)])
def test_a_part_with_half_the_weight_needs_half_the_chance(chance: float, stands: bool) -> None:
    rows = np.ones(100, dtype=bool)
    light, heavy = (
        Outlook(Part("light", rows, 0.5), 100, -1.0, chance),
        Outlook(Part("heavy", rows, 1.5), 100, -1.0, 0.9),
    )
    assert (light in false_discoveries_at_most(0.1, [light, heavy])) is stands


def slow(rng: np.random.Generator, rows: int, strength: float) -> np.ndarray:
    """A series that changes as slowly as the weather."""
    noise, series = rng.normal(size=rows), np.zeros(rows)
    for place in range(rows):
        series[place] = (strength * series[place - 1] if place else 0.0) + noise[place]
    return series


def test_neighbours_with_like_errors_are_not_taken_for_evidence() -> None:
    """Nothing got worse. A part may be a stretch of time: a season's quarters (row by row 42 of 60)."""
    runs, alarms = 60, 0
    spec = SlicesSpec(columns=("shop", "season"), found=True)
    for seed in range(runs):
        rng = np.random.default_rng(seed)
        gains = slow(rng, 1000, 0.8)
        table = pd.DataFrame({"shop": rng.choice(SHOPS, 1000), "season": slow(rng, 1000, 0.99)})
        parts = [*named_parts(table, spec), *found_parts(table, gains, spec, seed=seed)]
        alarms += bool(false_discoveries_at_most(0.05, look_at(parts, gains, margin=0.0)))
    assert alarms / runs < 0.05 + 3.0 * np.sqrt(0.05 * 0.95 / runs)


def test_a_part_that_lost_much_is_found_among_like_errors() -> None:
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"season": slow(rng, 4000, 0.99)})
    gains = slow(rng, 4000, 0.8) - np.where(table["season"] > table["season"].quantile(0.75), 2.0, 0.0)
    parts = list(named_parts(table, SlicesSpec(columns=("season",))))
    worse = false_discoveries_at_most(0.05, look_at(parts, gains, margin=0.0))
    assert [one.part.name for one in worse] == [parts[-1].name]


def test_rows_without_a_value_are_a_part() -> None:
    found = findings(0, lost=0.0, columns=["shop"], found=False)
    assert found[0].seen.startswith("none of 11"), "ten shops, and no value"
