"""No lottery: repeated attempts, doubt, and the best champion so far."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from ml.domain.findings import Outcome, Severity
from ml.evaluation import Exhibits, Judgement, judge
from ml.problems import PROBLEMS
from ml.specs.gate import GateSpec

CLASSES = PROBLEMS["classification"]


def differing(rows: int, wins: int, losses: int) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Truth, a challenger and a champion; the challenger alone is right in ``wins`` rows, wrong in ``losses``."""
    truth = pd.DataFrame({"y": np.zeros(rows, dtype=int)})
    ours, theirs = np.zeros(rows, dtype=int), np.zeros(rows, dtype=int)
    places = np.random.default_rng(3).permutation(rows)  # side by side they would be one piece of evidence
    theirs[places[:wins]], ours[places[wins : wins + losses]] = 1, 1
    return truth, _said(ours), _said(theirs)


def _said(guess: np.ndarray) -> pd.DataFrame:
    likely = np.where(guess == 1, 0.8, 0.2)
    return pd.DataFrame({"prediction": guess, "p_0": 1 - likely, "p_1": likely})


def verdict(
    rows: int = 1000,
    wins: int = 0,
    losses: int = 0,
    attempts: int = 0,
    best: pd.DataFrame | None = None,
    **gate: object,
) -> Judgement:
    truth, ours, theirs = differing(rows, wins, losses)
    return judge(
        gate=GateSpec.model_validate(gate, strict=False),
        problem=CLASSES,
        metric="accuracy",
        truth=truth,
        challenger=ours,
        champion=theirs,
        dummy=None,
        seed=0,
        exhibits=Exhibits(attempts=attempts, best=best),
    )


def outcome(judgement: Judgement, code: str) -> Outcome:
    return next(finding.outcome for finding in judgement.findings if finding.code == code)


def test_the_hundredth_superior_challenger_must_show_more_than_the_first() -> None:
    asked = {"comparison": "superior", "wins": 45, "losses": 20}
    assert verdict(**asked).passed
    assert not verdict(attempts=99, **asked).passed
    assert verdict(attempts=99, comparison="superior", wins=90, losses=20).passed


def test_doubt_speaks_for_the_first_and_against_the_hundredth() -> None:
    slightly_worse = {"wins": 20, "losses": 26}
    assert verdict(**slightly_worse).passed
    late = verdict(attempts=99, **slightly_worse)
    assert not late.passed
    assert late.evidence["attempt"] == 100
    assert "attempt 100 on these rows" in late.sentence
    assert verdict(attempts=99, wins=30, losses=20).passed, "one that looks better goes live even then"


def test_without_earlier_attempts_doubt_is_the_plain_interval() -> None:
    for losses in range(20, 60):
        judgement = verdict(wins=20, losses=losses)
        assert judgement.interval is not None
        assert judgement.passed == (judgement.interval[1] >= 0)


def test_who_keeps_the_champion_when_unsure_wants_to_be_shown() -> None:
    small, large = {"rows": 200, "wins": 10, "losses": 10}, {"rows": 20_000, "wins": 1000, "losses": 1000}
    strict = {"unsure": "keep", "margin": 0.01}
    assert verdict(margin=0.01, **small).passed
    judgement = verdict(**strict, **small)
    assert not judgement.passed
    assert "not surely within 0.01 of the champion" in judgement.sentence
    assert verdict(**strict, **large).passed
    assert "which can show differences of 0.06" in judgement.findings[0].seen


def test_keeping_the_champion_when_unsure_asks_for_a_margin() -> None:
    with pytest.raises(ValidationError, match="asks for a margin above 0"):
        GateSpec(unsure="keep")
    with pytest.raises(ValidationError, match="override names PG999"):
        GateSpec(override=("PG999",))


def test_the_best_champion_so_far_is_not_undercut() -> None:
    """The challenger equals the champion, but both lose 60 rows to an earlier one."""
    truth = pd.DataFrame({"y": np.zeros(1000, dtype=int)})
    worn = differing(1000, 0, 60)[1]
    judgement = judge(
        gate=GateSpec(),
        problem=CLASSES,
        metric="accuracy",
        truth=truth,
        challenger=worn,
        champion=worn,
        dummy=None,
        seed=0,
        exhibits=Exhibits(best=_said(truth["y"].to_numpy())),
    )
    assert not judgement.passed
    assert outcome(judgement, "PG003") is Outcome.PASSED
    assert outcome(judgement, "PG008") is Outcome.FAILED
    assert not judgement.leads
    assert judgement.evidence["over_best"]["difference"] == pytest.approx(-0.06)
    assert "best champion so far" in judgement.sentence


def test_a_step_up_is_let_through_although_an_earlier_champion_was_better() -> None:
    best = _said(np.zeros(1000, dtype=int))
    judgement = verdict(wins=80, losses=30, best=best)
    assert judgement.passed
    assert outcome(judgement, "PG008") is Outcome.WARNING
    assert not judgement.leads


def test_only_who_is_surely_better_is_the_best_so_far() -> None:
    assert not verdict(wins=30, losses=25).leads
    assert verdict(wins=60, losses=25).leads
    first = judge(
        gate=GateSpec(),
        problem=CLASSES,
        metric="accuracy",
        truth=pd.DataFrame({"y": np.zeros(100, dtype=int)}),
        challenger=_said(np.zeros(100, dtype=int)),
        champion=None,
        dummy=_said(np.ones(100, dtype=int)),
        seed=0,
    )
    assert first.leads


def test_fifty_slightly_worse_challengers_in_a_row_cannot_walk_the_metric_down() -> None:
    """Each loses 0.004 to the one before: that is allowed each time, but only 0.02 in all."""
    rng, rows = np.random.default_rng(0), 2000
    level = best = 0.9
    for _ in range(50):
        shared = rng.random(rows)
        sides = [_said((shared > accuracy).astype(int)) for accuracy in (level - 0.004, level, best)]
        judgement = judge(
            gate=GateSpec(unsure="keep", margin=0.02),
            problem=CLASSES,
            metric="accuracy",
            truth=pd.DataFrame({"y": np.zeros(rows, dtype=int)}),
            challenger=sides[0],
            champion=sides[1],
            dummy=None,
            seed=0,
            exhibits=Exhibits(best=None if level == best else sides[2]),
        )
        if judgement.passed:
            level -= 0.004
    assert level >= 0.9 - 0.02 - 1e-9


def test_what_the_spec_overrides_blocks_nothing_and_says_so() -> None:
    assert not verdict(losses=80).passed
    judgement = verdict(losses=80, override=["PG003"])
    assert judgement.passed
    found = next(finding for finding in judgement.findings if finding.code == "PG003")
    assert (found.outcome, found.severity) == (Outcome.OVERRIDDEN, Severity.WARNING)
    assert found.remedy
