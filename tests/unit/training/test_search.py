from __future__ import annotations

import pytest

from ml.domain.errors import DataError
from ml.specs.training import CandidateSpec, SearchBudget, SearchChoice, SearchRange
from ml.training.search import search

TREE = CandidateSpec(estimator="DecisionTreeClassifier", search={"max_depth": SearchRange(low=1, high=30)})
RIDGE = CandidateSpec(
    estimator="Ridge", parameters={"tol": 0.1}, search={"alpha": SearchRange(low=1e-3, high=1e3, log=True)}
)
NAIVE = CandidateSpec(estimator="GaussianNB")


def run(candidates, score, *, trials=20, higher_is_better=True, seed=0, on_trial=None):
    return search(
        candidates,
        budget=SearchBudget(trials=trials),
        seed=seed,
        higher_is_better=higher_is_better,
        score=score,
        on_trial=on_trial,
    )


def depth(setting) -> float:
    return -abs(setting.parameters.get("max_depth", 99) - 12)


def test_few_settings_are_each_tried_once():
    grid = CandidateSpec(
        estimator="Ridge",
        search={"alpha": SearchChoice(values=(1.0, 2.0)), "fit_intercept": SearchChoice(values=(True, False))},
    )
    best, trials = run([NAIVE, grid], lambda setting: setting.parameters.get("alpha", 0.0))
    assert len(trials) == 5
    assert best.parameters == {"alpha": 2.0, "fit_intercept": True}  # the first of two equals


def test_the_budget_is_kept_and_every_candidate_has_its_turn():
    told = []
    best, trials = run([TREE, RIDGE, NAIVE], depth, trials=12, on_trial=lambda done, of: told.append((done, of)))
    assert {trial["candidate"] for trial in trials[:3]} == {"DecisionTreeClassifier", "Ridge", "GaussianNB"}
    assert len(trials) <= 12
    assert len(told) == 12
    assert {of for _, of in told} == {12}
    assert best.candidate == "DecisionTreeClassifier"
    assert max(trial["score"] for trial in trials) == depth(best)


def test_the_same_seed_searches_the_same_way():
    assert run([TREE, RIDGE], depth) == run([TREE, RIDGE], depth)
    assert run([TREE, RIDGE], depth)[1] != run([TREE, RIDGE], depth, seed=1)[1]


def test_lower_can_be_better():
    best, _ = run([TREE], lambda setting: float(setting.parameters["max_depth"]), higher_is_better=False, trials=30)
    assert best.parameters["max_depth"] <= 3


def test_ranges_and_fixed_parameters_are_kept():
    _, trials = run([RIDGE], lambda setting: setting.parameters["alpha"])
    for trial in trials:
        assert 1e-3 <= trial["parameters"]["alpha"] <= 1e3
        assert trial["parameters"]["tol"] == 0.1


def test_a_setting_is_scored_once():
    seen = []

    def score(setting):
        seen.append(setting.parameters["max_depth"])
        return 0.0

    narrow = CandidateSpec(estimator="DecisionTreeClassifier", search={"max_depth": SearchRange(low=1, high=3)})
    run([narrow], score, trials=15)
    assert len(seen) == len(set(seen)) <= 3


def test_a_setting_that_fails_is_recorded_and_passed_over():
    def score(setting):
        if setting.candidate == "Ridge":
            raise DataError("no solution.")
        return depth(setting)

    best, trials = run([TREE, RIDGE], score)
    assert best.candidate == "DecisionTreeClassifier"
    failed = [trial for trial in trials if trial["score"] is None]
    assert failed
    assert failed[0]["error"] == "no solution."


def test_if_all_fail_the_reason_is_said():
    def score(setting):
        raise DataError(f"{setting.candidate} has no solution.")

    with pytest.raises(DataError, match="Ridge has no solution"):
        run([RIDGE], score, trials=3)
